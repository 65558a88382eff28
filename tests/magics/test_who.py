"""%who: the variables of the session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import UsageError

Open = Callable[..., Awaitable[Dispatcher]]
MAKES = (
    "const users = [{ a: 1 }], trap = new Proxy({}, { get() { globalThis.hurt = 1 } }), none = null;"
    " let f = (a, b) => a, unset; globalThis.map = new Map([[1, 2]]); class Kind {};"
    " Object.defineProperty(globalThis, 'lazy', { get() { globalThis.hurt = 1 }, configurable: true });"
    " const odd = { [Symbol.for('nodejs.util.inspect.custom')]() { globalThis.hurt = 1 } }; 1"
)


def rows(table: str) -> dict[str, list[str]]:
    """The rows of a table by their first cells, in order."""
    lines = [line.split("  ") for line in table.splitlines()[1:]]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    return {name: rest for name, *rest in cells}


async def test_who(dispatch: Open) -> None:
    """Newest first, with type, value and snippet; nothing has an effect."""
    dispatcher = await dispatch(at_prompt=True)
    assert await shown(dispatcher, "%who") == "The session has no variables."
    await shown(dispatcher, MAKES)
    await shown(dispatcher, "let f = 'x'.repeat(1000); import { sep } from 'path'; 1")
    found = rows(await shown(dispatcher, "%who"))
    assert list(found)[:2] == ["f", "sep"]
    assert found["f"][:3] == ["string(1000)", "1000", "2"] and found["f"][3].startswith("'xxx")
    assert found["sep"] == ["string(1)", "1", "2", "'/'"]
    assert found["users"] == ["array(1)", "1", "1", "[ { a: 1 } ]"]
    assert found["none"] == ["null", "1", "null"]
    assert found["unset"] == ["undefined", "1", "undefined"]
    assert found["map"] == ["Map", "1", "1", "Map(1) { 1 => 2 }"]
    assert found["Kind"] == ["class", "1", "[class Kind]"]
    assert found["lazy"] == ["accessor", "1"]
    assert found["trap"][0] == "object"
    assert list(rows(await shown(dispatcher, "%who MAP"))) == ["map"]
    assert await shown(dispatcher, "%who Set") == "The session has no variables of type Set."
    assert await shown(dispatcher, "typeof hurt") == "'undefined'"


async def test_names_of_nodejs_that_a_snippet_has_taken(dispatch: Open) -> None:
    """They are variables as others are; %reset gives back what Node.js has under these names."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, "var path = 3; url = { 1: 2, 5: 6 }; function later() { os = 3 }")
    found = rows(await shown(dispatcher, "%who"))
    assert found["path"] == ["number", "1", "3"]
    assert found["url"][:3] == ["Object", "2", "1"]
    assert found.keys() == {"path", "url", "later"}
    assert await shown(dispatcher, "later()") == ""
    assert "os" in rows(await shown(dispatcher, "%who"))
    assert "Removed path, url" in await shown(dispatcher, "%reset path url os")
    assert rows(await shown(dispatcher, "%who")).keys() == {"later"}
    assert (
        await shown(dispatcher, "path.sep + typeof url.parse + typeof os.cpus")
        == "'/functionfunction'"
    )


