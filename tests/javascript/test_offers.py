"""What a session offers for completion, without side effects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.execution.queries import Queries
from noderepl.javascript.offers import read_offers
from noderepl.outcome import Execution, Status, Value

Open = Callable[..., Awaitable[Dispatcher]]
MAKES = """
globalThis.effects = 0
const trap = () => { effects += 1; return undefined }
const users = [{ name: 'x', age: 3, 'odd-key': [1, 2], get danger() { return trap() }, at: new Date(0), no: null }]
const proxy = new Proxy({ a: 1 }, { ownKeys: trap, getOwnPropertyDescriptor: trap, getPrototypeOf: trap, get: trap })
const below = Object.create(proxy, { own: { value: 1n } })
function changes() { effects += 1; return {} }
class Point { static make(a, b) {} get x() { return trap() } move(d) {} }
const point = new Point()
const long = Array(1e6).fill(0)
const bytes = new Uint8Array(1e6)
const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => ['key' + index, index]))
const map = new Map([['x', { inner: true }]])
const revoked = (() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()
const odd = { [Symbol.toStringTag]: 'x', '__hidden': 1, 'a\\u001b[31m': 2, ['long'.repeat(100)]: 3 }
0
"""


@pytest.fixture
async def queries(dispatch: Open) -> Queries:
    """Those of a session with these variables."""
    dispatcher = await dispatch()
    assert await shown(dispatcher, MAKES) == "0"
    return dispatcher.executor.queries


async def test_members(queries: Queries) -> None:
    """Own members first, then those of the prototypes, with their types."""
    found = list(await queries.members("users[0]"))
    assert found[:6] == [
        ("name", "string(1)"),
        ("age", "number"),
        ("odd-key", "array(2)"),
        ("danger", "accessor"),
        ("at", "Date"),
        ("no", "null"),
    ]
    assert ("hasOwnProperty", "function(1)") in found[6:]
    names = [name for name, _ in await queries.members("point")]
    assert names[:3] == ["constructor", "move", "x"]
    assert dict(await queries.members("Point"))["make"] == "function(2)"
    assert dict(await queries.members("globalThis"))["Map"] == "function(0)"
    assert dict(await queries.members("odd")).keys().isdisjoint({"__hidden", "long" * 100})


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("'a'", "toUpperCase"),
        ("[1]", "map"),
        ("({})", "valueOf"),
        ("1n", "toString"),
        ("Symbol.iterator", "description"),
        ("/x/", "test"),
        ("new Date()", "getFullYear"),
        ("map.get('x')", "inner"),
        ("process.env", "PATH"),
        ("users[0].name", "length"),
        ("users?.[0]", "age"),
        ("`t` // comment", "at"),
        ("fs.promises", "readFile"),
        ("Object.keys(users[0])", "map"),
        ("users.map((user) => user.name)", "length"),
        ("users.filter(({ name }) => name).at(0)", "age"),
        ("JSON.parse('{\"deep\": [1]}')", "deep"),
        ("[3, 1].slice(1)", "fill"),
        ("'a-b'.split('-')[0]", "padStart"),
        ("(users.length + 1)", "toFixed"),
    ],
)
async def test_values_of_all_kinds(queries: Queries, expression: str, name: str) -> None:
    """Primitive values, calls without an effect, built-in modules."""
    assert name in dict(await queries.members(expression))


async def test_own_members(queries: Queries) -> None:
    """Those of prototypes are omitted."""
    found = await queries.members("users[0]", is_own=True)
    assert found and "toString" not in dict(found)


@pytest.mark.parametrize(
    "expression",
    [
        "proxy",
        "proxy.a",
        "revoked",
        "users[0].danger",
        "changes()",
        "(effects = 5)",
        "(() => { for (;;); })()",
        "nowhere",
        "null",
        "undefined.x",
        "x ==",
        "1); effects += 1; (1",
        "await 1",
        "fs.writeFileSync('offered', '')",
        "setTimeout(() => { effects += 1 })",
        "throw 1",
        "users.map((user) => user.danger)",
        "users.map(changes)",
        "[proxy].map((one) => one.a)",
        "'x'.repeat(1e9)",
    ],
)
async def test_nothing_has_an_effect(dispatch: Open, expression: str) -> None:
    """What has one, what never ends and what fails offers nothing, and the session goes on."""
    dispatcher = await dispatch()
    assert await shown(dispatcher, MAKES) == "0"
    assert list(await dispatcher.executor.queries.members(expression)) == []
    assert await shown(dispatcher, "[effects, fs.existsSync('offered')]") == "[ 0, false ]"


async def test_stacks_and_getters_of_users_are_not_used(dispatch: Open) -> None:
    """Also where an evaluation fails, and on a module of Node.js."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        "globalThis.hits = 0; Error.prepareStackTrace = () => { hits += 1; return 'x' };"
        " Object.defineProperty(os, 'mine', { get() { hits += 1; return {} }, configurable: true });"
        " const lazy = { get x() { hits += 1 } };"
        " const thrown = Object.defineProperty(new Error('x'), 'stack', { get() { hits += 1 } });"
        " class Failed extends Error { get message() { hits += 1 } };"
        " const failing = [{ get x() { throw thrown }, get y() { throw new Failed() } }];"
        " const native = { get x() { '[native code]'; throw thrown } };"
        " const bound = Object.defineProperty({}, 'x', { get: (() => ({ mine: 1 })).bind() });"
        " for (const [name, key] of [['fs', 'promises'], ['stream', 'promises']])"
        "  Object.defineProperty(require(name), key, { get() { hits += 1; return {} }, configurable: true });"
        " fs.mkdirSync('node_modules/@a/b', { recursive: true }); hits = 0",
    )
    await dispatcher.executor.queries.packages("")
    await dispatcher.executor.queries.packages("@a/b")
    for expression in (
        *("nowhere.x", "os.mine", "lazy.x", "os", "sys", "failing[0].x", "failing[0].y"),
        *("native.x", "fs.promises", "stream.promises"),
    ):
        await dispatcher.executor.queries.members(expression)
    assert list(await dispatcher.executor.queries.members("bound.x")) == []
    assert await shown(dispatcher, "hits") == "0"


