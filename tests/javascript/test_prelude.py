"""How snippets reach a session through the prelude: one request each, and what happens where it is not there."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from dispatching import opened, rendered, shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import SessionLost
from noderepl.javascript import prelude
from noderepl.javascript.syntax import leaves, parse, parser
from noderepl.outcome import Failure, Outcome, Page, Prefill, Status, Words
from noderepl.service.execute_calls import ExecuteCalls, Parts
from noderepl.service.node import Node
from noderepl.sessions.embedded import EmbeddedClient

PRELUDE = Path(prelude.__file__).with_name("prelude")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The code of every execute request, as it goes out."""
    codes: list[str] = []
    call = ExecuteCalls.call

    async def noted(
        self: ExecuteCalls, path: str, query: Mapping[str, str], content: bytes
    ) -> Parts:
        body = json.loads(content)
        code = body["code"]
        codes.append(
            base64.b64decode(code).decode() if body["codeInputType"] == "InlineBase64" else code
        )
        return await call(self, path, query, content)

    monkeypatch.setattr(ExecuteCalls, "call", noted)
    return codes


async def test_nothing_else_is_requested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Snippets that end at once cause no request besides their own, although their output is shown as it arrives."""
    calls: list[str] = []
    stream = EmbeddedClient.stream

    def noted(self: EmbeddedClient, method: str, url: str, **how: object) -> object:
        calls.append(method)
        return stream(self, method, url, **how)

    monkeypatch.setattr(EmbeddedClient, "stream", noted)
    async with opened(tmp_path, show=lambda _: None) as dispatcher:
        await dispatcher.run_line("console.log(1); 1")
        calls.clear()
        for number in range(3):
            await dispatcher.run_line(f"console.log({number}); {number}")
        assert calls == ["POST"] * 3


@pytest.fixture
async def dispatcher(node: Node, tmp_path: Path) -> AsyncIterator[Dispatcher]:
    """The prompt's way to a session of the embedded pool."""
    async with opened(tmp_path, node=str(node.path)) as dispatcher:
        yield dispatcher


@pytest.mark.parametrize("input_type", ["inline", "inlinetext", "base64"])
async def test_a_snippet_is_one_request(tmp_path: Path, sent: list[str], input_type: str) -> None:
    """Each snippet goes out as one execute request, the first with the prelude, however snippets are sent."""
    snippets = [
        "const a = 'é\u2028😀'",
        "await a",
        "import path from 'path'",
        "path.sep + a",
        "null.x",
        "a",
    ]
    async with opened(tmp_path, input=input_type) as dispatcher:
        for number, snippet in enumerate(snippets, 1):
            await dispatcher.run_line(snippet)
            assert len(sent) == number
        assert await shown(dispatcher, "a.length") == "4"
    assert len(sent[0]) > 20_000
    assert max(map(len, sent[1:])) < 2_000


async def test_the_prelude_comes_ahead_of_the_first_snippet(
    dispatcher: Dispatcher, sent: list[str]
) -> None:
    """Warming up is one request, after which the first snippet is as small as any."""
    await dispatcher.warm_up()
    assert await shown(dispatcher, "await 6 * 7") == "42"
    assert [len(code) > 20_000 for code in sent] == [True, False]


async def test_the_prelude_loads_no_module_that_takes_long(tmp_path: Path, node: Node) -> None:
    """crypto, and Node.js' HTTP client behind the global names, would take longer than the prelude; their names still count as Node's."""
    async with opened(tmp_path, at_prompt=True, node=str(node.path)) as dispatcher:
        loaded = "process.moduleLoadList.filter((name) => /^NativeModule (crypto|http2|.*undici)$/.test(name)).join()"
        assert await shown(dispatcher, loaded) == "''"
        await shown(dispatcher, "const hashes = require('crypto')")
        assert "Crypto" in await shown(dispatcher, "hashes.webcrypto?")
        assert "subtle" in dict(await dispatcher.executor.queries.members("hashes.webcrypto"))
        await shown(dispatcher, "var Response = 5, FormData = 6")
        assert await shown(dispatcher, "Response + FormData") == "11"
        await shown(dispatcher, "%reset Response FormData")
        assert await shown(dispatcher, "typeof Response + typeof FormData") == "'functionfunction'"
        assert "global" in await shown(dispatcher, "Headers?")


