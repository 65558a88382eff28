"""Upload and download of a directory of 2,000 files, beside `tar | curl` against the same pool."""

from __future__ import annotations

import asyncio
import json
import random
import shlex
import shutil
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

FILES, TIMES = 2000, 5
TARGET = 0.7
"""Of the rate of `tar | curl`."""
IDENTIFIER = "bench-session"


def make(place: Path) -> None:
    """A directory of files as a project has them: text of up to 16 kB, in 40 directories."""
    chosen = random.Random(1)
    for number in range(FILES):
        directory = place / f"part-{number % 40}"
        directory.mkdir(parents=True, exist_ok=True)
        words = (
            f"const value{chosen.randrange(10**6)} = {number};"
            for _ in range(chosen.randrange(500))
        )
        (directory / f"file-{number}.js").write_text("\n".join(words))


def shell(line: str) -> None:
    subprocess.run(["bash", "-ec", f"set -o pipefail; {line}"], check=True, capture_output=True)


def curl(endpoint: str, path: str, *options: str, **query: str) -> str:
    """A command that asks the pool."""
    url = (
        f"{endpoint}/{path}?{urlencode({'api-version': VERSION, 'identifier': IDENTIFIER} | query)}"
    )
    return shlex.join(["curl", "-sSf", "-H", f"Authorization: Bearer {TOKEN}", url, *options])


def execute(endpoint: str, command: str) -> str:
    """A command that runs a line of a shell in the session."""
    code = f"require('child_process').execSync({command!r}, {{ cwd: '/mnt/data' }})"
    body = json.dumps({"code": code, "timeoutInSeconds": 60})
    return curl(endpoint, "executions", "-H", "Content-Type: application/json", "-d", body)


class Bench:
    """The two ways, in one session."""

    def __init__(self, dispatcher: Dispatcher, endpoint: str, place: Path) -> None:
        self.dispatcher, self.endpoint, self.place = dispatcher, endpoint, place

    async def ours_up(self) -> None:
        (uploaded,) = await self.dispatcher.run_line(f"%upload {self.place / 'source'}")
        assert isinstance(uploaded, Uploaded) and uploaded.files == FILES, uploaded

    async def ours_down(self) -> None:
        (saved,) = await self.dispatcher.run_line(f"%download source {self.place / 'ours'}")
        assert isinstance(saved, Saved) and saved.files == FILES, saved

    async def tar_up(self) -> None:
        await asyncio.to_thread(
            shell,
            f"tar -C {self.place} -czf - source | {curl(self.endpoint, 'files', '-F', 'file=@-;filename=a.tgz')};"
            + execute(self.endpoint, "tar -xzf a.tgz && rm a.tgz"),
        )

    async def tar_down(self) -> None:
        (self.place / "theirs").mkdir()
        await asyncio.to_thread(
            shell,
            execute(self.endpoint, "tar -czf a.tgz source")
            + f"; {curl(self.endpoint, 'files/a.tgz/content')} | tar -C {self.place / 'theirs'} -xzf -; "
            + curl(self.endpoint, "files/a.tgz", "-X", "DELETE"),
        )

    async def cleared(self) -> None:
        for name in ("ours", "theirs"):
            shutil.rmtree(self.place / name, ignore_errors=True)

    async def emptied(self) -> None:
        await self.dispatcher.run_line("%sh rm -rf source a.tgz")


async def compared(
    what: str,
    ours: Callable[[], Awaitable[None]],
    theirs: Callable[[], Awaitable[None]],
    between: Callable[[], Awaitable[None]],
) -> None:
    """Prints the medians of two ways, which take turns."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(TIMES + 1):
        for times, way in zip(took, (ours, theirs), strict=True):
            await between()
            seconds = await timed(way)
            if number:  # the first round is for caches
                times.append(seconds)
    medians = [statistics.median(times) for times in took]
    milliseconds(f"{what} of {FILES} files, noderepl", medians[0])
    milliseconds(f"{what} of {FILES} files, tar | curl", medians[1])
    at_least(f"{what}: of the rate of tar | curl", medians[1] / medians[0], TARGET, digits=2)


async def main() -> None:
    """All measurements."""
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as directory:
        place = Path(directory)
        make(place / "source")
        with served(place / "server") as pool:
            options = {"endpoint": pool.endpoint, "session": IDENTIFIER}
            async with opened(place, environ={"NODEREPL_TOKEN": TOKEN}, **options) as dispatcher:
                await dispatcher.run_line("1")
                bench = Bench(dispatcher, pool.endpoint, place)
                await compared("upload", bench.ours_up, bench.tar_up, bench.emptied)
                await bench.emptied()
                await bench.ours_up()
                await compared("download", bench.ours_down, bench.tar_down, bench.cleared)
