"""%doc and %source, `expr?` and `expr??`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import opened, shown

from noderepl.client.session import Session
from noderepl.dispatcher import Dispatcher
from noderepl.errors import ConnectionLost, UsageError
from noderepl.magics import is_magic
from noderepl.outcome import Outcome

Open = Callable[..., Awaitable[Dispatcher]]
PACKAGE = r"""
const place = 'node_modules/shapes'
fs.mkdirSync(`${place}/lib`, { recursive: true })
fs.mkdirSync('node_modules/@types/untyped', { recursive: true })
fs.mkdirSync('node_modules/untyped', { recursive: true })
const write = (name, text) => fs.writeFileSync(`node_modules/${name}`, text)
write('shapes/package.json', JSON.stringify({ name: 'shapes', version: '1.2.3', description: 'Shapes \x1b[31m of all kinds.',
    main: 'lib/index.js', exports: { '.': { types: './lib/index.d.ts', require: './lib/index.js' } } }))
write('shapes/lib/index.js', `
class Circle { constructor(r) { this.r = r; } area() { return 3 } }
exports.area = function (shape, options) { return 1; };
/** Only in the source. */
exports.plain = (a) => a;
exports.make = () => new Circle(1);
Object.defineProperty(exports, 'lazy', { get() { globalThis.hurt = 1 }, enumerable: true });
`)
write('shapes/lib/index.d.ts', `
export * from './area';
export declare class Circle { /** The area of the circle. */ area(): number; }
export declare const lazy: string;
`)
write('shapes/lib/area.d.ts', `
/**
 * Computes the area, as {@link Circle} does.
 * @param shape - of any kind
 * @returns square units
 * @example
 * area(circle) // 3
 */
export declare function area(shape: object): number;
export declare function area(shape: object, options: { exact: boolean }): bigint;
`)
write('untyped/package.json', '{"name": "untyped", "version": "0.1.0"}')
write('untyped/index.js', 'module.exports = function (a) { return a }')
write('@types/untyped/package.json', '{"name": "@types/untyped", "version": "9.0.0"}')
write('@types/untyped/index.d.ts', '/** Typed elsewhere. */\ndeclare function untyped(a: number): number;\nexport = untyped;')
"""
USES = """
const shapes = require('shapes'), untyped = require('untyped'), circle = shapes.make(), { area } = require('shapes')
/**
 * Adds two numbers.
 * @param {number} a - first
 */
function add(a, b = 1, ...rest) { return a + b }
const users = [{ name: 'x', get danger() { globalThis.hurt = 1 } }], proxy = new Proxy({}, {})
/** A point. */
class Point extends Map { constructor(x, y) { super() } static make() {} move(d) {} }
const point = new Point(1, 2), fast = async (x) => x
0
"""
ANSWERS = {
    "add?": """add(a, b = 1, ...rest)

Type: function
From: snippet [3], line 7

Adds two numbers.

Parameters:
  a  {number} first""",
    "?fast": """async fast(x)

Type: async function
From: snippet [3], line 11""",
    "%doc Point": """new Point(x, y)

Type:    class extends Map
Members: move (1)
Static:  make (1)
From:    snippet [3], line 10

A point.""",
    "point?": """Type:        Point
Constructor: Point (snippet [3], line 10)
From:        snippet [3]""",
    "users[0].name?": """Type:  string(1)
Value: 'x'""",
    "users[0].danger?": """Type: accessor
From: snippet [3], line 8
Note: reading it runs code, so its value is not shown""",
    "shapes.area?": """area(shape: object): number
area(shape: object, options: { exact: boolean }): bigint

Type: function
From: shapes@1.2.3, lib/index.js:3

Computes the area, as Circle does.

Parameters:
  shape  of any kind

Returns:
  square units

