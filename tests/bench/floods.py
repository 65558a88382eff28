"""What much output costs at the prompt, beside Node's REPL, and Ctrl-C on a terminal that is slow."""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from driving import Screen, command, environment
from slow_screens import SlowScreen

from noderepl.service.node import find_node
from tests.bench.report import at_most, milliseconds

RUNS = 9
LINES = 200_000
PRINTS = f"for (let n = 1; n <= {LINES}; n++) console.log(`line ${{n}}`); 'do' + 'ne'"
DONE = b"'done'"
FLOODS = {
    "short lines": 'for (;;) console.log("x".repeat(100))',
    "lines of 1 MB": 'for (;;) console.log("x".repeat(1e6))',
}
RATE = 20_000
BEHIND_SECONDS = 1.5
PROMPT = b"\x1b[J\x1b[0;32;1m> "


def main(names: list[str], runs: int = RUNS) -> None:
    """Prints all rows, or those with these names. runs: of each."""
    if not names or "printed" in names:
        lines(runs)
        piped(runs)
    for name in [name for name in FLOODS if not names or name in names]:
        for options in ((), ("--big-output=all",)):
            took = [interrupted(FLOODS[name], options) for _ in range(runs)]
            what = f"Ctrl-C in {name} at {RATE // 1000} kB/s{' '.join(('', *options))}"
            milliseconds(f"{what}, median", statistics.median(took), 1)
            milliseconds(f"{what}, worst", max(took))


def lines(runs: int) -> None:
    """Lines from Enter to the value behind them: noderepl and Node's REPL in turns."""
    node = [str(find_node().path)]
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        with (
            Screen("--quiet", home=home) as screen,
            Screen(home=home, program=node, NODE_NO_READLINE="") as other,
        ):
            screen.ready()
            other.until("^>")
            for _ in range(runs):
                ours.append(seconds_until(screen, PRINTS, DONE))
                theirs.append(seconds_until(other, PRINTS, DONE))
    milliseconds(f"{LINES:,} printed lines, node", statistics.median(theirs))
    milliseconds(f"{LINES:,} printed lines, noderepl", statistics.median(ours))
    ratio = statistics.median(ours) / statistics.median(theirs)
    at_most(f"{LINES:,} printed lines: times node", ratio, "×", 1.5, digits=2)


def seconds_until(screen: Screen, line: str, end: bytes) -> float:
    """The seconds from Enter until bytes are on the terminal."""
    time.sleep(0.5)
    screen.type(line)
    while select.select([screen.file], [], [], 0.3)[0]:
        os.read(screen.file, 65536)
    began = time.perf_counter()
    screen.key("enter")
    tail = b""
    while end not in tail:
        assert time.perf_counter() - began < 60, tail
        if select.select([screen.file], [], [], 1)[0]:
            tail = tail[-len(end) :] + os.read(screen.file, 65536)
    return time.perf_counter() - began


def piped(runs: int) -> None:
    """Lines into a pipe: whole runs of noderepl -e and node -e in turns."""
    code = PRINTS.rpartition(";")[0]
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as place:
        for _ in range(runs):
            ours.append(seconds_of(command("-e", code), Path(place)))
            theirs.append(seconds_of([str(find_node().path), "-e", code], Path(place)))
    milliseconds(f"{LINES:,} lines into a pipe, node -e", statistics.median(theirs))
    milliseconds(f"{LINES:,} lines into a pipe, noderepl -e", statistics.median(ours))
    ratio = statistics.median(ours) / statistics.median(theirs)
    at_most(f"{LINES:,} lines into a pipe: times node", ratio, "×", 1.5, digits=2)


def seconds_of(line: Sequence[str], home: Path) -> float:
    """The seconds of a whole run, whose output is read."""
    began = time.perf_counter()
    subprocess.run(line, env=environment(home), stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - began


def interrupted(flood: str, options: Sequence[str]) -> float:
    """The seconds from Ctrl-C in a flood to the prompt, on a slow terminal."""
    with (
        tempfile.TemporaryDirectory() as place,
        Screen("--quiet", *options, home=Path(place)) as screen,
    ):
        screen.ready()
        screen.enter(flood)
        with SlowScreen(screen, RATE) as slow:
            slow.fall_behind(b"x" * 40, BEHIND_SECONDS)
            before = len(slow.read)
            screen.key("ctrl-c")
            return slow.until(lambda read: PROMPT in read[before:], 60)