async def test_no_code_of_the_user_runs(dispatch: Open) -> None:
    """Neither accessors of prototypes, nor traps behind them, nor methods that were replaced."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(
        dispatcher,
        "globalThis.hits = []; const hit = (name) => hits.push(name);"
        " class Tagged { get [Symbol.toStringTag]() { hit('tag'); return 'x' } };"
        " const tagged = new Tagged(), failed = Object.defineProperties(new Error('x'), {"
        " name: { get: () => hit('name') }, stack: { get: () => hit('stack') } });"
        " const traps = { get: () => hit('get'), getPrototypeOf: () => hit('prototype'), ownKeys: () => hit('keys'),"
        " getOwnPropertyDescriptor: () => hit('descriptor') };"
        " const behind = Object.create(new Proxy({}, traps));"
        " class Endless { get [Symbol.toStringTag]() { for (;;); } }; const endless = new Endless();"
        " const className = (className) => 1;"
        " Array.prototype.join = () => hit('join'); BigInt.prototype.toString = () => hit('bigint'); const big = 5n; 1",
    )
    await shown(dispatcher, "hits.length = 0")
    found = rows(await shown(dispatcher, "%who"))
    assert found["tagged"] == ["Tagged", "0", "1", "Tagged {}"]
    assert found["className"] == ["function(1)", "1", "[Function: className]"]
    assert found["big"][:2] == ["bigint", "1"]
    assert await shown(dispatcher, "hits.length") == "0"


async def test_a_name_of_a_result_that_the_user_has_taken(dispatch: Open) -> None:
    """It is a variable as any other; those of noderepl are not."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, "7")
    assert rows(await shown(dispatcher, "%who")) == {}
    await shown(dispatcher, "let _ = 5; const _9 = 9; _error = 3; 1")
    found = rows(await shown(dispatcher, "%who"))
    assert {name: row[2] for name, row in found.items()} == {"_": "5", "_9": "9", "_error": "3"}
    assert "Removed _error" in await shown(dispatcher, "%reset _error")
    assert rows(await shown(dispatcher, "%who")).keys() == {"_", "_9"}


async def test_names_and_values_of_all_kinds(dispatch: Open) -> None:
    """Names that are no ASCII, properties that are no names, and a JSON method of lists."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, "const größe = 5, π = 3.14; globalThis['a-b'] = 7; 1")
    assert await shown(dispatcher, "Array.prototype.toJSON = () => 'x'; 5") == "5"
    assert await shown(dispatcher, "({ a: 1 })") == "{ a: 1 }"
    found = rows(await shown(dispatcher, "%who"))
    assert [found[name][2] for name in ("größe", "π", "a-b")] == ["5", "3.14", "7"]


async def test_stacks_are_not_made(dispatch: Open) -> None:
    """V8 makes the stack of an error when its property is looked at."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(
        dispatcher,
        "globalThis.hits = 0; class Named extends Error { get name() { hits += 1; return 'N' } };"
        " Object.defineProperty(Error, 'prepareStackTrace', { value: () => { hits += 1 }, configurable: true, writable: true });"
        " const named = new Named('x'), plain = new Error('y'); hits = 0",
    )
    await dispatcher.run_line("%who")
    for expression in ("plain", "named", "named.stack", "nowhere.x"):
        await dispatcher.executor.queries.members(expression)
    assert (await dispatcher.run_snippet("hits")).value.text == "0"


async def test_another_session_has_none(dispatch: Open) -> None:
    """It begins without variables."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, "let x = 1")
    assert list(rows(await shown(dispatcher, "%who"))) == ["x"]
    await shown(dispatcher, "%session new")
    assert await shown(dispatcher, "%who") == "The session has no variables."


async def test_details_of_one(dispatch: Open) -> None:
    """Name, type, size, snippet, the source of that, and the value as a result is shown."""
    dispatcher = await dispatch(at_prompt=True)
    source = "const deep = { a: { b: { c: { d: 1 } } } },\n  bytes = new Uint8Array(5000), m = new Map([[1, { a: 1 }]])"
    await shown(dispatcher, source)
    text = await shown(dispatcher, "%who -d deep")
    head = "name     deep\ntype     Object\nsize     1\nsnippet  1\n"
    assert text == f"{head}{source}\n{{ a: {{ b: {{ c: [Object] }} }} }}"
    await shown(dispatcher, "%inspect depth all")
    assert (await shown(dispatcher, "%who -d deep")).endswith("{ b: { c: { d: 1 } } }\n}")
    assert "size     5.0 kB" in await shown(dispatcher, "%who -d bytes")
    assert (await shown(dispatcher, "%who -d m")).endswith("Map(1) { 1 => { a: 1 } }")
    for line, why in (
        ("nope", "no variable nope"),
        ("", "needs the name"),
        ("a b", "extra argument"),
    ):
        with pytest.raises(UsageError, match=why):
            await dispatcher.run_line(f"%who -d {line}")


async def test_details_run_no_code_of_the_user(dispatch: Open) -> None:
    """A value that inspect() would ask by code of a snippet is shown in short."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(
        dispatcher,
        "globalThis.hits = []; const hit = (name) => hits.push(name);"
        " class Tagged { get [Symbol.toStringTag]() { hit('tag'); return 'x' } };"
        " class Named { static get name() { hit('name'); return 'x' } };"
        " const v0 = { a: new Tagged() }, v1 = [new Named()], v2 = new Map([[1, new Proxy({}, { get: () => hit('get') })]]),"
        " v3 = { get lazy() { hit('lazy') }, [Symbol.for('nodejs.util.inspect.custom')]() { hit('custom') } },"
        " v4 = Object.defineProperty(new Error('x'), 'stack', { get: () => hit('stack') }),"
        " v5 = new Set([{ a: new Tagged() }]), v6 = new (class extends Map { get size() { hit('size') } })(),"
        " v7 = Promise.resolve(new Tagged()), v8 = new Map([[1, new Tagged()]]).values(),"
        " v9 = Object.create(Error.prototype, { stack: { get: () => hit('stack') } }),"
        " v10 = new (class { static [Symbol.hasInstance]() { hit('instance') } })(),"
        " v11 = new (class { static name = { toString: () => hit('text') } })(), v12 = Array(500).concat(new Tagged());"
        " Object.getPrototypeOf = () => hit('getPrototypeOf'); Array.prototype.join = () => hit('join');"
        " Map.prototype.forEach = () => hit('forEach'); hits.length = 0",
    )
    for number in range(13):
        assert f"v{number}" in await shown(dispatcher, f"%who -d v{number}")
    assert await shown(dispatcher, "hits.length") == "0"


