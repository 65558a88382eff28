"""Snippets are answered as the IJavascript kernel answers them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from noderepl.service.pool import Pool
from noderepl.service.session import Session
from noderepl.service.worker import Ending, Ran

SVG = {"image/svg+xml": "s"}
OBSERVATIONS = [
    json.loads(line)
    for line in (Path(__file__).parent / "kernel-observations.jsonl")
    .read_text("utf-8")
    .splitlines()
]
# What comes after its snippet has been answered; it is in a later answer, whichever that is. A stack
# has no line end behind it; the text of an observation may follow.
FRAMES = r"(    at .*?(\n|$|(?=err no newline)))+"
LATE = {
    "stdout": ["late\n", "ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING\n"],
    "stderr": [rf"Error: {message}\n{FRAMES}" for message in ("rej", "later")],
}
# Answers in which Node 24 itself differs from the Node 20 that was observed.
OF_NODE_20 = {
    "process.version": "names the version",
}


@pytest.fixture
async def session(any_pool: Pool) -> Session:
    return await any_pool.session("kernel")


@pytest.fixture
async def kernel(pool: Pool) -> Session:
    return await pool.session("kernel")


async def run(session: Session, code: str) -> Ran:
    ran, _ = await session.execute(code, 20)
    return ran


def normal(answer: dict[str, Any]) -> str:
    """As text without what depends on the machine, the kernel's own source and Node's internal line numbers."""
    text = json.dumps(answer, sort_keys=True, ensure_ascii=False)
    text = text.replace("/mnt/data", "/CWD")
    text = re.sub(r"\[eval\]:\d+:\d+", "[eval]:L:C", text)
    text = re.sub(r"\(node:([\w/]+):\d+:\d+\)", r"(node:\1)", text)
    text = re.sub(r"node:internal/modules/cjs/loader:\d+", "node:internal/modules/cjs/loader", text)
    return re.sub(r"\d+(\.\d+)?ms", "Nms", text)


def as_observed(ran: Ran) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    answer |= {"stdout": ran.stdout} if ran.stdout else {}
    answer |= {"stderr": ran.stderr} if ran.stderr else {}
    answer |= {"display": list(ran.displays)} if ran.displays else {}
    if ran.error is not None:
        # The observations keep the first eight lines.
        error = {
            "ename": ran.error.name,
            "evalue": ran.error.message,
            "traceback": list(ran.error.traceback[:8]),
        }
        return answer | {"error": [error]}
    return answer | {"success": [ran.mime]}


async def test_every_observed_snippet_is_answered_as_observed(session: Session) -> None:
    """All recorded snippets, run in one session in order, give what the kernel gave."""
    is_20 = (await session.version()).startswith("20.")
    late = [(stream, pattern) for stream, patterns in LATE.items() for pattern in patterns]
    last = {
        "code": "$$.async(); setTimeout($$.done, 300)",
        "success": [{"text/plain": "undefined"}],
    }
    for observation in [*OBSERVATIONS, last]:
        answer = as_observed(await run(session, observation["code"]))
        for stream, pattern in list(late):
            rest = re.sub(pattern, "", answer.get(stream, ""), count=1)
            if rest != answer.get(stream, ""):
                late.remove((stream, pattern))
                answer[stream] = rest
        expected = {key: value for key, value in observation.items() if key != "code"}
        given = {key: value for key, value in answer.items() if value != ""}
        if is_20 or observation["code"] not in OF_NODE_20:
            assert normal(given) == normal(expected), observation["code"]
    assert late == []


@pytest.mark.parametrize(
    ("code", "mime"),
    [
        ("$$.mime({'text/html': 'h'})", {"text/html": "h"}),
        ("$$.text('t')", {"text/plain": "t"}),
        ("$$.html('h')", {"text/html": "h"}),
        ("$$.svg('s')", {"image/svg+xml": "s"}),
        ("$$.png('p')", {"image/png": "p"}),
        ("$$.jpeg('j')", {"image/jpeg": "j"}),
        ("$$.json([1])", {"application/json": [1]}),
        ("$$.sendResult([1])", {"text/plain": "[ 1 ]"}),
        ("$$.done(7)", {"text/plain": "7"}),
        ("$$.async(); setTimeout($$.done, 10, 8)", {"text/plain": "8"}),
        ("$$.async(); $$.async(false); 9", {"text/plain": "9"}),
        ("$$.text(new Promise((answer) => setTimeout(answer, 10, 'later')))", {"text/plain": "later"}),
        ("$$.text('first', true); setTimeout(() => $$.text('last'), 10)", {"text/plain": "last"}),
        ("$$.clear(); 1", {"text/plain": "1"}),
        ("({_toMime: () => ({'text/plain': 'own'})})", {"text/plain": "own"}),
        ("class H { _toHtml() { return 'h' } }; new H()", {"text/plain": "H {}", "text/html": "h"}),
        ("class P { _toPng() { return 'p' } }; new P()", {"text/plain": "P {}", "image/png": "p"}),
        ("class S{ _toSvg() { return 's' } _toPng() { throw 1 } }; new S()", {"text/plain": "S {}", **SVG}),
        ("$$html$$ = 'old'", {"text/html": "old"}),
        ("$$async$$ = true; setTimeout($$done$$, 10, 3)", {"text/plain": "3"}),
        ("path.sep + os.EOL.length", {"text/plain": "'/1'"}),
    ],
)  # fmt: skip
async def test_results_through_the_kernels_interface(
    kernel: Session, code: str, mime: dict[str, Any]
) -> None:
    """Every way to give a result is the kernel's: `$$`, the old names, converters, Node's modules as globals."""
    ran = await run(kernel, code)
    assert ran.error is None
    assert ran.mime == mime


@pytest.mark.parametrize(
    ("code", "name", "message"),
    [
        ("$$.sendError(new RangeError('r'))", "RangeError", "r"),
        ("$$.sendResult(Promise.reject(new TypeError('no')))", "TypeError", "no"),
        ("$$.input()", "Error", "$$.input() is not available: nobody can type into a remote session"),
        ("$$.json({n: 1n})", "TypeError", "Do not know how to serialize a BigInt"),
        ("$$.async(); throw new Error('at once')", "Error", "at once"),
        ("throw undefined", "undefined", "undefined"),
        ("throw null", "object", "null"),
    ],
)  # fmt: skip
async def test_errors_through_the_kernels_interface(
    kernel: Session, code: str, name: str, message: str
) -> None:
    """Every way to fail ends the snippet at once, with the error's name and message."""
    ran = await run(kernel, code)
    assert ran.error is not None
    assert (ran.error.name, ran.error.message) == (name, message)


