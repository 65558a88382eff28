"""What the session tells of a value; nothing of a snippet runs."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.javascript.descriptions import Found, read_description
from noderepl.javascript.questions import path
from noderepl.outcome import Execution, Status, Value

Open = Callable[..., Awaitable[Dispatcher]]
MAKES = """
globalThis.hits = []
const hit = (name) => { hits.push(name) }
const traps = Object.fromEntries(['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'apply']
    .map((name) => [name, () => hit(name)]))
const proxy = new Proxy(function () {}, traps), below = Object.create(proxy, { own: { value: 1 } })
const none = null, users = [{ name: 'x', get danger() { return hit('danger') } }]
class Tagged { get [Symbol.toStringTag]() { hit('tag') } static get made() { hit('made') } go(a) {} }
const tagged = new Tagged(), map = new Map([['x', { inner: 1 }]])
class Mine extends Map { get(key) { hit('get') } }
const mine = new Mine()
const odd = Object.assign(() => {}, { toString: () => hit('string'), failed: new Error('x') })
class Failed extends Error { get stack() { hit('stack') } }
odd.other = new Failed()
const bound = Object.defineProperty({}, 'size', { get: hit.bind(null, 'bound') })
Object.defineProperty(globalThis, 'lazy', { get() { hit('lazy') }, configurable: true })
Array.prototype.toJSON = () => hit('json')
Error.prepareStackTrace = () => hit('prepare')
/** Adds. */
async function* add(a, b = 1) {}
hits.length = 0
"""

BUILT_IN = {
    "'a'.padStart": "String.prototype.padStart",
    "[].map": "Array.prototype.map",
    "new Date().getFullYear": "Date.prototype.getFullYear",
    "new Map().size": "Map.prototype.size",
    "Math": "Math",
    "Math.PI": "Math.PI",
    "NaN": "NaN",
    "parseInt": "parseInt",
    "fs": "fs",
    "fs.readFile": "fs.readFile",
    "fs.promises.readFile": "fs/promises.readFile",
    "path.join": "path.join",
    "http.createServer": "http.createServer",
    "process.env": "process.env",
    "console.log": "console.log",
    "fetch": "fetch",
    "URL": "URL",
    "require": "require",
    "setTimeout": "setTimeout",
}


async def found(dispatcher: Dispatcher, expression: str) -> Found:
    """What the session tells of an expression."""
    where = path(expression)
    assert where is not None
    answer = await dispatcher.describe(where, "")
    assert answer is not None, expression
    return answer


async def test_nothing_of_a_snippet_runs(dispatch: Open) -> None:
    """No getter, no trap, no toString(), no method that was replaced."""
    dispatcher = await dispatch()
    await shown(dispatcher, MAKES)
    states = {
        "proxy": "found",
        "proxy.a": "proxy",
        "below.own": "found",
        "below.a": "proxy",
        "users[0].danger": "accessor",
        "users[0].name": "found",
        "tagged": "found",
        "Tagged": "found",
        "Tagged.made": "accessor",
        "map.get('x').inner": "found",
        "mine.get('x')": "code",
        "odd": "found",
        "odd.failed": "found",
        "odd.failed.stack": "code",
        "lazy": "accessor",
        "nowhere": "unknown",
        "users[5].x": "missing",
        "none.x": "nothing",
        "users[0].y": "missing",
        "users.at(-1).name": "found",
        "bound.size": "accessor",
        "add": "found",
        "globalThis": "found",
        "'abc'.at": "found",
    }
    assert {one: (await found(dispatcher, one)).state for one in states} == states
    assert (await dispatcher.run_snippet("String(hits)")).value.data == ""  # type: ignore[union-attr]


async def test_functions_and_classes(dispatch: Open) -> None:
    """Their source, what is before it, and the snippet that they are from."""
    dispatcher = await dispatch()
    await shown(dispatcher, "0")
    await shown(
        dispatcher,
        "/** Adds. */\nasync function* add(a, b = 1) {}\nclass A { go() {} static x() {} }; class B extends A {}",
    )
    add = await found(dispatcher, "add")
    assert (add.source, add.is_async, add.is_generator) == (
        "async function* add(a, b = 1) {}", True, True
    )  # fmt: skip
    assert add.before.endswith("/** Adds. */\n")
    assert (add.origin.snippet, add.origin.line) == (2, 2)
    one, other = await found(dispatcher, "A"), await found(dispatcher, "B")
    assert (one.type, one.members, one.statics, one.extends) == ("class", ["go"], ["x"], "")
    assert other.extends == "A"
    assert (await found(dispatcher, "A.prototype.go")).origin.snippet == 2


@pytest.fixture
async def session(dispatch: Open) -> Dispatcher:
    """A dispatcher with a session."""
    dispatcher = await dispatch()
    await shown(dispatcher, "0")
    return dispatcher


async def test_built_in_names(session: Dispatcher) -> None:
    """Those of JavaScript and of Node.js, also after their first use."""
    for _ in range(2):
        assert {one: (await found(session, one)).builtin for one in BUILT_IN} == BUILT_IN


async def test_what_a_snippet_replaces_is_not_built_in(session: Dispatcher) -> None:
    """Its functions have the snippet as their origin, whatever they are called."""
    await shown(session, "Math.max = (a) => a; { let fetch } const performance = { now() {} }; 0")
    for expression in ("Math.max", "performance", "performance.now"):
        assert (await found(session, expression)).builtin == ""
    await shown(session, "delete Math.max")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"state": "other"},
        {"state": "found", "keys": [1]},
        {"state": "found", "source": "x" * 300_000},
        {"state": "found", "declarations": [["a"]]},
        {"state": "found", "origin": {"line": -1}},
        {"state": "found", "package": {"name": "x" * 5000}},
        [],
        1,
    ],
)
def test_unreadable_answers(answer: object) -> None:
    """A snippet may have made them."""
    text = f"noderepl:{json.dumps(answer)}"
    assert read_description(Execution(Status.OK, value=Value(text, text))) is None
    assert read_description(Execution(Status.OK)) is None