async def test_modules_after_their_first_use(dispatch: Open) -> None:
    """Node.js has replaced the getter of the global name by then."""
    dispatcher = await dispatch()
    await shown(dispatcher, "fs.existsSync('x')")
    for _ in range(2):
        assert "readFile" in dict(await dispatcher.executor.queries.members("fs.promises"))
        assert "hostname" in dict(await dispatcher.executor.queries.members("os"))


async def test_a_busy_event_loop_costs_no_session(dispatch: Open) -> None:
    """A callback of a snippet may take longer than Tab waits."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        "var kept = 41; setTimeout(() => { const end = Date.now() + 6000; while (Date.now() < end); }, 50); 0",
    )
    await asyncio.sleep(0.5)
    assert ("toFixed", "function(1)") in await dispatcher.executor.queries.members("kept")
    assert await shown(dispatcher, "kept + 1") == "42"


async def test_a_prototype_may_be_a_proxy(queries: Queries) -> None:
    """Members end there."""
    assert list(await queries.members("below")) == [("own", "bigint")]


async def test_large_values_are_cut(queries: Queries) -> None:
    """Indices are no members, and there are at most 2,000."""
    assert next(iter(await queries.members("long"))) == ("length", "number")
    assert "fill" in dict(await queries.members("bytes"))
    assert len(await queries.members("wide")) == 2000


async def test_names_come_with_each_answer(dispatch: Open) -> None:
    """Variables of all kinds, destructured and imported ones, globals; nothing of noderepl's own."""
    dispatcher = await dispatch(at_prompt=True)
    state = dispatcher.state
    assert await shown(dispatcher, "const { a: one, ...rest } = {}; let [two] = [1]; 1") == "1"
    assert set(state.names) == {"one", "rest", "two"}
    await shown(dispatcher, "import { join as three } from 'path'; globalThis.four = 4; var five")
    await shown(dispatcher, "function six() {} class Seven {}; null.x")
    assert {*state.names} == {*"one rest two three four five six Seven".split()}
    await shown(dispatcher, "delete globalThis.four")
    assert "four" not in state.names
    await shown(dispatcher, "%session new")
    assert state.names == ()