async def test_a_display_after_the_answer_is_dropped(kernel: Session) -> None:
    """What is displayed after the answer is not taken for the next snippet's, however soon that one is sent."""
    for _ in range(100):
        await run(kernel, "$$.text('answered'); $$.display().text('too late')")
        assert (await run(kernel, "1")).displays == ()


async def test_displays_are_kept_beside_the_result(kernel: Session) -> None:
    """What is displayed comes with the answer; what is displayed again under the same id replaces it."""
    ran = await run(
        kernel,
        "var d = $$.display('a'); d.text('1'); $$.display().html('h'); d.text('2'); d.close(); 5",
    )
    assert ran.mime == {"text/plain": "5"}
    assert ran.displays == (
        {"display_id": "a", "mime": {"text/plain": "2"}},
        {"mime": {"text/html": "h"}},
    )


async def test_late_output_is_in_the_next_answer(kernel: Session) -> None:
    """What a snippet writes after its answer is not lost, nor is an error that nobody caught."""
    await run(kernel, "setTimeout(() => { console.log('late'); throw new Error('lost') }, 5)")
    ran = await run(kernel, "$$.async(); setTimeout(() => { console.log('now'); $$.done() }, 100)")
    assert ran.stdout == "late\nnow\n"
    assert ran.stderr.startswith("Error: lost\n")


async def test_a_thrown_text_nobody_caught_is_shown(kernel: Session) -> None:
    """A timer that throws something without a stack does not end the session."""
    await run(kernel, "setTimeout(() => { throw 'text' }, 5)")
    assert (await run(kernel, "$$.async(); setTimeout($$.done, 100)")).stderr == "'text'"


@pytest.mark.parametrize("size", [1_000_000, 20_000_000])
async def test_big_output_is_whole(kernel: Session, size: int) -> None:
    """Megabytes written in one go are all there, also right before the process ends."""
    ran = await run(
        kernel, f"process.stdout.write('x'.repeat({size - 1}) + 'y'); process.stderr.write('e'); 1"
    )
    assert (len(ran.stdout), ran.stdout[-1], ran.stderr) == (size, "y", "e")
    ran = await run(kernel, f"process.stdout.write('x'.repeat({size - 1}) + 'y'); process.exit()")
    assert (len(ran.stdout), ran.stdout[-1]) == (size, "y")


async def test_output_without_end_is_ended(kernel: Session) -> None:
    """A loop that writes for ever is stopped by its size, before it takes the machine's memory."""
    ran = await run(kernel, "while (1) console.log('x'.repeat(1e6))")
    assert ran.ended is not None
    assert ran.ended.ending is Ending.OUTPUT


@pytest.mark.parametrize(
    "event", ["'message'", "'message', { a: 1 }", "'message', null", "'exit'", "'exit', 0"]
)
async def test_an_event_that_a_snippet_makes_up_is_not_the_kernels(
    kernel: Session, event: str
) -> None:
    """What the kernel listens for is taken for what it says only where it can be that."""
    assert (await run(kernel, f"process.emit({event}); 1")).mime == {"text/plain": "1"}
    ended = (await run(kernel, "process.kill(process.pid, 'SIGKILL'); $$.async()")).ended
    assert ended is not None
    assert "SIGKILL" in ended.words


async def test_an_answer_needs_no_function_that_a_snippet_may_replace(kernel: Session) -> None:
    """Without the prelude, too, answers go out."""
    assert (await run(kernel, "Buffer.from = () => { throw 1 }; 1")).mime == {"text/plain": "1"}


async def test_a_bundle_too_strange_for_the_pool_ends_the_session_in_words(kernel: Session) -> None:
    """A snippet that writes nonsense into the pool's pipe, or closes it, ends its own process only."""
    find = "fs.readdirSync('/proc/self/fd').map(Number).filter((n) => n > 2)"
    ran = await run(
        kernel,
        f"for (const n of {find}) try {{ fs.writeSync(n, '[1]\\n') }} catch {{}}; $$.async()",
    )
    assert ran.ended is not None
    assert ran.ended.ending is Ending.EXITED
    assert (await run(kernel, "1")).mime == {"text/plain": "1"}