async def test_plain_mode_sends_what_was_typed(dispatcher: Dispatcher, sent: list[str]) -> None:
    """In plain mode the request holds the text as it was typed, and the bare kernel answers it."""
    await dispatcher.run_line("%mode plain")
    assert await shown(dispatcher, "1 + 1") == "2"
    assert "await is only valid" in await shown(dispatcher, "await 1")
    assert sent == ["1 + 1", "await 1"]
    await dispatcher.run_line("%mode full")
    assert await shown(dispatcher, "await 1") == "1"


async def test_modes_take_turns_in_one_session(dispatcher: Dispatcher) -> None:
    """State is shared between the modes, and late errors of plain snippets are where the kernel puts them."""
    await shown(dispatcher, "var shared = 1")
    await dispatcher.run_line("%mode plain")
    assert await shown(dispatcher, "++shared") == "2"
    wait = "$$.async(); setTimeout(() => { setTimeout($$.done, 20); throw new Error('as the kernel has it') }, 1)"
    assert "as the kernel has it" in await shown(dispatcher, wait)
    await dispatcher.run_line("%mode full")
    assert await shown(dispatcher, "await shared") == "2"


WITHOUT_INSPECTOR = """
const Module = require('module'), load = Module._load;
Module._load = (name, ...more) => { if (name === 'inspector') throw new Error('no inspector'); return load(name, ...more); };
"""


async def test_without_the_inspector_snippets_go_as_typed(
    dispatcher: Dispatcher, sent: list[str]
) -> None:
    """A session that cannot have the prelude gets snippets as typed, which is said once."""
    await dispatcher.run_line("%mode plain")
    await shown(dispatcher, WITHOUT_INSPECTOR)
    await dispatcher.run_line("%mode full")
    first, second = await shown(dispatcher, "'a'"), await shown(dispatcher, "'b'")
    assert "cannot run the prelude" in first and "'a'" in first
    assert second == "'b'"
    assert sent[-2:] == ["'a'", "'b'"]


async def test_a_replaced_session_is_noticed_before_the_snippet_runs(
    dispatcher: Dispatcher,
) -> None:
    """Where the session was replaced a snippet does not run; it stands at the prompt again, and runs when it is sent anew."""
    await shown(dispatcher, "var kept = 1")
    session = await dispatcher.backend.session()
    await session.delete()
    failure, words, prefill = await dispatcher.run_line("require('fs').writeFileSync('ran', '')")
    assert isinstance(failure, Failure) and isinstance(prefill, Prefill)
    assert "was not run" in failure.text and failure.exit_code == 3
    assert isinstance(words, Words) and "variable kept" in words.text
    assert prefill.text == "require('fs').writeFileSync('ran', '')"
    assert (
        await shown(dispatcher, "[typeof kept, require('fs').existsSync('ran')]")
        == "[ 'undefined', false ]"
    )
    await session.delete()
    with pytest.raises(SessionLost):
        await dispatcher.run_snippet("1")