async def test_packages_and_their_exports(dispatch: Open) -> None:
    """Those in node_modules above the session's directory, with their versions."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        "const made = (name, text) => { fs.mkdirSync('node_modules/' + name, { recursive: true });"
        " fs.writeFileSync('node_modules/' + name + '/package.json', text) };"
        ' made("plain", \'{"version": "1.2.3", "exports": {".": "./a.js", "./sub": "./b.js", "./all/*": "./c/*"}}\');'
        ' made("@scope/part", "not JSON"); made(".hidden", "{}"); made("pipe", ""); made("large", " ".repeat(2 ** 21));'
        " fs.unlinkSync('node_modules/pipe/package.json');"
        " child_process.execFileSync('mkfifo', ['node_modules/pipe/package.json'])",
    )
    queries = dispatcher.executor.queries
    assert sorted(await queries.packages("")) == [
        ("@scope/part", ""),
        ("large", ""),
        ("pipe", ""),
        ("plain", "1.2.3"),
    ]
    assert list(await queries.packages("plain")) == [("plain/sub", "")]
    assert list(await queries.packages("@scope/part")) == []
    assert list(await queries.packages("../..")) == []


async def test_files_of_packages_without_exports(dispatch: Open) -> None:
    """Each file at the top of the package may be loaded."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        "fs.mkdirSync('node_modules/old/lib', { recursive: true }); fs.mkdirSync('node_modules/old/sub');"
        " for (const name of ['package.json', 'fp.js', 'a.b.js', 'data.json', 'sub/index.js', 'lib/deep.js',"
        " 'README.md', 'c.cjs', '.dot.js'])"
        " fs.writeFileSync('node_modules/old/' + name, '{}')",
    )
    assert sorted(await dispatcher.executor.queries.packages("old")) == [
        (f"old/{name}", "")
        for name in ("a.b", "a.b.js", "c.cjs", "data.json", "fp", "fp.js", "sub")
    ]
    assert list(await dispatcher.executor.queries.packages("..")) == []


async def test_exports_of_modules(dispatch: Open) -> None:
    """Of built-in modules and of those that are loaded; asking loads nothing and runs nothing."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        "fs.mkdirSync('node_modules/one', { recursive: true });"
        " fs.writeFileSync('node_modules/one/index.js', 'globalThis.ran = 1;"
        " exports.first = 1; Object.defineProperty(exports, `second`, { enumerable: true,"
        " get() { globalThis.hurt = 1 } })');"
        " fs.writeFileSync('two.js', 'module.exports = function two() {}; module.exports.part = 2');"
        " fs.writeFileSync('three.mjs', 'export const third = 3; export default 4')",
    )
    queries = dispatcher.executor.queries
    assert ("readFile", "function(3)") in await queries.exports("fs")
    assert ("readFile", "function(2)") in await queries.exports("node:fs/promises")
    for absent in (
        "one",
        "./two.js",
        "./three.mjs",
        "none",
        "",
        "domain",
        "punycode",
        "\0",
        "../..",
    ):
        assert list(await queries.exports(absent)) == []
    assert await shown(dispatcher, "typeof ran") == "'undefined'"
    await shown(dispatcher, "require('one'); require('./two'); await import('./three.mjs')")
    assert list(await queries.exports("one")) == [("first", "number"), ("second", "accessor")]
    assert list(await queries.exports("./two")) == [("part", "number")]
    assert sorted(await queries.exports("./three.mjs")) == [
        ("default", "number"),
        ("third", "number"),
    ]
    assert await shown(dispatcher, "typeof hurt") == "'undefined'"
    await shown(
        dispatcher,
        "const { Module } = require('module'); const { _findPath } = Module;"
        " Module._findPath = function (...all) { globalThis.hurt = 1;"
        " return Reflect.apply(_findPath, this, all) }; 0",
    )
    assert list(await queries.exports("one")) == []
    assert await shown(dispatcher, "typeof hurt") == "'undefined'"


async def test_sessions_without_the_prelude_offer_nothing(dispatch: Open) -> None:
    """In plain mode, and before the first snippet."""
    dispatcher = await dispatch(mode="plain")
    assert list(await dispatcher.executor.queries.members("Math")) == []
    assert await shown(dispatcher, "1") == "1"
    assert list(await dispatcher.executor.queries.members("Math")) == []


@pytest.mark.parametrize(
    "text",
    [
        "noderepl:",
        "noderepl:absent",
        "1",
        'noderepl:{"offers": [["a", 1]]}',
        'noderepl:{"offers": [["a"]]}',
        'noderepl:{"offers": {}}',
        'noderepl:{"kind": "offers"}',
    ],
)
def test_unreadable_answers_offer_nothing(text: str) -> None:
    """A snippet may have made them."""
    assert list(read_offers(Execution(Status.OK, value=Value(text, text)))) == []
