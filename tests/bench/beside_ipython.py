"""What a user waits for from the start to the first answers, beside IPython on the same machine in the same run."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pyte
from driving import Screen, command, environment

from tests.bench.turns import INSTALLED, in_turns, share

ROWS, COLUMNS = 40, 100
TRIES = 10
QUIET = 0.25
"""Seconds without output after which a program has nothing more to paint."""
IPYTHON = (sys.executable, "-m", "IPython", "--no-confirm-exit", "--no-banner")
PROMPTS = {"noderepl": r"^>", "IPython": r"^In \[\d+\]:"}
RESULTS = {"noderepl": r"^{}$", "IPython": r"^Out\[\d+\]: {}$"}


class Timed:
    """What a program in a pty writes, with the time of each part; the screen is made of it only when nothing is measured."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.parts: list[tuple[float, bytes]] = []

    def until_quiet(self, end: float = 30.0) -> None:
        """Reads until nothing comes for a while. end: seconds after which it fails."""
        end += time.perf_counter()
        while select.select([self._screen.file], [], [], QUIET)[0]:
            try:
                data = os.read(self._screen.file, 1 << 16)
            except OSError:
                return
            self.parts.append((time.perf_counter(), data))
            if b"\x1b[6n" in data:
                self._answer()
            assert time.perf_counter() < end, "the program does not stop writing"

    def _answer(self) -> None:
        """Tells the program where its cursor is."""
        shown = self._shown(len(self.parts))
        os.write(self._screen.file, f"\x1b[{shown.cursor.y + 1};{shown.cursor.x + 1}R".encode())

    def _shown(self, parts: int) -> pyte.Screen:
        screen = pyte.Screen(COLUMNS, ROWS)
        stream = pyte.ByteStream(screen)
        for _, data in self.parts[:parts]:
            stream.feed(data)
        return screen

    def seen(self, pattern: str, after: int = 0) -> float:
        """The time at which the screen first showed a pattern. after: the number of the parts before that do not count, such as a preview."""
        for _ in range(TRIES):
            select.select([self._screen.file], [], [], 10)
            self.until_quiet()
            if (at := self._when(pattern, after)) is not None:
                return at
        raise AssertionError(f"{pattern!r} did not come:\n{self.parts}")

    def _when(self, pattern: str, after: int) -> float | None:
        screen = pyte.Screen(COLUMNS, ROWS)
        stream = pyte.ByteStream(screen)
        for number, (at, data) in enumerate(self.parts, 1):
            stream.feed(data)
            if number > after:
                text = "\n".join(line.rstrip() for line in screen.display)
                if re.search(pattern, text, re.M):
                    return at
        return None


class Beside:
    """The two programs, each with a home of its own that it has used before."""

    def __init__(self, place: Path) -> None:
        self._homes = {"noderepl": place / "noderepl", "IPython": place / "ipython"}
        for home in self._homes.values():
            home.mkdir()
        self._numbers = count(100)

    def _screen(self, name: str) -> Screen:
        program = IPYTHON if name == "IPython" else command("--quiet")
        return Screen(
            home=self._homes[name], program=program, columns=COLUMNS, rows=ROWS, **INSTALLED
        )

    def whole_run(self, name: str, line: Sequence[str]) -> float:
        """The seconds of a command from its start to its end."""
        env = environment(self._homes[name], **INSTALLED)
        began = time.perf_counter()
        subprocess.run(line, env=env, capture_output=True, check=True)
        return time.perf_counter() - began

    def started(self, name: str, typed: str, pattern: str) -> float:
        """The seconds from the start of a program to a pattern on its screen, with keys typed at once."""
        began = time.perf_counter()
        with self._screen(name) as screen:
            screen.type(typed)
            return Timed(screen).seen(pattern) - began

    def first_prompt(self, name: str) -> float:
        """The seconds until the prompt is on the screen."""
        return self.started(name, "", PROMPTS[name])

    def first_answer(self, name: str) -> float:
        """The seconds until the answer to what is typed at once is on the screen."""
        number = next(self._numbers)
        return self.started(name, f"{number}+1\r", RESULTS[name].format(number + 1))

    @contextmanager
    def prompt(self, name: str) -> Iterator[Callable[[], float]]:
        """A prompt that has answered before. Yields what measures the seconds from Enter to the result."""
        with self._screen(name) as screen:
            timed = Timed(screen)

            def entered() -> float:
                number = next(self._numbers)
                screen.type(f"{number}+1")
                timed.until_quiet()
                before = len(timed.parts)
                began = time.perf_counter()
                screen.type("\r")
                return timed.seen(RESULTS[name].format(number + 1), before) - began

            timed.seen(PROMPTS[name])
            entered()
            yield entered


def main() -> None:
    """All measurements."""
    if find_spec("IPython") is None:
        sys.exit("IPython is not installed; `pip install -e '.[bench]'` brings it")
    with tempfile.TemporaryDirectory(prefix="noderepl-bench-") as directory:
        beside = Beside(Path(directory))
        lines = {
            "noderepl": command("-p", "1"),
            "IPython": [sys.executable, "-m", "IPython", "-c", "1"],
        }
        sides = {name: partial(beside.whole_run, name, line) for name, line in lines.items()}
        sides["node -p 1"] = partial(beside.whole_run, "noderepl", ["node", "-p", "1"])
        share("one command", in_turns(sides), 0.8)
        names = tuple(PROMPTS)
        share("first prompt", in_turns({n: partial(beside.first_prompt, n) for n in names}), 0.25)
        share("first answer", in_turns({n: partial(beside.first_answer, n) for n in names}), 0.9)
        with beside.prompt("noderepl") as ours, beside.prompt("IPython") as theirs:
            share("Enter to result", in_turns({"noderepl": ours, "IPython": theirs}), 0.5)