async def test_a_missing_package_has_no_frames_of_the_loaders(dispatcher: Dispatcher) -> None:
    """Its error has the name, the place and the command that installs it, in files of the session as well."""
    write = "require('fs').writeFileSync"
    await shown(dispatcher, f"{write}('one.js', 'require(\"nope\")')")
    await shown(dispatcher, f"{write}('two.mjs', 'import \"nope\"')")
    for code, place in (
        ("require('nope')", "at [3]:1:1"),
        ("import 'nope'", "at [4]:1:1"),
        ("await import('nope')", "at [5]:1:13"),
        ("await (async () => { await 1; require('nope') })()", "at [6]:1:31"),
        ("require.resolve('nope')", "at [7]:1:9"),
        ("require('./one')", "at Object.<anonymous> (/mnt/data/one.js:1:1)"),
        ("import './two.mjs'", "at [9]:1:1"),
        ("try { require('nope') } catch (error) { console.log(error.stack) }", "at [10]:1:7"),
    ):
        text = await shown(dispatcher, code)
        assert "'nope'" in text and place in text and "internal/modules" not in text, text
        assert ("%npm install nope brings that package." in text) is ("catch" not in code)


async def test_a_late_error_has_the_number_of_the_snippet_that_started_it(
    node: Node, tmp_path: Path
) -> None:
    """A timer of snippet 2 that fails in a function of snippet 1 belongs to 2, and its frames name both."""
    late: asyncio.Queue[Outcome] = asyncio.Queue()
    async with opened(tmp_path, node=str(node.path), show=late.put_nowait) as dispatcher:
        await shown(dispatcher, "function fails() { null.x }")
        await shown(dispatcher, "setTimeout(() => fails(), 20); 1")
        await shown(dispatcher, "setTimeout(() => require('nope'), 40); 1")
        async with asyncio.timeout(20):
            first, second = [rendered(await late.get()) for _ in range(2)]
        assert first.startswith("[2] Uncaught") and "at fails ([1]:1:25)" in first
        assert "at Timeout._onTimeout ([2]:1:18)" in first
        assert second.endswith("%npm install nope brings that package.")
        await dispatcher.executor.close()


async def test_a_loaded_file_names_itself(dispatcher: Dispatcher, tmp_path: Path) -> None:
    """Frames of %load FILE name the file as it was typed, without controls; a typed snippet has its number."""
    for name in ("main.js", "my\n(file).js"):
        (tmp_path / name).write_text("function fails() {\n  null.x\n}\nfails()\n")
    text = await shown(dispatcher, f"%load {tmp_path}/main.js")
    assert text.startswith(f"{tmp_path}/main.js:2:8\n") and f"at {tmp_path}/main.js:4:1" in text
    text = await shown(dispatcher, "fails()")
    assert f"at fails ({tmp_path}/main.js:2:8)" in text and "at [2]:1:1" in text
    text = await shown(dispatcher, f"%load '{tmp_path}/my\n(file).js'")
    assert f"at {tmp_path}/my\\x0a(file).js:4:1" in text


async def test_a_loss_that_was_told_does_not_stop_the_next_snippet(dispatcher: Dispatcher) -> None:
    """A snippet that ends the session's process says so, and the next one runs in the new process."""
    await shown(dispatcher, "var kept = 1")
    ends = "require('child_process').execSync('kill -KILL $PPID')"
    assert "variables are gone" in await shown(dispatcher, ends)
    assert await shown(dispatcher, "typeof kept") == "'undefined'"


async def test_what_waits_for_ever_does_not_end_the_session(node: Node, tmp_path: Path) -> None:
    """Snippets that wait for what nobody can settle, before their time is over and after, outlive a garbage collection."""
    async with opened(tmp_path, node=str(node.path), timeout=1) as dispatcher:
        collect = "require('v8').setFlagsFromString('--expose-gc'); var collect = require('vm').runInNewContext('gc')"
        await shown(dispatcher, collect)
        for waits in (
            "setTimeout(collect, 100); await new Promise(() => {})",
            "setTimeout(collect, 100); for await (const x of { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }) ;",
            "await { then() {} }",
            "await null; for (;;) {}",
            "$$.done(1); await new Promise(() => {})",
        ):
            await shown(dispatcher, waits)
            assert await shown(dispatcher, "collect(); 'alive'") == "'alive'", waits


ALLOCATE = "let kept = []; for (let i = 0; i < 300000; i++) kept.push({ i })"


