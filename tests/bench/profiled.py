"""Where the time of a key goes: a prompt under cProfile, while keys are pressed in a text.

As a program (`python -m tests.bench.profiled FILE ...`) it runs noderepl and writes a profile of what happens between two
SIGUSR1 into the file.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

KEYS, ROWS = 60, 10
NAMED = ("1,000 lines", "10,000 lines", "1,000 lines, bracket open at the top")


def main(names: list[str]) -> None:
    """Prints the functions that take the most time of a key. names: of texts of `typing`."""
    for name in names or NAMED:
        key(name)


def key(name: str) -> None:
    """Prints the functions for one text, by their own time and by that of all they call."""
    from driving import wait_for

    from tests.bench import typed

    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "profile")
        program = [sys.executable, "-m", "tests.bench.profiled", str(file), "--quiet"]
        with typed.opened(typed.TEXTS[name], program=program, cwd=Path.cwd()) as screen:
            os.kill(screen.pid, signal.SIGUSR1)
            time.sleep(0.5)
            for at in range(KEYS):
                typed.timed_key(screen, typed.LETTERS[at % 2])
            typed.at_rest(screen)
            os.kill(screen.pid, signal.SIGUSR1)
            assert wait_for(file.exists)
            stats = pstats.Stats(str(file))
    # Without the wait for the next key.
    functions = {at: row for at, row in stats.stats.items() if "select.epoll" not in at[2]}  # type: ignore[attr-defined]
    total = sum(row[2] for row in functions.values()) / KEYS * 1000
    print(f"\na key in {name}: where its time goes, of {total:.2f} ms")
    for order, column in (("tottime", 2), ("cumtime", 3)):
        rows = sorted(functions.items(), key=lambda row: -row[1][column])
        print(f"  {'ms':>7} {'calls':>8}  by {order}")
        for (path, line, function), row in rows[: ROWS * (column - 1)]:
            where = f"{'/'.join(Path(path).parts[-2:])}:{line} {function}"
            print(f"  {row[column] / KEYS * 1000:7.3f} {row[1] / KEYS:8.1f}  {where}")


def run() -> None:
    """Runs noderepl with the arguments behind the first, which is the profile's file."""
    from noderepl.__main__ import main as noderepl

    profile, file, state = cProfile.Profile(), Path(sys.argv[1]), [False]

    def turn(_: int, __: FrameType | None) -> None:
        state[0] = not state[0]
        if state[0]:
            profile.enable()
        else:
            profile.disable()
            profile.dump_stats(file.with_suffix(".new"))
            file.with_suffix(".new").rename(file)

    signal.signal(signal.SIGUSR1, turn)
    sys.argv[:2] = ["noderepl"]
    sys.exit(noderepl())


if __name__ == "__main__":
    run()
