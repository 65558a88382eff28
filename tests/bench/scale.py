"""How the client's costs grow with its work: sessions, journal, history, remote files and results.

Each row measures one size and ten times that size (the history: a hundred times) in turns, and prints the ratio of
the medians: up to the ratio of the sizes nothing is worse than linear. Start-up does not depend on the history.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from pathlib import Path

from dispatching import opened
from driving import Screen, command, environment
from serving import TOKEN, Served, served

from tests.bench.look import cleared, seconds_until
from tests.bench.report import at_most, milliseconds
from tests.bench.timing import timed

TIMES = 5
SNIPPETS = 50
SMALL, LARGE = 1000, 10_000
ENTRIES = 100_000
MB = 1_000_000
MOST_MEMORY = 300
"""MB, as in the tests of the client's memory."""


def grows(what: str, sizes: Sequence[int], took: Sequence[Sequence[float]], most: float) -> None:
    """Prints the medians for two sizes and their ratio. most: the greatest ratio."""
    medians = [statistics.median(times) for times in took]
    for size, median in zip(sizes, medians, strict=True):
        milliseconds(f"{what}, {size:,}", median)
    at_most(f"{what}: growth of {sizes[1] // sizes[0]} times", medians[1] / medians[0], "×", most)


def in_turns(ways: Sequence[Callable[[], float]]) -> Sequence[Sequence[float]]:
    """Measures each way TIMES times, in turns."""
    took: tuple[list[float], ...] = tuple([] for _ in ways)
    for _ in range(TIMES):
        for times, way in zip(took, ways, strict=True):
            times.append(way())
    return took