@pytest.mark.parametrize(
    "code",
    [
        f"async function main() {{ await null; {ALLOCATE} }}; main(); 'answered'",
        f"process.nextTick(() => {{ {ALLOCATE} }}); 'answered'",
        f"queueMicrotask(() => {{ {ALLOCATE} }}); 'answered'",
        f"Promise.resolve().then(() => {{ {ALLOCATE} }}); 'answered'",
        f"process.nextTick(() => {{ {ALLOCATE} }}); import('fs'); 'answered'",
        "let turns = 0; process.nextTick(function again() { if (turns++ < 1000) process.nextTick(again) }); 'answered'",
    ],
)
async def test_what_runs_before_the_answer_may_allocate(dispatcher: Dispatcher, code: str) -> None:
    """What nobody awaits and runs ahead of the answer may take memory as it likes; the session lives on."""
    assert await shown(dispatcher, code) == "'answered'"
    assert await shown(dispatcher, "typeof turns + 'alive'") in (
        "'numberalive'",
        "'undefinedalive'",
    )


@pytest.mark.parametrize("target", ["process.pid", "-process.pid", "0", "-1"])
async def test_no_way_of_signalling_itself_ends_the_session(
    dispatcher: Dispatcher, target: str
) -> None:
    """Signals to the process by its id, its group or all processes end the snippet, and the session goes on."""
    await shown(dispatcher, "var kept = 1")
    assert "the session goes on" in await shown(
        dispatcher, f"try {{ process.kill({target}) }} catch {{}}"
    )
    assert await shown(dispatcher, "kept") == "1"


async def paged(dispatcher: Dispatcher) -> str:
    """The text that %page shows."""
    (page,) = await dispatcher.run_line("%page")
    assert isinstance(page, Page)
    return b"".join(page.parts).decode() + page.value


async def test_after_an_error_its_whole_stack_is_to_be_had(dispatcher: Dispatcher) -> None:
    """%page shows the frames of Node.js that the prompt folds; the next value is a value again."""
    await shown(dispatcher, "require('fs').readFileSync('/absent')")
    stack = await paged(dispatcher)
    assert "ENOENT" in stack and stack.count("(node:fs:") == 2
    await shown(dispatcher, "'value'")
    assert await paged(dispatcher) == "value"


