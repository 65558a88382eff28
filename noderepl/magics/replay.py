"""%replay: repeats the steps of the lost session in the present one. Steps are never repeated
without this command.
"""

from __future__ import annotations

from collections.abc import Sequence

from noderepl.errors import ExitCode, NodeReplError, SessionLost, UsageError
from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.files import send
from noderepl.magics.magic import Magic
from noderepl.magics.npm import run_npm
from noderepl.magics.reset import run_reset
from noderepl.outcome import Failure, Outcome, Table, Words, is_failure
from noderepl.sessions.journal import Entry, Npm, Reset, Snippet, Upload

_RANGE = lazy_pattern(r"(\d{1,9})(?:(-)(\d{1,9})?)?")
_LONGEST = 60
OUTSIDE = "network"
REACHES = (
    f"Steps marked {OUTSIDE} may repeat an effect outside the session; functions that a snippet"
    " calls may do so without a mark."
)


async def _replay(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(most=1, flags=("dry-run",))
    journal = context.state.journal
    if not journal.lost:
        raise UsageError("no session was lost; there is nothing to replay")
    first, last = _range(arguments, given.words, journal.position + 1, len(journal.lost))
    steps = list(enumerate(journal.lost, 1))[first - 1 : last]
    if "dry-run" in given.flags:
        return _listed(steps)
    lost = journal.lost
    journal.pass_to(first - 1)
    for number, entry in steps:
        context.screen.step(f"replay {number - first + 1}/{len(steps)}: {_line(entry)}")
        if failed := await _again(context, entry):
            return [*failed, _stopped(number, first, last, goes_on=journal.lost is lost)]
        journal.pass_to(number)
    left = len(journal.lost) - journal.position
    rest = f" {_counted(left)} left: %replay continues with {journal.position + 1}." if left else ""
    return [Words(f"Replayed {_numbers(first, last)}.{rest}")]


def _range(arguments: Arguments, words: Sequence[str], first: int, last: int) -> tuple[int, int]:
    """Returns the numbers of the first and of the last step."""
    if not words:
        return first, last
    found = _RANGE.fullmatch(words[0])
    if found is None:
        raise arguments.wrong(f"{words[0]!r} is not a range such as 3, 3-7 or 3-")
    low = int(found[1])
    high = int(found[3]) if found[3] else last if found[2] else low
    if not 1 <= low <= high <= last:
        raise arguments.wrong(f"the steps are numbered from 1 to {last}")
    return low, high


async def _again(context: Context, entry: Entry) -> Sequence[Outcome]:
    """Repeats one step. Returns the outcomes of its failure, empty if it succeeded."""
    try:
        match entry:
            case Snippet(code, number):
                outcomes: Sequence[Outcome] = [await context.runner.rerun(code, number)]
            case Npm(words):
                outcomes = await run_npm(context, words)
            case Upload(source, name):
                outcomes = await send(context, source, name)
            case Reset(names):
                outcomes = await run_reset(context, names)
    except SessionLost as error:
        # The steps have other numbers now.
        error.again = "%replay"
        raise
    except NodeReplError as error:
        return [Failure(str(error), error.exit_code)]
    return outcomes if any(map(is_failure, outcomes)) else []


def _stopped(number: int, first: int, last: int, *, goes_on: bool) -> Failure:
    if not goes_on:
        return Failure(
            f"The replay stopped at step {number}: the session was lost again", ExitCode.THREW
        )
    done = f"{_numbers(first, number - 1)} done" if number > first else "nothing done"
    on = f", %replay {number + 1}- skips it" if number < last else ""
    text = f"The replay stopped at step {number}, {done}; %replay retries it{on}"
    return Failure(text, ExitCode.THREW)


def _counted(left: int) -> str:
    return f"{left} steps are" if left != 1 else "1 step is"


def _numbers(first: int, last: int) -> str:
    return f"step {first}" if first == last else f"steps {first} to {last}"


def _listed(steps: Sequence[tuple[int, Entry]]) -> Sequence[Outcome]:
    rows = tuple(
        (str(number), OUTSIDE if entry.reaches_outside else "", _line(entry))
        for number, entry in steps
    )
    reaches = [Words(REACHES)] if any(entry.reaches_outside for _, entry in steps) else []
    return [Table((), rows), *reaches]


def _line(entry: Entry) -> str:
    """Returns a step on one line."""
    line = " ".join(str(entry).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


REPLAY = Magic(
    name="replay",
    group="Session",
    usage="%replay [N-M] [--dry-run]",
    summary="Re-run the steps of a lost session",
    details=(
        "Repeats packages, uploads and successful snippets in order. Shows their output only if one"
        " fails,\nand stops there. 3, 3-7 and 3- select steps by number. --dry-run only lists them."
    ),
    run=_replay,
    completes="word",
    words=("--dry-run",),
)
