"""%time, %timeit, %prof and %mem: what they show, and that a snippet under them runs as any other."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import rendered, shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import UsageError
from noderepl.magics import measuring
from noderepl.outcome import Failure, Saved, Text
from noderepl.units import human_size, human_time

Open = Callable[..., Awaitable[Dispatcher]]
NUMBER = r"[\d.]+ (?:ns|µs|ms|s)"
MEAN = re.compile(rf"{NUMBER} ± {NUMBER} per loop, best {NUMBER} \((\d) runs of ([\d,]+) loops?\)")


# On a busy machine the warm-up may take all of the time.
ONCE = re.compile(rf"{NUMBER} per loop \(1 run of [\d,]+ loops\)")


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """%timeit takes a tenth of its time."""
    from noderepl.javascript import prelude_request

    source = prelude_request.Instrument.source

    def shorter(self: prelude_request.Instrument) -> str:
        return source(self).replace("? 2000 :", "? 200 :").replace("WARM = 20;", "WARM = 2;")

    monkeypatch.setattr(prelude_request.Instrument, "source", shorter)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 ns"),
        (1.234e-9, "1.23 ns"),
        (12.34e-9, "12.3 ns"),
        (999.6e-9, "1.00 µs"),
        (4.56e-6, "4.56 µs"),
        (0.0789, "78.9 ms"),
        (0.99949, "999 ms"),
        (0.9999, "1.00 s"),
        (123.4, "123 s"),
    ],
)
def test_durations_have_three_digits(seconds: float, text: str) -> None:
    """A duration is shown with three digits in its largest unit."""
    assert human_time(seconds) == text


def test_sizes_may_be_negative() -> None:
    """A change of a size has its sign."""
    assert [human_size(-5), human_size(-1500)] == ["-5 B", "-1.5 kB"]


async def test_time_splits_the_round_trip(dispatch: Open) -> None:
    """The parts are what the session measured and the rest, and they add up."""
    dispatcher = await dispatch()
    text = await shown(dispatcher, "%time await new Promise(r => setTimeout(r, 120)); 7")
    found = re.fullmatch(
        rf"7\n({NUMBER}) in the session, ({NUMBER}) for the network and noderepl: ({NUMBER}) in all\.",
        text,
    )
    assert found is not None, text
    assert found[1].endswith("ms") and float(found[1].split()[0]) >= 115


SNIPPETS = (
    "1 + 1",
    "let i = 0; while (i < 10) i++; i",
    "new Promise(r => setTimeout(r, 1))",
    "const { sep } = await import('path'); sep",
    "import { sep } from 'path'; sep.length",
    "{ a: 1 }",
    "const n: number = 1; n as number",
    "enum E { A }; E.A // the end",
    "class A {}; new A()",
    "for await (const x of [1]) { x }",
    "'ü😀'.length // ü",
)


async def test_timeit_takes_any_snippet(dispatch: Open, fast: None) -> None:
    """Expressions, statements, awaits, imports and TypeScript; nothing of the value is shown or kept."""
    dispatcher = await dispatch()
    for snippet in SNIPPETS:
        text = (await shown(dispatcher, f"%timeit {snippet}")).split("\n")[0]
        assert MEAN.fullmatch(text) or ONCE.fullmatch(text), (snippet, text)
    assert (
        await shown(dispatcher, "typeof _1 + typeof i + typeof sep + typeof A")
        == f"'{'undefined' * 4}'"
    )


async def test_timeit_shows_an_error_once(dispatch: Open, fast: None) -> None:
    """With its place in the typed text, and without frames of noderepl; a syntax error too."""
    dispatcher = await dispatch()
    await shown(dispatcher, "let calls = 0; function f() { calls += 1; throw new Error('no') }")
    text = await shown(dispatcher, "%timeit 1; f()")
    assert text.count("Error: no") == 1 and "[2]:1:4" in text and "measured" not in text
    assert await shown(dispatcher, "calls") == "1"
    assert "per loop" not in await shown(dispatcher, "%timeit 1 +")
    text = await shown(dispatcher, "%timeit await 1; f()")
    assert text.count("Error: no") == 1 and "inTurn" not in text


async def test_timeit_runs_what_is_slow_once(dispatch: Open, fast: None) -> None:
    """And says so; the time limit and Ctrl-C end it as they end any snippet."""
    dispatcher = await dispatch()
    await shown(dispatcher, "let runs = 0")
    text = await shown(dispatcher, "%timeit runs += 1; await new Promise(r => setTimeout(r, 250))")
    assert " per loop (1 run of 1 loop)\nIt ran once" in text
    assert await shown(dispatcher, "runs") == "1"
    await shown(dispatcher, "%timeout 1")
    assert "ran for 1 s" in await shown(dispatcher, "%timeit for (;;);")
    await shown(dispatcher, "%timeout 60")
    running = asyncio.create_task(shown(dispatcher, "%timeit for (;;);"))
    await asyncio.sleep(0.5)  # the snippet runs
    assert await dispatcher.executor.interrupted(20) is not None
    assert "was stopped" in await running
    assert await shown(dispatcher, "runs") == "1"


async def test_timeit_as_json(dispatch: Open, fast: None) -> None:
    """Seconds, as numbers."""
    dispatcher = await dispatch(json=True)
    (outcome,) = await dispatcher.run_line("%timeit 1")
    assert isinstance(outcome, Text)
    found = json.loads(outcome.text)
    assert found["best"] <= found["mean"] < 0.01 and found["loops"] >= 1 and len(found["runs"]) <= 7


async def test_a_profile_of_too_many_calls_is_not_shown(
    dispatch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value is, and a sentence says what to do."""
    monkeypatch.setattr(measuring, "MOST_CALLS", 1)
    dispatcher = await dispatch()
    value, failure = map(rendered, await dispatcher.run_line("%prof 3 + 4"))
    assert value == "7"
    assert re.fullmatch(r"the profile has \d+ different calls, too many to show: .*", failure)


