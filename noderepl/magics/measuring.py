"""%timeit, %prof and %mem: measure a snippet, and the memory of the session.

A snippet that is measured runs as any other does: one request, which Ctrl-C interrupts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.errors import ExitCode, UsageError
from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import Arguments, split
from noderepl.magics.context import Context
from noderepl.magics.local import arriving, check_free, local_path
from noderepl.magics.magic import Magic
from noderepl.magics.values import without_value
from noderepl.outcome import (
    Failure,
    Outcome,
    Saved,
    Table,
    Text,
    Words,
    is_failure,
)
from noderepl.units import human_size, human_time

if TYPE_CHECKING:
    from noderepl.javascript.profiles import Times
    from noderepl.javascript.reports import Timing

# Words and numbers, which represent a string in the same way on every kernel.
MEMORY = """\
(() => {
  const { heapUsed, heapTotal, rss, external, arrayBuffers } = process.memoryUsage();
  const limit = require("v8").getHeapStatistics().heap_size_limit;
  return [heapUsed, heapTotal, limit, rss, external, arrayBuffers].join(" ");
})()"""
KINDS = ("heap used", "heap total", "heap limit", "rss", "external", "array buffers")
_NUMBERS = lazy_pattern(r"\b\d{1,15}(?: \d{1,15}){5}\b")
HOTTEST = 15
"""The number of functions that %prof shows."""
MOST_CALLS = 100_000
_TOO_LARGE = "the profile has {:,} different calls, too many to show: profile a shorter run"
# An option before the snippet, which may itself begin with `--`.
_OPTION = lazy_pattern(
    r"""\s*--(?P<name>force|save|)(?:(?<=save)(?:=|\s+)"""
    r"""(?P<file>(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+))?(?:\s+|$)"""
)
FOLDED = 0.5e-9
"""Seconds; a loop that does something takes longer."""


async def check_prelude(context: Context, name: str) -> None:
    """Raises UsageError if the session does not have what a magic needs."""
    if context.preferences.mode == "plain":
        raise UsageError(f"%{name} needs %mode full")
    if not await context.runner.has_prelude():
        raise UsageError(f"%{name} needs the Node.js inspector, which this session does not have")


async def _timeit(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    from noderepl.javascript.prelude_request import Instrument
    from noderepl.javascript.reports import Timing, read

    if not arguments.text:
        raise arguments.wrong("the snippet is missing")
    await check_prelude(context, "timeit")
    instrument = Instrument("timeit", calls=True)
    execution = await context.runner.run_snippet(arguments.text, instrument=instrument)
    outcomes = without_value(execution)
    if is_failure(execution):
        return outcomes
    timing = read(Timing, execution.report)
    if timing is None:
        return [*outcomes, Failure("the snippet ended before it was measured", ExitCode.THREW)]
    if context.preferences.wants_json:
        return [*outcomes, Text(_as_json(timing))]
    return [*outcomes, *_timed(timing)]


def _as_json(timing: Timing) -> str:
    from statistics import mean, pstdev  # start-up does not need it

    each = timing.each
    return json.dumps(
        {"mean": mean(each), "deviation": pstdev(each), "best": min(each), "loops": timing.loops}
        | {"runs": each}
    )


def _timed(timing: Timing) -> Sequence[Outcome]:
    from statistics import mean, pstdev  # as above

    each = timing.each
    loops = f"{timing.loops:,} loop{'s' if timing.loops != 1 else ''}"
    if len(each) == 1:
        once = [Words("It ran once: a second run does not fit into the 2 s of %timeit.")]
        text = f"{human_time(each[0])} per loop (1 run of {loops})"
        return [Text(text), *(once if timing.loops == 1 else [])]
    text = (
        f"{human_time(mean(each))} ± {human_time(pstdev(each))} per loop, best"
        f" {human_time(min(each))} ({len(each)} runs of {loops})"
    )
    if mean(each) >= FOLDED:
        return [Text(text)]
    return [
        Text(text),
        Words("So short a time shows that the engine does not compute the value in each loop."),
    ]


async def _prof(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    from noderepl.javascript.prelude_request import Instrument
    from noderepl.javascript.profiles import times
    from noderepl.javascript.reports import Profile, read
    from noderepl.threaded import worked

    target, force, snippet = _prof_arguments(context, arguments)
    if target is not None:
        check_free(target, force=force)
    await check_prelude(context, "prof")
    instrument = Instrument("prof", arguments={"save": target is not None, "most": MOST_CALLS})
    execution = await context.runner.run_snippet(snippet, instrument=instrument)
    report = execution.report or ""
    profile = await worked(partial(read, Profile), report, len(report))
    if profile is None:
        return [execution, Failure("the session has sent no profile", ExitCode.THREW)]
    if len(profile.nodes) < profile.size:
        return [execution, Failure(_TOO_LARGE.format(profile.size), ExitCode.THREW)]
    found = await worked(times, profile, len(report))
    outcomes = [execution, *_hottest(found)]
    if context.preferences.wants_json:
        outcomes = [execution, Text(json.dumps(asdict(found), ensure_ascii=False))]
    if target is None or profile.profile is None:
        return outcomes
    content = profile.profile.encode(errors="replace")
    with arriving(target, force=force) as sink:
        sink.write(content)
    return [*outcomes, Saved(target, len(content))]


def _prof_arguments(context: Context, arguments: Arguments) -> tuple[Path | None, bool, str]:
    """Returns the file for the profile, whether it may be replaced, and the snippet."""
    text, target, force = arguments.text, None, False
    while found := _OPTION.match(text):
        text = text[found.end() :]
        if found["name"] == "force":
            force = True
        elif found["name"] == "save":
            words = list(split(found["file"] or ""))
            if len(words) != 1:
                raise arguments.wrong("--save needs the name of one file")
            target = local_path(words[0].text, context)
        else:
            break
    if not text.strip():
        raise arguments.wrong("the snippet is missing")
    return target, force, text


async def _mem(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    execution = await context.runner.execute(MEMORY)
    found = _NUMBERS.search(execution.value.text) if execution.value else None
    if is_failure(execution):
        return [execution]
    if found is None:
        return [Failure("the session has not reported its memory", ExitCode.SERVICE)]
    now = tuple(map(int, found[0].split()))
    before, context.state.memory = context.state.memory, now
    if context.preferences.wants_json:
        return [Text(json.dumps(dict(zip(KINDS, now, strict=True))))]
    header = ("memory", "size") if before is None else ("memory", "size", "change")
    rows = [header, *(_memory_row(*row) for row in zip(KINDS, now, before or now, strict=True))]
    columns = list(zip(*(row[: len(header)] for row in rows), strict=True))
    columns[1:] = [right_aligned(column) for column in columns[1:]]
    head, *cells = zip(*columns, strict=True)
    return [Table(head, tuple(cells))]


def _memory_row(kind: str, now: int, before: int) -> tuple[str, str, str]:
    change = "" if now == before else f"{'+' if now > before else ''}{human_size(now - before)}"
    return kind, human_size(now), change


def right_aligned(cells: Sequence[str]) -> tuple[str, ...]:
    """Returns cells of one width."""
    width = max(map(len, cells), default=0)
    return tuple(cell.rjust(width) for cell in cells)


def _hottest(found: Times) -> Sequence[Outcome]:
    idle = f", {human_time(found.idle)} of waiting" if found.idle else ""
    spent = f"{human_time(found.busy)} of computing{idle}."
    if not found.functions:
        return [Words("The snippet was too short to be profiled.")]
    hot = found.functions[:HOTTEST]
    cells = [
        (f"{100 * one.own / found.busy:.1f} %", human_time(one.own), human_time(one.total))
        for one in hot
    ]
    header = ("self", "time", "total")
    numbers = [right_aligned(column) for column in zip(header, *cells, strict=True)]
    names = ["function", *(one.name or "(anonymous)" for one in hot)]
    places = ["place", *(one.place for one in hot)]
    head, *rows = zip(*numbers, names, places, strict=True)
    return [Table(head, tuple(rows)), Words(spent)]


TIMEIT = Magic(
    name="timeit",
    usage="%timeit SNIPPET",
    summary="Run a snippet many times and show how long it takes",
    details=(
        "Runs it in a loop for up to 2 s, after a warm-up, and shows the mean of up to 7 runs,"
        " their standard\ndeviation and the best. Promises are awaited. Its value is not shown, and"
        " the names that it declares are\nits own."
    ),
    run=_timeit,
    completes="javascript",
)

PROF = Magic(
    name="prof",
    usage="%prof [--save FILE [--force]] SNIPPET",
    summary="Run a snippet and show its hottest functions",
    details=(
        f"Shows the {HOTTEST} functions that took the most time themselves: the share, the time,"
        " the time with what\nthey called, and the place. --save FILE writes the profile for the"
        " developer tools of browsers; an existing\nfile is replaced only with --force."
    ),
    run=_prof,
    completes="javascript",
)

MEM = Magic(
    name="mem",
    group="Look",
    usage="%mem",
    summary="Show the memory of the session",
    details=(
        "Shows the heap (used, total, and its limit), the resident set, what is outside the heap,"
        " and the array\nbuffers in that; also what has changed since the last %mem."
    ),
    run=_mem,
)