Example:
  area(circle) // 3""",
    "shapes.plain?": """plain(a)

Type: function
From: shapes@1.2.3, lib/index.js:5

Only in the source.""",
    "circle.area?": """area(): number

Type: function
From: shapes@1.2.3, lib/index.js:2

The area of the circle.""",
    "shapes?": """Type:    module
Exports: area, plain, make, lazy (4)
About:   Shapes  of all kinds.
From:    shapes@1.2.3""",
    "untyped?": """untyped(a: number): number

Type: function
From: untyped@0.1.0, index.js:1

Typed elsewhere.""",
    "'a'.padStart?": """padStart(length, padString = " ")

Type: function
From: JavaScript, built in
Page: https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/String/padStart

The string, padded at its start to a length.""",
    "fs.readFile?": """fs.readFile(path[, options], callback)

Type: function
From: node:fs
Page: https://nodejs.org/api/fs.html#fsreadfilepath-options-callback

Reads a whole file; the callback gets bytes, or text if an encoding is given.""",
    "add??": """function add(a, b = 1, ...rest) { return a + b }

From: snippet [3], line 7""",
    "%source shapes.plain": """(a) => a

From: shapes@1.2.3, lib/index.js:5""",
    "Math.max??": """Math.max(...values)

Type: function
From: JavaScript, built in
Page: https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Math/max

The greatest of the values; -Infinity without values.
Math.max is native code: there is no source to show.""",
    "proxy?": """Type: proxy
From: snippet [3]
Note: looking at it runs its handler, so nothing of it is shown""",
    "Mapp?": "Mapp is not defined. Did you mean Map?",
    "users[0].x?": "users[0].x: there is no member x.",
}


