"""What a session costs while nothing runs in it, and how long it takes to end what does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from dispatching import opened
from driving import descendants

from noderepl.dispatcher import Dispatcher
from noderepl.outcome import Outcome, Status
from tests.bench.report import at_most, milliseconds

IDLE_SECONDS = 20
SETTLING_SECONDS = 3
TIMES = 7
RUNNING = {
    "while (true) {}": "while (true) {}",
    "a pending await": "await new Promise(() => {})",
    "a busy output loop": "for (let i = 0; ; i++) console.log(`line ${i}`)",
    "execSync('sleep 60')": "require('child_process').execSync('sleep 60')",
}


async def idle() -> None:
    """CPU that a session takes while nothing runs, with the prelude and without, over the same seconds."""
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as place:
        async with (
            processes_of(Path(place)) as full,
            processes_of(Path(place), mode="plain") as plain,
        ):
            await asyncio.sleep(SETTLING_SECONDS)
            before, began = (cpu(full), cpu(plain)), time.monotonic()
            await asyncio.sleep(IDLE_SECONDS)
            took = time.monotonic() - began
            through, typed = (
                100 * (cpu(one) - was) / took
                for one, was in zip((full, plain), before, strict=True)
            )
    at_most("an idle session with the prelude", through, "% CPU", 0.2, digits=3)
    at_most("an idle session without", typed, "% CPU", digits=3)


@asynccontextmanager
async def processes_of(place: Path, **options: object) -> AsyncIterator[Sequence[int]]:
    """The processes of a session that a snippet has run in."""
    others = set(descendants(os.getpid()))
    async with opened(place, show=lambda _: None, **options) as dispatcher:
        await dispatcher.run_snippet("console.log(1)")
        yield [pid for pid in descendants(os.getpid()) if pid not in others]


def cpu(processes: Sequence[int]) -> float:
    """The seconds of CPU that all threads of these processes have taken."""
    nanoseconds = 0
    for pid in processes:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


async def interrupt() -> None:
    """From asking for a snippet's end to its answer, with all of its output."""
    shown: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as place:
        async with opened(Path(place), show=shown.append) as dispatcher:
            await dispatcher.warm_up()
            for what, code in RUNNING.items():
                took = [await seconds_to_end(dispatcher, code) for _ in range(TIMES)]
                milliseconds(f"interrupt: {what}, median of {TIMES}", statistics.median(took), 0.3)
                milliseconds(f"interrupt: {what}, worst", max(took))


async def seconds_to_end(dispatcher: Dispatcher, code: str) -> float:
    """The seconds that a snippet takes to end that has run for a while."""
    running = asyncio.create_task(dispatcher.run_snippet(code))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1.5):
            await asyncio.shield(running)
    began = time.perf_counter()
    await dispatcher.executor.interrupt()
    execution = await running
    took = time.perf_counter() - began
    assert execution.status is Status.INTERRUPTED, execution
    return took