async def test_previews_take_a_bounded_time(dispatch: Open) -> None:
    """Large values that many names have get their types alone."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(
        dispatcher,
        "const base = Object.fromEntries(Array.from({ length: 1e5 }, (_, index) => ['k' + index, index]));"
        " for (let index = 0; index < 500; index++) globalThis['g' + index] = base; 1",
    )
    found = {values[-1] for values in rows(await shown(dispatcher, "%who")).values()}
    assert found == {"{ k0: 0, k1: 1, k2: 2, k3: 3, k4: 4, k5:…", "Object"}


async def test_variables_that_are_not_known(dispatch: Open) -> None:
    """It says so where the session is not asked."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, "%mode plain")
    await shown(dispatcher, "var a = 1")
    assert "The variables are not known" in await shown(dispatcher, "%who")


async def test_a_name_is_described(dispatch: Open) -> None:
    """%who NAME is %who -d NAME unless there are variables of such a type; a function is shown as its result would be."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, "function mul(a) { return a }; class Q extends Map {}; var set = 1; 1")
    details = await shown(dispatcher, "%who mul")
    assert details == await shown(dispatcher, "%who -d mul")
    assert details.endswith("[Function: mul]")
    assert "shown in short" not in await shown(dispatcher, "%who Q")
    assert "name" in await shown(dispatcher, "%who set")
    await shown(dispatcher, "mul.extra = { get x() { return 1 } }")
    assert "shown in short" in await shown(dispatcher, "%who mul")


async def test_names_however_they_come_and_go(dispatch: Open) -> None:
    """Each answer has the names as they are: of late callbacks, taken from Node.js, made again elsewhere, and without those that are gone."""
    dispatcher = await dispatch(at_prompt=True)

    async def names(code: str) -> set[str]:
        await shown(dispatcher, code)
        return set(dispatcher.state.names)

    assert await names("'a result'; 1") == set()
    assert await names("setTimeout(() => { late = 1 }, 1); early = 2") == {"early"}
    assert await names("await new Promise(done => setTimeout(done, 50)); 3") == {"early", "late"}
    assert await names("delete globalThis.early; globalThis.next = 4") == {"late", "next"}
    assert await names("early = 5; _2 = 6; var _99 = 7") == {"early", "late", "next", "_99"}
    taken = "Object.defineProperty(globalThis, 'os', { value: 8 }); delete globalThis.fetch"
    assert await names(taken) == {"early", "late", "next", "_99", "os"}
    assert await names("globalThis.fetch = 9; vm.runInThisContext('let inner = 1'); 1") == {
        *("early", "late", "next", "_99", "os", "inner"),
    }
    assert await names("delete globalThis.os; delete globalThis._99; null.x") == {
        *("early", "late", "next", "inner"),
    }
