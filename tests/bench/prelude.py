"""What the prelude costs: a snippet through it beside the same one as it is typed, taking turns in one run."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from dispatching import opened

from noderepl.dispatcher import Dispatcher
from tests.bench.report import milliseconds, p50_and_p95
from tests.bench.timing import timed

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
            await full.session()
            milliseconds("putting the prelude into a session that is up", await timed(full.warm_up))
            for what, code in SNIPPETS.items():
                # The bare kernel takes no constant twice.
                await compare(what, full, plain, code, code.replace("const ", "var "))


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