async def test_the_version_of_node_is_known(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes with the prelude and, at the prompt, with each answer; no code of the user tells it."""
    await dispatcher.warm_up()
    version = f"'v{dispatcher.state.node}'"
    assert await shown(dispatcher, "process.version") == version
    await shown(dispatcher, "Object.defineProperty(process, 'version', { get: () => (told = 1) })")
    monkeypatch.setattr(dispatcher._display, "_at_prompt", True)
    answer = await dispatcher.executor.run("typeof told")
    assert answer.value is not None and answer.value.data == "undefined"
    assert f"'v{answer.node}'" == version


async def test_a_value_is_to_be_had_whole(dispatcher: Dispatcher, tmp_path: Path) -> None:
    """%page shows and %save --result writes what the screen cuts: long strings, lists and bytes."""
    cut = await shown(dispatcher, "'x'.repeat(20000)")
    assert "more characters" in cut
    assert await paged(dispatcher) == "x" * 20000
    assert "20 more items" in await shown(dispatcher, "Array(120).fill(1)")
    assert (await paged(dispatcher)).count("1") == 120
    for code, content in {
        "'one\\ntwo'": b"one\ntwo",
        "Buffer.from([0, 255, 10])": b"\0\xff\n",
        "new Uint16Array([1])": b"\1\0",
        "$$.png('aGk=')": b"hi",
        "({ a: 1 })": b"{ a: 1 }",
    }.items():
        await shown(dispatcher, code)
        await dispatcher.run_line(f"%save {tmp_path}/result --result --force")
        assert (tmp_path / "result").read_bytes() == content, code


async def test_values_are_shown_to_the_depth_that_is_set(dispatcher: Dispatcher) -> None:
    """%inspect depth N says how far objects are opened."""
    code = "({ a: { b: { c: { d: 1 } } } })"
    assert "[Object]" in await shown(dispatcher, code)
    await dispatcher.run_line("%inspect depth all")
    assert "d: 1" in await shown(dispatcher, code)
    await dispatcher.run_line("%inspect depth 0")
    assert await shown(dispatcher, code) == "{ a: [Object] }"
    for wrong in ("depth", "depth x", "depth -1", "width 3", "depth 1 2"):
        with pytest.raises(Exception, match="usage"):
            await dispatcher.run_line(f"%inspect {wrong}")


async def test_typescript_is_as_it_is_set(dispatcher: Dispatcher) -> None:
    """%ts off leaves TypeScript to the engine; %ts on reads as TypeScript what is JavaScript too."""
    await dispatcher.run_line("%ts off")
    assert "Missing initializer" in await shown(dispatcher, "const n: number = 1")
    await dispatcher.run_line("%ts on")
    told = await shown(dispatcher, "const cast = Number<1>(2); cast")
    assert told == "2"


async def test_the_kernels_old_names_do_not_answer_past_the_prelude(dispatcher: Dispatcher) -> None:
    """They do what the functions of `$$` do."""
    assert (
        await shown(dispatcher, "$$mime$$ = { 'text/plain': 'by the old name' }")
        == "by the old name"
    )
    assert (
        await shown(dispatcher, "$$async$$ = true; setTimeout(() => $$done$$(6 * 7), 10)") == "42"
    )
    assert "[image/png, 8 B" in await shown(dispatcher, "$$png$$ = 'iVBORw0KGgo='")
    assert "[text/html, 3 B" in await shown(dispatcher, "$$html$$ = '<b>'")
    assert await shown(dispatcher, "1") == "1"


async def test_the_kernels_late_output_stays_apart(dispatcher: Dispatcher) -> None:
    """An error that nobody catches comes with the next answer, and that answer's status is its own."""
    await shown(dispatcher, "void setTimeout(() => { throw new RangeError('late') }, 1)")
    await shown(dispatcher, "await new Promise((resolve) => setTimeout(resolve, 30))")
    assert dispatcher.last is not None
    assert [error.name for error in dispatcher.last.late] == ["RangeError"]
    assert dispatcher.last.status is Status.OK


@pytest.mark.parametrize("code", ["1 + 1", "console.log(1)", "await 1", "import 'path'"])
async def test_nothing_of_the_prelude_is_listed(dispatcher: Dispatcher, code: str) -> None:
    """What a snippet can list has no trace of the prelude: global names, listeners, handles that keep Node.js up, files."""
    await shown(dispatcher, code)
    assert (
        await shown(dispatcher, "Object.keys(globalThis).filter((key) => key.includes('noderepl'))")
        == "[]"
    )
    assert (
        await shown(dispatcher, "[process.exitCode, require('fs').readdirSync('.').length]")
        == "[ undefined, 0 ]"
    )


@pytest.mark.parametrize("file", sorted(PRELUDE.glob("*.js")), ids=lambda file: file.stem)
def test_the_code_of_a_file_is_sent_without_its_comments(file: Path) -> None:
    """What is sent has the same tokens, none of which has several lines, and no comment."""
    written = tokens(file.read_text("utf-8").rstrip().removesuffix(";"))
    part = prelude.sources([file.stem]).removeprefix(f"{{ {file.stem}: ").removesuffix(" }")
    assert tokens(part) == written
    assert not any("\n" in token for token in written)
    assert not any(line.lstrip().startswith("//") for line in part.splitlines())


def tokens(code: str) -> list[str]:
    """The tokens of JavaScript, without comments."""
    tree = parse(parser(), code.encode())
    assert not tree.root_node.has_error
    return [
        leaf.text.decode()
        for leaf in leaves(tree.root_node)
        if leaf.type != "comment" and leaf.text
    ]
