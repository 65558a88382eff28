"""What the prelude costs: a snippet through it beside the same one as it is typed, taking turns in one run.

Also the requests and the bytes of both, which the service gets and sends.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from dispatching import opened
from serving import TOKEN, Served, served

from noderepl.dispatcher import Dispatcher
from tests.bench.report import at_most, milliseconds, p50_and_p95
from tests.bench.timing import timed

sys.path.append(str(Path(__file__).parents[1] / "faults"))

from fault_proxy import Exchange, FaultProxy

SNIPPETS = {
    "1+1": "1+1",
    "a declaration": "const point = { x: 1, y: [1, 2, 3] }",
    "ten lines": "\n".join(
        ["function area({ width, height }) {", "  return width * height", "}", "const rooms = ["]
        + [f"  {{ width: {n}, height: {n + 1} }}," for n in range(4)]
        + ["]", "rooms.map(area)"]
    ),
}
WARM_UP, TIMES = 50, 500


async def main() -> None:
    """All measurements."""
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as place:
        async with opened(Path(place)) as full, opened(Path(place), mode="plain") as plain:
            await plain.run_snippet("1")
            await full.run_line("%files")  # opens the session
            milliseconds("putting the prelude into a session that is up", await timed(full.warm_up))
            for what, code in SNIPPETS.items():
                # The bare kernel takes no constant twice.
                await compare(what, full, plain, code, code.replace("const ", "var "))
        with served(Path(place, "server")) as pool:
            for mode in ("full", "plain"):
                async with counted(pool, Path(place), mode) as (dispatcher, passed):
                    await count(mode, dispatcher, passed)


async def compare(
    what: str, full: Dispatcher, plain: Dispatcher, code: str, bare_code: str
) -> None:
    """Prints how long a snippet takes in both modes, and what the prelude adds at the median."""
    through, bare = [], []
    for _ in range(WARM_UP + TIMES):
        through.append(await timed(lambda: full.run_snippet(code)))
        bare.append(await timed(lambda: plain.run_snippet(bare_code)))
    p50_and_p95(f"{what}, through the prelude", through[WARM_UP:])
    p50_and_p95(f"{what}, as typed", bare[WARM_UP:])
    added = statistics.median(through[WARM_UP:]) - statistics.median(bare[WARM_UP:])
    milliseconds(f"{what}: added by the prelude, p50", added, 0.001)


@asynccontextmanager
async def counted(
    pool: Served, place: Path, mode: str
) -> AsyncIterator[tuple[Dispatcher, list[tuple[int, int]]]]:
    """A dispatcher, and the bytes of each of its requests and of the answer, heads included."""
    passed: list[tuple[int, int]] = []

    async def count(exchange: Exchange) -> None:
        answer = await exchange.passed_on()
        passed.append((len(exchange.head) + len(exchange.body), len(answer)))
        await exchange.send(answer)

    with FaultProxy(pool.endpoint, choose=lambda _: count) as proxy:
        environ = {"NODEREPL_TOKEN": TOKEN}
        options = {"endpoint": proxy.url, "session": f"bench-{mode}", "mode": mode}
        async with opened(place, environ=environ, **options) as dispatcher:
            yield dispatcher, passed


async def count(mode: str, dispatcher: Dispatcher, passed: list[tuple[int, int]]) -> None:
    """Prints what the first snippet of a session, and each later one, sends and gets."""
    await dispatcher.run_snippet("1")
    for what, code in {"the first snippet of a session": "", **SNIPPETS}.items():
        if code:
            passed.clear()
            for _ in range(TIMES // 10):
                await dispatcher.run_snippet(code.replace("const ", "var "))
        snippets = TIMES // 10 if code else 1
        at_most(f"{what}, {mode}: requests", len(passed) / snippets, "", 1, digits=2)
        for way, sizes in zip(("sent", "received"), zip(*passed, strict=True), strict=True):
            at_most(f"{what}, {mode}: {way}", sum(sizes) / snippets, "bytes", digits=0)
