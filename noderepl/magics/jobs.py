"""%jobs and %stop: what is active in the session, such as timers, servers and processes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from noderepl.errors import ExitCode, UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.magics.measuring import check_prelude
from noderepl.outcome import Failure, Outcome, Table, Text, Words
from noderepl.units import human_time

if TYPE_CHECKING:
    from noderepl.javascript.reports import Job

UNKNOWN = (
    "A job without a snippet began in the background; the session does not know which snippet"
    " caused it."
)
_LONGEST_NUMBER = 9  # digits


async def _jobs(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    await check_prelude(context, "jobs")
    jobs = await _asked(context, None)
    if context.preferences.wants_json:
        return [Text(json.dumps([asdict(job) for job in jobs], ensure_ascii=False))]
    if not jobs:
        return [Words("Nothing is active in the session.")]
    rows = tuple(
        (str(job.number), job.kind, _details(job), "" if job.snippet is None else str(job.snippet))
        for job in jobs
    )
    table = Table(("job", "kind", "details", "snippet"), rows)
    return [table, *([Words(UNKNOWN)] if any(job.snippet is None for job in jobs) else [])]


async def _stop(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    (word,) = arguments.parse(least=1, most=1).words
    is_number = word.isdecimal() and len(word) <= _LONGEST_NUMBER
    if word != "all" and not is_number:
        raise arguments.wrong(f"{word!r} is neither the number of a job nor all")
    await check_prelude(context, "stop")
    jobs = await _asked(context, int(word) if is_number else "all")
    if not jobs and is_number:
        raise UsageError(f"there is no job {int(word)}; %jobs lists them")
    return [_stopped(job) for job in jobs] or [Words("Nothing is active in the session.")]


async def _asked(context: Context, stop: int | str | None) -> Sequence[Job]:
    from noderepl.javascript.reports import Jobs, read

    found = read(Jobs, await context.runner.ask("jobs", {"stop": stop}))
    if found is None:
        raise UsageError("the session has sent no list of its jobs")
    return found.jobs


def _stopped(job: Job) -> Outcome:
    what = f"job {job.number}: {' '.join(filter(None, (job.kind, _details(job))))}"
    if job.failure:
        return Failure(f"{what}: it could not be ended: {job.failure}", ExitCode.THREW)
    of = "" if job.snippet is None else f", of snippet {job.snippet}"
    return Words(f"Ended {what}{of}.")


def _details(job: Job) -> str:
    if job.delay is None or job.kind not in ("timeout", "interval"):
        return job.text
    return f"{'every' if job.kind == 'interval' else 'after'} {human_time(job.delay / 1000)}"


JOBS = Magic(
    name="jobs",
    group="Session",
    usage="%jobs",
    summary="List what is active in the session: timers, servers, processes",
    details=(
        "Lists timers, servers, sockets, child processes, watchers and workers, each with its"
        " number for %stop and the\nnumber of the snippet that made it. Timers that were unref()ed"
        " are not listed, and neither are promises."
    ),
    run=_jobs,
)

STOP = Magic(
    name="stop",
    group="Session",
    usage="%stop N|all",
    summary="End a job of the session, or all",
    details=(
        "N is a number from %jobs. Timers are cleared, servers and sockets closed with their"
        " connections, processes\nget SIGTERM, and workers are terminated."
    ),
    run=_stop,
    completes="word",
    words=("all",),
)
