"""Programs in one session, compared with Node.js itself: their output, and the status with which they end."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from noderepl.dispatcher import Dispatcher
from noderepl.javascript.program import Action, Program
from noderepl.outcome import Status
from noderepl.service.node import Node

ON_EXIT = "process.on('exit', (code) => console.log('exit', code));"
PROGRAMS = [
    "console.log(...process.argv.slice(1), process.argv[0] === process.execPath, process.execArgv)",
    "console.log(require.main === module, module.exports === exports, module.id, module.loaded, module.children)",
    "console.log(__filename, __dirname, module.filename, module.paths[0], require.resolve('./main.js'))",
    "exports.a = 1; module.exports.b = 2; console.log(require('./main.js'), module instanceof require('module'))",
    "const { readFileSync } = require('fs'); console.log(readFileSync(__filename, 'utf8').length)",
    "if (process.argv[2] === 'child') process.send('sent'); else "
    "require('child_process').fork(__filename, ['child']).on('message', console.log)",
    "process.exitCode = 3; console.log(1)",
    "process.exitCode = '3'",
    "process.exit(4); console.log('never')",
    "process.exitCode = 2; process.exit()",
    "process.exitCode = 2; process.exit(0)",
    f"{ON_EXIT} process.on('beforeExit', (code) => console.log('before', code)); console.log(1)",
    "process.on('exit', (code) => { console.log(code); process.exitCode = 7 })",
    "process.on('exit', (code) => { console.log(code); process.exit(9) }); process.exit(2)",
    f"{ON_EXIT} process.once('beforeExit', () => setTimeout(() => console.log('more'), 20))",
    f"{ON_EXIT} throw new Error('x')",
    f"{ON_EXIT} Promise.reject(new Error('x'))",
    "process.on('uncaughtException', (e) => console.log(e.message)); setTimeout(console.log, 20, 't'); throw Error('x')",
    "process.on('unhandledRejection', (e) => console.log(e.message)); Promise.reject(new Error('x'))",
    "process.on('exit', () => { throw new Error('x') })",
    "(async () => { await null; try { process.exit(2) } catch { console.log('no') } finally { console.log('no') } })()",
    "require('crypto').pbkdf2('a', 'b', 200000, 64, 'sha512', (_, key) => console.log(key.length))",
    "require('zlib').gzip('a', (_, bytes) => console.log(bytes.length))",
    "WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(console.log)",
    "let x = ;",
    "process.abort()",
    # These leave something active behind.
    "setTimeout(() => process.exit(4), 20); setInterval(() => {}, 1000)",
    f"{ON_EXIT} setTimeout(() => {{ throw new Error('x') }}, 20); setTimeout(() => console.log('never'), 500)",
    "process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 1000)",
]
MODULES = [
    "import url from 'url'; console.log(import.meta.url === url.pathToFileURL(process.argv[1]).href)",
    "await new Promise((done) => setTimeout(done, 20)); console.log('on')",
    "await new Promise(() => {}); console.log('never')",
    "process.exitCode = 3; await new Promise(() => {})",
    "console.log(await WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])))",
    "import { test } from 'node:test'; test('good', () => {}); test('bad', () => { throw 1 })",
]
BYTES = b"data 1\r\n\xff\x00\xe6\xbc\xa2\nno end"
READERS = [
    "process.stdin.pipe(process.stdout)",
    "process.stdout.write(require('fs').readFileSync(0))",
    "process.stdout.write(require('fs').readFileSync('/dev/stdin'))",
    "process.stdin.on('data', (data) => console.log(data.length)).on('close', () => console.log('closed'))",
    "require('readline').createInterface({ input: process.stdin }).on('line', (line) => console.log([line]))",
    "(async () => { for await (const part of process.stdin) console.log(part) })()",
    "require('child_process').spawn('cat', { stdio: 'inherit' })",
    "console.log(require('child_process').execSync('wc -c', { stdio: ['inherit', 'pipe'] }).toString().trim())",
    "require('stream/promises').pipeline(process.stdin, require('zlib').createGzip(), "
    "require('zlib').createGunzip(), process.stdout)",
    "console.log(process.stdin.fd, process.stdin.isTTY, typeof process.stdin.unref)",
]


def same(text: str, directory: Path) -> str:
    """Output without what differs between two runs."""
    if "duration_ms" in text:
        return "\n".join(re.findall(r"(?m)^(?:#|ℹ) ((?:tests|pass|fail) \d+)$", text))
    return text.replace(str(directory), "/mnt/data")


def by_node(node: Node, place: Path, name: str, code: str, stdin: bytes) -> tuple[int, str]:
    """The status and the output of a program under Node.js."""
    place.mkdir(exist_ok=True)
    (place / name).write_text(code)
    ran = subprocess.run(
        [node.path, name, "a", "--b"], cwd=place, input=stdin, capture_output=True, check=False
    )
    status = 128 - ran.returncode if ran.returncode < 0 else ran.returncode
    return status, same(ran.stdout.decode(errors="replace"), place)


async def compared(  # noqa: PLR0917
    dispatcher: Dispatcher,
    node: Node,
    place: Path,
    programs: Sequence[str],
    name: str = "main.js",
    stdin: bytes = b"",
) -> None:
    """Runs programs in a session and under Node.js."""
    expected = [by_node(node, place / "node", name, code, stdin) for code in programs]
    session = await dispatcher.backend.session()
    got = []
    for code in programs:
        if stdin:
            await session.write(".noderepl-stdin", stdin)
        program = Program(name, ("a", "--b"), ".noderepl-stdin" if stdin else None, is_last=True)
        ran = await dispatcher.run_snippet(code, program=program)
        failed = ran.error is not None or bool(ran.late)
        assert ran.exit_status is not None and ran.status in (Status.OK, Status.ERROR)
        output = ran.stdout.encode(errors="surrogateescape").decode(errors="replace")
        # Without a sandbox, the name of a module has the true path of the session's directory.
        output = re.sub(r"(?<=[ '])/\S*/noderepl-\w+/1/data(?=/)", "/mnt/data", output)
        output = same(output, place / "kernel/session-1")
        got.append((ran.exit_status or int(failed), output))
    assert list(zip(programs, got, strict=True)) == list(zip(programs, expected, strict=True))


async def test_programs_end_as_under_node(
    dispatch: Callable[..., Awaitable[Dispatcher]], node: Node, tmp_path: Path
) -> None:
    """Their arguments, their module, their exit status and the listeners of their end are those of `node main.js`."""
    dispatcher = await dispatch()
    await compared(dispatcher, node, tmp_path, MODULES, "main.mjs")
    await compared(dispatcher, node, tmp_path, PROGRAMS)


async def test_standard_input_is_that_of_the_program(
    dispatch: Callable[..., Awaitable[Dispatcher]], node: Node, tmp_path: Path
) -> None:
    """Byte for byte, by each way of reading it, and for the processes that inherit it; no file stays."""
    dispatcher = await dispatch()
    await compared(dispatcher, node, tmp_path, READERS, stdin=BYTES)
    assert [one.name for one in await (await dispatcher.backend.session()).files()] == ["main.js"]
    program = Program(stdin="", is_last=True)
    ran = await dispatcher.run_snippet("fs.readFileSync(0).length", program=program)
    assert ran.value is not None and ran.value.text == "0"


def test_only_code_that_mentions_standard_input_reads_it() -> None:
    """Otherwise noderepl does not wait for it, as it may stay open."""
    readers = [
        "fs.readFileSync(0)",
        "fs.readSync( 0, b)",
        "process.stdin",
        "createReadStream('', {fd: 0})",
    ]
    readers += [
        "open('/dev/fd/0')",
        "open('/dev/stdin')",
        "const STDIN = 0",
        "spawn('cat', {stdio: [0]})",
        "prompt('name?')",
        "import { input } from '@inquirer/prompts'",
    ]
    others = ["f(0)", "[1, 0, 2]", "read(1)", "spread(0)", "x.fd = 0"]
    assert [one for one in readers if not Action("eval", one, Program()).reads_input] == []
    assert [one for one in others if Action("eval", one, Program()).reads_input] == []
    assert not Action("command", "process.stdin").reads_input


async def test_module_at_the_prompt(dispatch: Callable[..., Awaitable[Dispatcher]]) -> None:
    """`module` is a module of the session's directory, and stays from snippet to snippet."""
    dispatcher = await dispatch()
    await dispatcher.run_snippet("module.exports.x = 1")
    ran = await dispatcher.run_snippet(
        "[exports.x, module instanceof require('module'), require.main === module, module.children.length,"
        " module.filename === import.meta.filename, __filename === module.filename, require('path').basename(__filename),"
        " __dirname === require('path').dirname(__filename)].join()"
    )
    assert ran.value is not None and ran.value.data == "1,true,true,0,true,true,repl.js,true"
    await dispatcher.run_snippet(
        "fs.writeFileSync('part.js', 'exports.y = module.parent.filename')"
    )
    ran = await dispatcher.run_snippet(
        "[require('./part').y === __filename, module.children.length, module.children[0].exports.y === __filename].join()"
    )
    assert ran.value is not None and ran.value.data == "true,1,true"


