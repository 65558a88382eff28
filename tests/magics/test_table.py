"""%table and console.table(): values as tables that fit the terminal."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest
from dispatching import WIDTH, shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import UsageError
from noderepl.terminal.tables import columns_of

Open = Callable[..., Awaitable[Dispatcher]]
PEOPLE = "[{ name: 'a', size: 1 }, { name: 'bc', size: 20 }]"


def cells(table: str) -> list[list[str]]:
    """The cells of each row, without the blanks around them."""
    rows = [line for line in table.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]


def plain(text: str) -> str:
    """A text without its colours."""
    return re.sub(r"\x1b\[\d+m", "", text)


@pytest.fixture
async def dispatcher(dispatch: Open) -> Dispatcher:
    """Of a prompt in a terminal."""
    found = await dispatch(at_prompt=True)
    found._display._console.size = lambda: (WIDTH, 24)  # type: ignore[method-assign]
    found.preferences.tty = "on"
    return found


async def test_values(dispatcher: Dispatcher) -> None:
    """Each kind of value has rows and columns; the value has its number, and numbers are at the right."""
    table = await shown(dispatcher, f"%table {PEOPLE}")
    assert table.splitlines()[3:5] == ["│       0 │ 'a'  │    1 │", "│       1 │ 'bc' │   20 │"]
    assert cells(table)[0] == ["(index)", "name", "size"]
    assert await shown(dispatcher, "_1[1].size") == "20"
    assert cells(await shown(dispatcher, "%table [[1, 2], [3]]"))[1:] == [
        ["0", "1", "2"],
        ["1", "3", ""],
    ]
    maps = await shown(dispatcher, "%table new Map([['a', { x: 1 }]])")
    assert cells(maps) == [["(iteration index)", "Key", "Values"], ["0", "'a'", "{ x: 1 }"]]
    assert cells(await shown(dispatcher, "%table new Set(['s'])"))[1] == ["0", "'s'"]
    objects = await shown(dispatcher, "%table ({ x: { n: 1 }, y: { n: 2 } })")
    assert cells(objects) == [["(index)", "n"], ["x", "1"], ["y", "2"]]
    assert cells(await shown(dispatcher, "%table new Uint8Array(2)"))[1:] == [
        ["0", "0"],
        ["1", "0"],
    ]
    mixed = await shown(dispatcher, "%table ['a', null, { b: 1 }, new Date(0)]")
    assert cells(mixed)[0] == ["(index)", "b", "Values"]
    assert cells(mixed)[4] == ["3", "", "1970-01-01T00:00:00.000Z"]


async def test_it_fits_the_terminal(dispatcher: Dispatcher) -> None:
    """Cells are cut, columns at the right are left out and counted, with wide characters too."""
    for value in (
        "[{ a: 'x'.repeat(500), b: 1 }]",
        "[{ a: '漢'.repeat(500), b: 'é'.repeat(99) }]",
        "[Object.fromEntries(Array.from({ length: 300 }, (_, i) => ['column' + i, i]))]",
        "[{ ['k'.repeat(500)]: 1, a: 'line\\nline' }]",
    ):
        lines = (await shown(dispatcher, f"%table {value}")).splitlines()
        assert max(map(columns_of, lines)) <= WIDTH and len(lines) in (5, 6), lines
    wide = await shown(
        dispatcher,
        "%table [Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`c${i}`, i]))]",
    )
    assert f"… {301 - len(cells(wide)[0])} more columns" in wide


async def test_rows_and_columns(dispatcher: Dispatcher) -> None:
    """20 rows are shown and the others counted; --all shows all, of the last value too; -- chooses columns."""
    many = "Array.from({ length: 1000 }, (_, i) => ({ i, j: -i }))"
    table = await shown(dispatcher, f"%table {many}")
    assert len(cells(table)) == 21 and table.endswith("… 980 more rows · %table --all")
    assert len(cells(await shown(dispatcher, "%table --all"))) == 1001
    assert cells(await shown(dispatcher, f"%table {many} -- j i"))[:2] == [
        ["(index)", "j", "i"],
        ["0", "-0", "0"],
    ]
    assert cells(await shown(dispatcher, "%table -- j"))[0] == ["(index)", "j"]


async def test_what_is_no_table(dispatcher: Dispatcher) -> None:
    """Primitives are shown as values, errors as errors, and a getter that throws is reported."""
    assert await shown(dispatcher, "%table 40 + 2") == "42"
    assert "SyntaxError" in await shown(dispatcher, "%table ][")
    thrown = await shown(dispatcher, "%table [{ get a() { throw 1 } }]")
    assert "reading its properties throws" in thrown
    assert cells(await shown(dispatcher, "%table [{ get a() { return 7 } }]"))[1] == ["0", "7"]
    dispatcher.preferences.mode = "plain"
    with pytest.raises(UsageError, match="full mode"):
        await dispatcher.run_line("%table 1")


async def test_console_table(dispatcher: Dispatcher) -> None:
    """In a terminal it fits; without one it is Node's."""
    code = f"console.table({PEOPLE}, ['size'])"
    coloured = await shown(dispatcher, code)
    assert "\x1b[33m20\x1b[39m │" in coloured
    assert cells(plain(coloured))[1:] == [["0", "1"], ["1", "20"]]
    lines = plain(await shown(dispatcher, "console.table([{ a: 'x'.repeat(500) }])")).splitlines()
    assert {len(line) for line in lines} == {WIDTH}
    assert plain(await shown(dispatcher, "console.table(7)")) == "7"
    assert "ERR_INVALID_ARG_TYPE" in await shown(dispatcher, "console.table([], 1)")
    dispatcher.preferences.tty = "off"
    assert "x" * 500 in await shown(dispatcher, "console.table([{ a: 'x'.repeat(500) }])")


async def test_a_session_with_changed_builtins(dispatcher: Dispatcher) -> None:
    """A table needs none of the methods that a snippet may replace."""
    await shown(
        dispatcher,
        "Array.prototype.map = Array.prototype.join = Array.prototype[Symbol.iterator] ="
        " String.prototype.padEnd = Map.prototype.entries = RegExp.prototype.test = undefined; 1",
    )
    assert cells(await shown(dispatcher, f"%table {PEOPLE}"))[2] == ["1", "'bc'", "20"]
