"""What the embedded pool costs: session start, executions, the layers above the worker, memory, and what is left."""

from __future__ import annotations

import asyncio
import os
import statistics
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
from driving import descendants

from noderepl.client.inprocess import InProcessTransport
from noderepl.garbage import collect_seldom
from noderepl.service.app import create_app
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool
from tests.bench.beside import beside
from tests.bench.report import at_least, at_most, milliseconds, p50_and_p95
from tests.bench.timing import SOME, STARTS, per_second, timed

VERSION = "2025-10-02-preview"
BODY = {"code": "1+1"}
DROPPED = 200
# Of the rates: turns, pools of 8 sessions in each, and executions of each session, in two parts.
RATE_TURNS, POOLS = 5, 3
FIRST, NEXT = 16, 64


class Asker:
    """Asks a pool over HTTP inside this process."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        # httpx' own transport looks for a module that is missing, at each request.
        self.http = httpx.AsyncClient(
            transport=InProcessTransport(create_app(pool)), base_url="http://pool", timeout=None
        )

    async def execute(self, identifier: str) -> None:
        """Runs 1+1 in a session."""
        params = {"identifier": identifier, "api-version": VERSION}
        answer = await self.http.post("/executions", params=params, json=BODY)
        assert answer.json()["result"]["executionResult"] == 2, answer.text

    async def drop(self, identifier: str) -> None:
        """Ends a session."""
        params = {"identifier": identifier, "api-version": VERSION}
        assert (await self.http.delete("/session", params=params)).status_code == 204


@asynccontextmanager
async def asker() -> AsyncIterator[Asker]:
    """A pool of its own for one measurement."""
    pool = Pool(Launcher(find_node()), max_sessions=600)
    opened = Asker(pool)
    try:
        yield opened
    finally:
        await opened.http.aclose()
        await pool.close()


async def starts() -> None:
    """The first answer of a new session, with and without a worker that is ready."""
    cold, warm = [], []
    for n in range(STARTS):
        async with asker() as one:
            cold.append(await timed(lambda: one.execute("first-session")))
            one.pool.prewarm()
            await one.pool.node_version()
            await asyncio.sleep(0.3)  # the spare comes online
            warm.append(await timed(lambda n=n: one.execute(f"session-{n}")))
    p50_and_p95("session start, cold", cold)
    p50_and_p95("session start, prewarmed", warm, 0.010)


async def throughput() -> None:
    """Executions of 1+1 per second, over one session and many, in pools that take turns.

    Each session has run the same number of executions before those that are timed, and runs the
    same number of them: Node.js compiles code that is used often, so that its first executions are
    the slowest. The rates of those are printed too. There are more pools of 8 sessions, so that
    both sides run for some seconds. Garbage is collected as in a served pool.
    """
    collect_seldom()
    rates: dict[int, tuple[list[float], list[float]]] = {s: ([], []) for s in (1, 8, 64)}
    for turn in range(RATE_TURNS):
        for sessions, (cold, warm) in rates.items():
            for _ in range(POOLS if sessions == 8 else sessions == 64 or turn == 0):
                async with asker() as one:
                    asks = [partial(one.execute, f"session-{n}") for n in range(sessions)]
                    await asyncio.gather(*(ask() for ask in asks))
                    cold.append(await per_second(asks, FIRST * sessions))
                    warm.append(await per_second(asks, NEXT * sessions))
    for number, (when, target) in enumerate(((f", first {FIRST} of each", None), ("", 0.95))):
        medians = {sessions: statistics.median(found[number]) for sessions, found in rates.items()}
        for sessions, median in medians.items():
            what = f"executions per second, {sessions} session{'s' if sessions > 1 else ''}{when}"
            at_least(what, median, 1000 if sessions == 8 and target else None)
        ratio = medians[64] / medians[8]
        at_least(f"64 sessions: of the rate of 8{when}", ratio, target, digits=2)


async def added_latency() -> None:
    """What HTTP, the API and the pool add to asking the worker itself; both in one run, taking turns."""
    async with asker() as one:
        await one.execute("test-session")
        session = await one.pool.session("test-session")
        through, direct = [], []
        for _ in range(SOME):
            through.append(await timed(lambda: one.execute("test-session")))
            direct.append(await timed(lambda: session.execute("1+1", 60)))
    p50_and_p95("an execution through the API", through)
    p50_and_p95("an execution, worker asked directly", direct)
    milliseconds(
        "added by the API, p50", statistics.median(through) - statistics.median(direct), 0.0015
    )


async def memory() -> None:
    """Proportional set size of an idle session's processes."""
    async with asker() as one:
        before = _node_memory()
        await asyncio.gather(*(one.execute(f"session-{n}") for n in range(8)))
        await asyncio.sleep(1)
        at_most(
            "memory per idle session (PSS of its processes)",
            (_node_memory() - before) / 8 / 2**20,
            "MB",
            60,
        )


async def nothing_left() -> None:
    """Sessions created and dropped: how long each takes, and what is left of them."""
    async with asker() as one:
        place, took = one.pool.place, []
        for n in range(DROPPED):

            async def create_and_drop(name: str = f"session-{n}", one: Asker = one) -> None:
                await one.execute(name)
                await one.drop(name)

            took.append(await timed(create_and_drop))
        p50_and_p95("a session created and dropped", took)
    at_most(f"processes left after {DROPPED} sessions", float(len(_node_processes())), "", None)
    at_most("files left", float(len(list(place.rglob("*"))) if place.exists() else 0), "", None)


def _node_processes() -> list[Path]:
    """This process' descendants that are Node.js or bubblewrap."""

    return [Path(f"/proc/{pid}") for pid in descendants(os.getpid())]


def _node_memory() -> int:
    total = 0
    for process in _node_processes():
        try:
            lines = (process / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total


async def main() -> None:
    """All measurements."""
    for measure in (starts, throughput, added_latency, memory, nothing_left, beside):
        await measure()
