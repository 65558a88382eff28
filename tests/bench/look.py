"""What looking at a live object costs: Tab, the value below the input, and keys meanwhile; locally and 100 ms away."""

from __future__ import annotations

import asyncio
import os
import select
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driving import Screen
from serving import served

from tests.bench.report import at_most, milliseconds, p50_and_p95

sys.path.append(str(Path(__file__).parents[1] / "faults"))

from fault_proxy import Exchange, FaultProxy

TIMES, KEYS = 20, 60
ADDED = 0.1
"""Seconds of a round trip to the session that is far away."""
PAUSE = 0.17
"""Seconds between two keys: a little longer than the one after which a value is asked for."""
TARGETS = {"locally": 0.15, "100 ms away": 0.4}
MAKES = "const users = Array.from({ length: 99 }, (_, at) => ({ name: 'x'.repeat(at), age: at })); 'made'"
# Letters that are in no name, value or control sequence here.
LETTERS = "QZ"


def main(times: int = TIMES, keys: int = KEYS) -> None:
    """All measurements. times: of Tab and of values. keys: in each of the runs."""
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as place:
        with opened(Path(place, "here")) as screen:
            look("locally", screen, times, keys)
        with (
            served(Path(place, "server")) as pool,
            FaultProxy(pool.endpoint, choose=lambda _: delayed) as proxy,
            opened(Path(place, "far"), "--endpoint", proxy.url, **pool.environ) as screen,
        ):
            look("100 ms away", screen, times, keys)


async def delayed(exchange: Exchange) -> None:
    """Passes a request on, with the added round trip."""
    await asyncio.sleep(ADDED)
    await exchange.send(await exchange.passed_on())


@contextmanager
def opened(home: Path, *options: str, **environ: str) -> Iterator[Screen]:
    """A prompt whose session has the object."""
    home.mkdir()
    with Screen("--quiet", "--preview", "on", *options, home=home, **environ) as screen:
        screen.ready()
        screen.enter(MAKES)
        screen.until("^'made'$")
        screen.ready()
        yield screen


def look(where: str, screen: Screen, times: int, keys: int) -> None:
    """Prints the figures of one session."""
    tabs, values = [], []
    for at in range(1, times + 1):
        screen.type(f"users[{at}].")
        screen.until(rf"users\[{at}\]\.")
        tabs.append(seconds_until(screen, "\t", b"string("))
        cleared(screen)
        screen.type(f"users[{at}].age + 100")
        values.append(seconds_until(screen, "0", f"{at + 1000}".encode()))
        cleared(screen)
    p50_and_p95(f"Tab on a live object, {where}", tabs, TARGETS[where])
    p50_and_p95(f"the value of what is typed, {where}, with the pause", values)
    screen.enter("%preview off")
    screen.until("is not shown")
    screen.ready()
    plain = key_times(screen, "users", keys)
    cleared(screen)
    screen.enter("%preview on")
    screen.until("is shown")
    screen.ready()
    compared(f"keys during previews, {where}", key_times(screen, "users", keys), plain)
    cleared(screen)
    compared(f"keys during Tab, {where}", key_times_during_tab(screen, keys), plain)


def compared(what: str, took: list[float], plain: list[float]) -> None:
    """Prints the time of keys, and how often the time of plain keys it is."""
    milliseconds(f"{what}, p50", statistics.median(took))
    at_most(
        f"{what}: times a plain key", statistics.median(took) / statistics.median(plain), "×", 2
    )


def key_times(screen: Screen, start: str, keys: int) -> list[float]:
    """The times of keys that are typed behind a name, each after a value was asked for."""
    screen.type(start)
    screen.until(start)
    return [timed_key(screen, at) for at in range(keys)]


def key_times_during_tab(screen: Screen, keys: int) -> list[float]:
    """The times of keys right behind Tab."""
    took = []
    for at in range(keys):
        screen.type(f"users[{at}].")
        screen.until(rf"users\[{at}\]\.")
        os.write(screen.file, b"\t")
        took.append(seconds_until(screen, LETTERS[at % 2], LETTERS[at % 2].encode()))
        cleared(screen)
    return took


def timed_key(screen: Screen, at: int) -> float:
    """The seconds from a key to its echo."""
    letter, end = LETTERS[at % 2], time.monotonic() + PAUSE
    while (left := end - time.monotonic()) > 0:
        if select.select([screen.file], [], [], left)[0]:
            screen.feed(os.read(screen.file, 65536))
    return seconds_until(screen, letter, letter.encode())


def seconds_until(screen: Screen, key: str, needle: bytes) -> float:
    """The seconds from a key to bytes on the screen."""
    began = time.perf_counter()
    screen.type(key)
    data = b""
    while needle not in data:
        assert time.perf_counter() - began < 30, f"{needle!r} did not come:\n{screen.text}"
        if select.select([screen.file], [], [], 1)[0]:
            data += os.read(screen.file, 65536)
    took = time.perf_counter() - began
    screen.feed(data)
    return took


def cleared(screen: Screen) -> None:
    """Clears the input."""
    screen.key("ctrl-c")
    screen.ready()