async def test_errors_name_the_file(dispatch: Callable[..., Awaitable[Dispatcher]]) -> None:
    """The line, the stack, and the error of a file that does not parse."""
    dispatcher = await dispatch()
    program = Program("dir/main.js", is_last=True)
    for code in ("\n  null.x", "\n  function f() { null.x }\nf()", "let a = 1\nlet b = ;"):
        error = (await dispatcher.run_snippet(code, file="main.js", program=program)).error
        assert error is not None and error.stack.startswith("main.js:2:"), error.stack
    ran = await dispatcher.run_snippet("null.x")
    assert ran.error is not None and ran.error.stack.startswith("[4]:1:6\n")


JSON = {
    "({a: [1]})": '{"a":[1]}', "[]": "[]", "null": "null", "'é\"'": '"é\\""', "1.5": "1.5", "true": "true",
    "({a: {b: [null, [true]]}})": '{"a":{"b":[null,[true]]}}', "Object.create(null)": "{}",
    "({get a() { return 1 }})": None, "[1,,2]": None, "NaN": None, "1n": None, "undefined": None, "new Map": None,
    "new Date": None, "({a: undefined})": None, "var c = {}; c.c = c": None, "() => 1": None, "Symbol()": None,
    "new Proxy({}, {})": None, "({toJSON() {}})": None, "Array.from({length: 200000}, () => 1)": None,
    "'x'.repeat(5e6)": None, "let d = []; for (let i = 0; i < 200; i++) d = [d]; d": None,
}  # fmt: skip


async def test_values_that_are_json(dispatch: Callable[..., Awaitable[Dispatcher]]) -> None:
    """A value has its JSON only if that says all of it."""
    dispatcher = await dispatch(json=True)
    got = {}
    for code in JSON:
        value = (await dispatcher.run_snippet(code)).value
        got[code] = value and value.json
    assert got == JSON