@pytest.fixture
async def explored(dispatch: Open) -> AsyncIterator[Dispatcher]:
    """A dispatcher whose session has packages and variables."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, PACKAGE)
    await shown(dispatcher, "0")
    assert await shown(dispatcher, USES) == "0"
    yield dispatcher
    assert await shown(dispatcher, "typeof hurt") == "'undefined'"


async def test_answers(explored: Dispatcher) -> None:
    """Values of all kinds, and no code of the user runs."""
    assert {line: await shown(explored, line) for line in ANSWERS} == ANSWERS
    for line in ("f()?", "proxy.a?"):
        assert "cannot be described without running code" in await shown(explored, line)
    assert (await shown(explored, "%upload?")) == await shown(explored, "%help upload")
    assert (await shown(explored, ".load?")) == await shown(explored, "%help load")
    assert (await shown(explored, "?")) == await shown(explored, "%help")
    with pytest.raises(UsageError, match="must be one expression of names, members and calls"):
        await explored.run_line("%doc a + b")


INHERITING = """
globalThis.hits = []; const hit = (name) => { hits.push(name); return 1 };
const traps = new Proxy({}, { get: (_, key) => { hit(`trap ${String(key)}`) } });
/** A user. */
class User extends new Proxy(class {}, traps) { name() {} }
class Revoked {}; { const { proxy, revoke } = Proxy.revocable(function () {}, {}); Object.setPrototypeOf(Revoked, proxy); revoke() }
class Invalid {}; Object.setPrototypeOf(Invalid, new Proxy(class {}, { ownKeys: () => hit('keys') }));
class Far extends (class extends User {}) {}; const bound = Far.bind(null); async function* made() { yield 1 }
Object.setPrototypeOf(made, new Proxy(function () {}, traps));
class Splices { get splice() { return hit('splice') } get length() { return hit('length') } }
class Hidden { static #inner = new Splices(); static #failed = new RangeError('x') }
const holds = Object.assign(() => 'holds', { own: new Splices() }), behind = Object.assign(() => 'behind', { own: Object.create(traps) });
const failed = Object.assign(() => 'failed', { own: new Error('x') }), many = () => 'many';
for (let index = 0; index < 300; index++) many[`k${index}`] = new Splices();
const twins = ['a', 'b'].map(() => Object.setPrototypeOf(() => 'twin', Revoked)), twin = Object.setPrototypeOf((0, eval)("() => 'twin'"), traps);
Error.prepareStackTrace = () => hit('prepare'); require('inspector').Session.prototype.connect = () => hit('connect');
0
"""
# The lines of the snippet.
PLACES = {
    "User": 5, "Revoked": 6, "Invalid": 7, "Far": 8, "made": 8, "Splices": 10, "Hidden": 11, "holds": 12,
    "behind": 12, "failed": 13, "many": 13, "twins[0]": 0, "twin": 0, "bound": 0,
}  # fmt: skip


async def test_functions_that_the_inspector_cannot_describe(dispatch: Open) -> None:
    """Proxies that they inherit from, and properties that it would read: no code runs, and the place is known."""
    late: list[Outcome] = []
    dispatcher = await dispatch(at_prompt=True, show=late.append)
    assert await shown(dispatcher, INHERITING) == "0"
    await shown(dispatcher, "0; hits.length = 0")
    for name, line in PLACES.items():
        place = f"snippet [1], line {line}"
        assert (place in await shown(dispatcher, f"{name}?")) == (line > 0), name
        await shown(dispatcher, f"{name}??")
        await dispatcher.executor.queries.members(name)
    assert "A user." in await shown(dispatcher, "%doc User")
    assert "class User extends" in await shown(dispatcher, "%source User")
    assert await shown(dispatcher, "hits.join()") == "''"
    assert late == []


async def test_a_class_of_a_long_text(dispatch: Open) -> None:
    """Whether it may have static private fields is found in linear time."""
    dispatcher = await dispatch(at_prompt=True)
    made = "new Function('return class Q { /*' + 'static '.repeat(100000) + '*/ }')()"
    await shown(dispatcher, f"globalThis.Long = {made}; 0")
    async with asyncio.timeout(15):
        assert "class" in await shown(dispatcher, "Long?")
        assert await shown(dispatcher, "1") == "1"


UNFINISHED = """
const file = require('path').resolve('unfinished.mjs')
require('fs').writeFileSync(file, `import * as me from './unfinished.mjs'; globalThis.space = me;
    export const done = 1; await new Promise(() => {}); export const later = 2; export class Later {}`)
import(file); while (!globalThis.space) await new Promise(setImmediate); 0
"""


async def test_a_module_that_has_not_run(dispatch: Open) -> None:
    """Its namespace is a module, whose names have no values yet."""
    dispatcher = await dispatch(at_prompt=True)
    assert await shown(dispatcher, UNFINISHED) == "0"
    value = "[Module: null prototype] { Later: <uninitialized>, done: 1, later: <uninitialized> }"
    text = await shown(dispatcher, "space?")
    assert "Type:    module\nExports: Later, done, later (3)" in text
    assert "has no value" in await shown(dispatcher, "space.later?")
    assert "Value: 1" in await shown(dispatcher, "space.done?")
    assert "no member nowhere" in await shown(dispatcher, "space.nowhere?")
    details = await shown(dispatcher, "%who space")
    assert details.startswith("name     space\ntype     Module\nsize     3\n")
    assert "later: <uninitialized>" in details and "in short" not in details
    rows = await dispatcher.executor.queries.variables()
    assert rows is not None and (rows[-1].kind, rows[-1].size) == ("Module", 3)
    assert value.startswith(rows[-1].value.removesuffix("…"))
    offers = await dispatcher.executor.queries.members("space")
    assert tuple(offers) == (
        ("Later", "uninitialized"),
        ("done", "number"),
        ("later", "uninitialized"),
    )


async def test_without_the_prelude(dispatch: Open) -> None:
    """Plain mode describes no values, and a sentence says so."""
    dispatcher = await dispatch(mode="plain")
    with pytest.raises(UsageError, match="the session needs %mode full for that"):
        await dispatcher.run_line("Math?")


def test_lines() -> None:
    """Questions are magics; JavaScript that has question marks is not."""
    for line in ("a.b?", "?a", "%files?", "?%files", ".load?", "a ??", "?"):
        assert is_magic(line), line
    for line in ("a ? b : c", "x?.y", "x = a ?", "'a?'", ".nothing?", "a\n?", "f(a?", "a?b"):
        assert not is_magic(line), line


@pytest.mark.parametrize(
    "code",
    [
        "fn.held = 'N'.repeat(2e8)",
        "for (let index = 0; index < 10; index++) fn[index] = `${index}`.repeat(4e7)",
        "Object.defineProperty(fn, 'name', { value: 'N'.repeat(2e8) })",
        "var other = { ['f'.repeat(2e8)]: 1 }; Object.defineProperty(fn, 'name', { value: 'N'.repeat(2e8) })",
        "fn[Symbol('N'.repeat(2e8))] = 1",
        "fn.held = { [Symbol.toStringTag]: 'N'.repeat(2e8) }",
        "Object.defineProperty(fn, 'held', { get: new Function('/*' + 'x'.repeat(1e8) + '*/') })",
    ],
)
async def test_large_properties_of_a_function_are_not_copied(tmp_path: Path, code: str) -> None:
    """A question takes little memory, so that the session lives, whatever a function has."""
    async with opened(tmp_path, memory="512MiB") as dispatcher:
        await shown(dispatcher, f"var kept = 41; function fn() {{ return 1 }}\n{code}; 1")
        assert "From: " in await shown(dispatcher, "fn?")
        assert await shown(dispatcher, "kept + 1") == "42"


async def test_what_a_function_is_bound_to_or_inherits_from_runs_no_getter(dispatch: Open) -> None:
    """The inspector would describe it, and read the stack of an error and the length of an object."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        """var ran = [], error = new Error('x')
        Object.defineProperty(error, 'stack', { get() { ran.push('stack') } })
        var odd = Object.create(Function.prototype, { length: { get() { ran.push('length') } } })
        function first(a) { return a } Object.setPrototypeOf(first, error)
        function second(a) { return a } Object.setPrototypeOf(second, odd)
        var bound = function (a) { return a }.bind(error, odd); 1""",
    )
    for question in ("first?", "second?", "bound?", "first??", "%source second", "%doc bound"):
        await shown(dispatcher, question)
        assert await shown(dispatcher, "ran.join()") == "''", question


async def test_private_fields_that_a_constructor_stamps_on_a_function(dispatch: Open) -> None:
    """Nobody but the inspector sees them, so it is not asked for a function whose text is found."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        """var hits = 0
        class Base { constructor(object) { return object } }
        class Stamp extends Base {
            #field = Object.defineProperty(new Error('x'), 'stack', { get() { hits++; return 'x' } })
        }
        function victim(a, b) { return a + b }
        new Stamp(victim); 1""",
    )
    assert "snippet [1], line 6" in await shown(dispatcher, "victim?")
    await shown(dispatcher, "victim??")
    assert await shown(dispatcher, "hits") == "0"


async def test_a_question_that_fails_has_run_nothing(
    dispatch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a question to the session, nor the installation of the prelude before it, is a snippet."""
    dispatcher = await dispatch(at_prompt=True)

    async def lost(self: Session, asking: object) -> None:
        raise ConnectionLost("the pool stopped responding", doubt="; the snippet may have run")

    for is_first in (True, False):
        with monkeypatch.context() as patch:
            patch.setattr(Session, "_use", lost)
            for line in ("f??", "%doc f"):
                with pytest.raises(ConnectionLost) as caught:
                    await dispatcher.run_line(line)
                assert str(caught.value) == "the pool stopped responding"
        if is_first:
            await shown(dispatcher, "function f() {}")


async def test_questions_load_no_module_by_code_of_a_snippet(dispatch: Open) -> None:
    """A loader that a snippet has replaced does not run for a getter of the user."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(
        dispatcher,
        """var loads = [], { Module } = require('module'), load = Module._load
        Module._load = function (...given) { loads.push(given[0]); throw new Error('refused') }
        Object.defineProperty(globalThis, 'own', { get() { loads.push('own') }, configurable: true }); 1""",
    )
    assert "accessor" in await shown(dispatcher, "own?")
    await dispatcher.executor.queries.members("own")
    await shown(dispatcher, "%who")
    assert await shown(dispatcher, "Module._load = load; loads.join()") == "''"
