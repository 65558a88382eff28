"""%timeit: measures a snippet in the session.

A snippet that is measured runs as any other does: one request, which Ctrl-C interrupts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from statistics import mean, pstdev
from typing import TYPE_CHECKING

from noderepl.errors import ExitCode, UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Execution, Failure, Outcome, Text, Words, is_failure
from noderepl.units import human_time

if TYPE_CHECKING:
    from noderepl.javascript.reports import Timing

FOLDED = 0.5e-9
"""Seconds; a loop that does something takes longer."""


async def check_prelude(context: Context, name: str) -> None:
    """Raises UsageError if the session does not have what a magic needs."""
    if context.preferences.mode == "plain":
        raise UsageError(f"%{name} needs %mode full")
    if not await context.runner.has_prelude():
        raise UsageError(f"%{name} needs the Node.js inspector, which this session does not have")


def without_value(execution: Execution) -> Sequence[Outcome]:
    """Returns the outcomes of a snippet whose value is not shown: its output, errors and notes."""
    ran = replace(execution, value=None)
    shown = (ran.stdout, ran.stderr, ran.notes, ran.late, ran.media, ran.streamed)
    return [ran] if is_failure(ran) or any(shown) else []


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
    each = timing.each
    return json.dumps(
        {"mean": mean(each), "deviation": pstdev(each), "best": min(each), "loops": timing.loops}
        | {"runs": each}
    )


def _timed(timing: Timing) -> Sequence[Outcome]:
    each = timing.each
    if len(each) == 1:
        return [
            Text(f"{human_time(each[0])} (1 run of 1 loop)"),
            Words("It ran once: a second run does not fit into the 2 s of %timeit."),
        ]
    loops = f"{timing.loops:,} loop{'s' if timing.loops != 1 else ''}"
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
)