def script(home: Path, pool: Served, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Runs a command against a served pool."""
    return subprocess.run(
        command("--quiet", *pool.options, *arguments),
        env=environment(home, **pool.environ),
        capture_output=True,
        check=True,
    )


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def answered(screen: Screen, keys: str, pattern: str) -> float:
    """The seconds from keys to what they show."""
    began = time.perf_counter()
    screen.type(keys)
    screen.until(pattern)
    return time.perf_counter() - began


async def sessions(pool: Served, place: Path) -> None:
    """One session and ten sessions in one process."""
    options = {"endpoint": pool.endpoint}
    async with AsyncExitStack() as stack:
        place.mkdir()
        dispatchers = [
            await stack.enter_async_context(
                opened(place, environ={"NODEREPL_TOKEN": TOKEN}, session=f"scale-{at}", **options)
            )
            for at in range(10)
        ]
        for dispatcher in dispatchers:
            await dispatcher.run_line("1")

        async def snippets(count: int) -> None:
            async def work(at: int) -> None:
                for _ in range(SNIPPETS):
                    await dispatchers[at].run_line("1+1")

            await asyncio.gather(*map(work, range(count)))

        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(TIMES):
            for times, count in zip(took, (1, 10), strict=True):
                times.append(await timed(lambda count=count: snippets(count)))
    grows(f"{SNIPPETS} snippets in each of the sessions of one process", (1, 10), took, 10)


def journal(pool: Served, place: Path) -> None:
    """A session is resumed, and a lost one's steps are listed, with a journal of many snippets."""
    homes = {size: place / f"journal-{size}" for size in (SMALL, LARGE)}
    records = {}
    for size, home in homes.items():
        home.mkdir()
        script(home, pool, "--keep", "-e", "var a = 1")
        (record,) = home.glob(".local/state/noderepl/sessions/*.jsonl")
        with record.open("a") as file:
            for number in range(2, size + 1):
                event = {"event": "snippet", "code": f"a = {number}", "number": number}
                file.write(json.dumps(event | {"ok": True, "value": True}) + "\n")
        records[record] = record.read_bytes()

    def run(size: int, *arguments: str) -> float:
        for record, content in records.items():
            record.write_bytes(content)
        return seconds_of(lambda: script(homes[size], pool, "--resume", *arguments))

    resumed = in_turns([lambda: run(SMALL, "-p", "a"), lambda: run(LARGE, "-p", "a")])
    grows("resumed and one snippet, snippets in the journal", (SMALL, LARGE), resumed, 10)
    for identifier in pool.sessions():
        pool.drop(identifier)
    for record, content in records.items():
        record.write_bytes(content)
    with ExitStack() as stack:
        screens = {
            size: stack.enter_context(
                Screen("--quiet", *pool.options, "--resume", home=home, **pool.environ)
            )
            for size, home in homes.items()
        }
        for screen in screens.values():
            screen.ready()
            screen.enter("0")
            screen.until("%replay --dry-run")
            screen.ready()
            cleared(screen)

        def listed(size: int) -> float:
            screen = screens[size]
            screen.type("%replay --dry-run")
            screen.until(r"^> %replay --dry-run")
            took = seconds_until(screen, "\r", str(size).encode())
            screen.ready()
            screen.enter("%clear")
            screen.ready()
            return took

        dry = in_turns([lambda: listed(SMALL), lambda: listed(LARGE)])
    grows("%replay --dry-run, steps", (SMALL, LARGE), dry, 10)


def history(place: Path) -> None:
    """Start, Up, Ctrl-R and %history with a short and a long history."""
    contents = {
        size: "".join(f"\n# 2026-01-01 10:00:00.000000\n+'entry-{at}'\n" for at in range(size))
        for size in (SMALL, ENTRIES)
    }
    for size in contents:
        (place / f"history-{size}/.local/state/noderepl").mkdir(parents=True)
    took: dict[str, list[list[float]]] = {
        what: [[], []] for what in ("start and Up", "Up", "Ctrl-R", "%history")
    }
    for _ in range(TIMES):
        for at, (size, content) in enumerate(contents.items()):
            home = place / f"history-{size}"
            (home / ".local/state/noderepl/history").write_text(content)
            newest = f"entry-{size - 1}"
            began = time.perf_counter()
            with Screen("--quiet", home=home) as screen:
                screen.until("^>")
                answered(screen, "\x1b[A", f"^> '{newest}'")
                took["start and Up"][at].append(time.perf_counter() - began)
                cleared(screen)
                took["Up"][at].append(answered(screen, "\x1b[A" * 2, f"^> 'entry-{size - 2}'"))
                cleared(screen)
                screen.key("ctrl-r")
                screen.until("search")
                # Found 900 entries back.
                took["Ctrl-R"][at].append(
                    answered(screen, f"-{size - 900}'", f"^> 'entry-{size - 900}'")
                )
                cleared(screen)
                screen.type("%history")
                screen.until("%history")
                took["%history"][at].append(seconds_until(screen, "\r", newest.encode()))
    for what, times in took.items():
        # All entries that are read are shown by %history.
        most = LARGE / SMALL if what == "%history" else 1.5
        grows(f"{what}, entries of the history", (SMALL, ENTRIES), times, most)


def files(pool: Served, place: Path) -> None:
    """%files and Tab on many files in the session."""
    took: dict[str, list[list[float]]] = {what: [[], []] for what in ("%files", "Tab")}
    place.mkdir()
    for size in (SMALL, LARGE):
        identifier = ("--session", f"files-{size}")
        code = f"for (let i = 0; i < {size}; i++) fs.writeFileSync(`/mnt/data/file-${{i}}.txt`, '')"
        script(place, pool, *identifier, "-e", code)
    for _ in range(TIMES):
        for at, size in enumerate((SMALL, LARGE)):
            identifier = ("--session", f"files-{size}")
            took["%files"][at].append(
                seconds_of(partial(script, place, pool, *identifier, "-c", "%files"))
            )
            with Screen(
                "--quiet", *pool.options, *identifier, home=place, **pool.environ
            ) as screen:
                screen.ready()
                screen.type("%rm file-99")
                screen.until("file-99")
                took["Tab"][at].append(answered(screen, "\t", r"file-99\.txt"))
    for what, times in took.items():
        grows(f"{what}, files in the session", (SMALL, LARGE), times, 10)


def results(place: Path) -> None:
    """A value and output, whole, up to near the bounds of an answer (docs/sandbox.md)."""
    codes = {
        "a string as a value": ((1, 10), "-p", "'x'.repeat({})"),
        "an array as a value": ((1, 10), "-p", "new Array({} / 20).fill('12345678')"),
        "output": ((5, 50), "-e", "for (let i = 0; i < {} / 100; i++) console.log('x'.repeat(99))"),
    }
    place.mkdir()

    def run(line: Sequence[str]) -> tuple[float, float]:
        began = time.perf_counter()
        child = os.posix_spawn(
            command()[0],
            [*command("--quiet"), *line],
            environment(place),
            file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
        )
        _, status, usage = os.wait4(child, 0)
        assert status == 0, line
        return time.perf_counter() - began, usage.ru_maxrss / 1024

    for what, (sizes, option, code) in codes.items():
        took: tuple[list[float], list[float]] = ([], [])
        memory: list[float] = []
        for _ in range(TIMES):
            for times, size in zip(took, sizes, strict=True):
                seconds, most = run((option, code.format(size * MB)))
                times.append(seconds)
                memory.append(most)
        grows(f"{what}, MB", sizes, took, 10)
        at_most(f"{what}: most memory of the client", max(memory), "MB", MOST_MEMORY, digits=0)


def main() -> None:
    """All measurements."""
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as directory:
        place = Path(directory)
        with served(place / "server") as pool:
            asyncio.run(sessions(pool, place / "sessions"))
            journal(pool, place)
            files(pool, place / "files")
        history(place)
        results(place / "results")
        shutil.rmtree(place / "results")