async def test_prof_finds_the_hot_function(dispatch: Open, tmp_path: Path) -> None:
    """Places are those of the typed text; noderepl's own frames are left out; the value appears."""
    dispatcher = await dispatch()
    await shown(
        dispatcher,
        "const add = 1;\n  function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }",
    )
    target = tmp_path / "a b.cpuprofile"
    outcomes = await dispatcher.run_line(f"%prof --save '{target}' console.log('x'); fib(27)")
    value, table, *_ = map(rendered, outcomes)
    assert value == "x\n196418"
    assert re.search(r"^ *[\d.]+ % +[\d.]+ ms +[\d.]+ ms +fib +\[1\]:2:15$", table, re.MULTILINE), (
        table
    )
    assert not re.search("evalmachine.*:[0-9]{3}|noderepl|node:inspector", table)
    assert table.count(" % ") <= 15
    assert isinstance(outcomes[-1], Saved)
    profile = json.loads(target.read_text())
    assert {"nodes", "samples", "timeDeltas"} <= set(profile)
    with pytest.raises(UsageError, match="already exists"):
        await dispatcher.run_line(f"%prof --save '{target}' 1")
    text = await shown(dispatcher, f"%prof --save '{target}' --force boom()")
    assert "ReferenceError: boom is not defined" in text and "Saved" in text


@pytest.mark.parametrize(
    "line", ["%prof", "%prof --save x", "%prof --force", "%timeit", "%time", "%prof --save 1"]
)
async def test_a_missing_snippet_is_an_error(dispatch: Open, line: str) -> None:
    """One sentence with the usage."""
    with pytest.raises(UsageError, match="the snippet is missing; usage: %"):
        await (await dispatch()).run_line(line)


async def test_mem_shows_what_changed(dispatch: Open) -> None:
    """Sizes are aligned; the second time, there is a column of changes."""
    dispatcher = await dispatch()
    first = (await shown(dispatcher, "%mem")).splitlines()
    assert [line.split("  ")[0] for line in first] == [
        "memory", "heap used", "heap total", "heap limit", "rss", "external", "array buffers",
    ]  # fmt: skip
    assert len({len(line) for line in first}) == 1
    await shown(dispatcher, "const big = new ArrayBuffer(5e6)")
    second = (await shown(dispatcher, "%mem")).splitlines()
    assert second[0].split() == ["memory", "size", "change"]
    assert re.search(r"\+[45]\.\d MB$", second[-1]), second


async def test_plain_mode_measures_nothing(dispatch: Open) -> None:
    """What needs the prelude says so in one sentence; %mem and %time do not need it."""
    dispatcher = await dispatch()
    await shown(dispatcher, "%mode plain")
    for line in ("%timeit 1", "%prof 1", "%jobs", "%stop 1", "%reset x", "%who -d x"):
        with pytest.raises(UsageError, match="needs %mode full"):
            await dispatcher.run_line(line)
    assert "heap used" in await shown(dispatcher, "%mem")
    assert "in the service" in await shown(dispatcher, "%time 1")


async def test_a_session_without_inspector_measures_nothing(dispatch: Open) -> None:
    """One sentence says so, and nothing runs; %mem works."""
    dispatcher = await dispatch()
    await shown(dispatcher, "%mode plain")
    await shown(
        dispatcher,
        "var Module = require('module'), load = Module._load; Module._load = (name, ...more) => {"
        " if (name === 'inspector') throw new Error('none'); return load(name, ...more); }; globalThis.ran = 0",
    )
    await shown(dispatcher, "%mode full")
    for line in ("%timeit ran += 1", "%prof ran += 1", "%jobs", "%reset --yes"):
        with pytest.raises(UsageError, match=r"needs the Node\.js inspector, which"):
            await dispatcher.run_line(line)
    assert "heap used" in await shown(dispatcher, "%mem")
    assert (await shown(dispatcher, "ran")).startswith("0")


async def test_a_snippet_that_leaves_early_is_not_measured(dispatch: Open, fast: None) -> None:
    """What it called is shown, and that nothing was measured."""
    outcomes = await (await dispatch()).run_line("%timeit process.exit(0)")
    assert isinstance(outcomes[-1], Failure) and "before it was measured" in outcomes[-1].text
