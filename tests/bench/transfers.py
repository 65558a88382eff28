"""Upload and download of one large file by noderepl and by curl, on the same served pool in the same run."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

from dispatching import opened
from serving import TOKEN, VERSION, served

from noderepl.dispatcher import Dispatcher
from noderepl.outcome import Saved, Uploaded
from tests.bench.report import at_least, milliseconds
from tests.bench.timing import timed
from tests.bench.turns import TURNS

SIZE = 100 << 20
TARGET = 0.9
"""Of the rate of curl."""
IDENTIFIER = "bench-session"


def curl(endpoint: str, path: str, *options: str) -> float:
    """Runs curl. Returns the seconds of its transfer, without those of its start."""
    query = urlencode({"api-version": VERSION, "identifier": IDENTIFIER})
    ran = subprocess.run(
        ["curl", "-sSf", "-H", f"Authorization: Bearer {TOKEN}", "-w", "%{stderr}%{time_total}",
         f"{endpoint}/{path}?{query}", *options],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return float(ran.stderr)


async def compared(
    what: str, ours: Callable[[], Awaitable[float]], theirs: Callable[[], Awaitable[float]]
) -> None:
    """Prints the medians of two ways, which take turns, and the ratio of their rates."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(TURNS + 1):
        for times, way in zip(took, (ours, theirs), strict=True):
            seconds = await way()
            if number:  # the first round is for caches
                times.append(seconds)
    mine, other = map(statistics.median, took)
    milliseconds(f"{what} of {SIZE >> 20} MB: noderepl", mine)
    milliseconds(f"{what} of {SIZE >> 20} MB: curl", other)
    at_least(f"{what}: of the rate of curl", other / mine, TARGET, digits=2)


class Transfers:
    """The two ways, and the places of both."""

    def __init__(self, dispatcher: Dispatcher, endpoint: str, place: Path) -> None:
        self._dispatcher, self._endpoint, self._place = dispatcher, endpoint, place

    async def our_upload(self) -> float:
        return await timed(self._upload)

    async def our_download(self) -> float:
        (self._place / "ours").unlink(missing_ok=True)
        return await timed(self._download)

    async def their_upload(self) -> float:
        file = f"file=@{self._place / 'source'};filename=theirs"
        return await asyncio.to_thread(curl, self._endpoint, "files", "-F", file)

    async def their_download(self) -> float:
        output = str(self._place / "theirs")
        return await asyncio.to_thread(
            curl, self._endpoint, "files/source/content", "--output", output
        )

    async def _upload(self) -> None:
        (uploaded,) = await self._dispatcher.run_line(f"%upload {self._place / 'source'}")
        assert isinstance(uploaded, Uploaded), uploaded

    async def _download(self) -> None:
        (saved,) = await self._dispatcher.run_line(f"%download source {self._place / 'ours'}")
        assert isinstance(saved, Saved), saved


async def main() -> None:
    """All measurements."""
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as directory:
        place = Path(directory)
        (place / "source").write_bytes(os.urandom(SIZE))
        with served(place / "server") as pool:
            options = {"endpoint": pool.endpoint, "session": IDENTIFIER}
            async with opened(place, environ={"NODEREPL_TOKEN": TOKEN}, **options) as dispatcher:
                await dispatcher.run_line("1")
                both = Transfers(dispatcher, pool.endpoint, place)
                await compared("upload", both.our_upload, both.their_upload)
                await compared("download", both.our_download, both.their_download)
