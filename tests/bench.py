"""Measures what a user waits for: `python -m tests.bench start` and `python -m tests.bench keys`.

Each figure is the median of at least five runs on this machine, printed with its target and whether it is met. Beside
them stands the time of a bare Python interpreter in the same run, as machines differ.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from driving import Screen, command, environment

RUNS = 9
LINES = 1000


def median(measure: Callable[[], float]) -> float:
    """The median of RUNS measurements, in seconds."""
    return statistics.median(measure() for _ in range(RUNS))


def report(what: str, seconds: float, target: float | None) -> None:
    """Prints one figure."""
    verdict = "" if target is None else f"   target {target * 1000:.0f} ms: {'met' if seconds <= target else 'MISSED'}"
    print(f"{what:<52}{seconds * 1000:8.1f} ms{verdict}")


def process(*line: str) -> Callable[[], float]:
    """Measures a command from start to end."""

    def measure() -> float:
        with tempfile.TemporaryDirectory() as home:
            began = time.perf_counter()
            subprocess.run(line, env=environment(Path(home)), capture_output=True, check=True)
            return time.perf_counter() - began

    return measure


def prompt_painted() -> float:
    """From starting noderepl to the prompt on the screen."""
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        with Screen(home=Path(home)) as screen:
            screen.until(r"^>")
            return time.perf_counter() - began


def start() -> None:
    """Start-up times."""
    report("a bare Python interpreter", median(process(sys.executable, "-c", "pass")), None)
    report("noderepl --version", median(process(*command("--version"))), None)
    report("prompt on screen", median(prompt_painted), 0.15)
    report("noderepl -p 1, embedded pool, whole run", median(process(*command("-p", "1"))), None)
    report("node -p 1", median(process("node", "-p", "1")), None)


def keys() -> None:
    """How long a key takes at the end of a long paste, from the key to its echo."""
    text = "\n".join(f"const value{n} = compute({n}, `text ${{value{n - 1}}}`, /re/g) // {n}" for n in range(LINES))
    with tempfile.TemporaryDirectory() as home, Screen(home=Path(home)) as screen:
        screen.ready()
        screen.paste("(() => {\n" + text + "\n")
        screen.until(f"// {LINES - 1}$")
        took = []
        for n in range(60):
            letter = "abcdefghij"[n % 10]
            began = time.perf_counter()
            seen = len(screen.raw)
            screen.type(letter)
            while letter.encode() not in screen.raw[seen:]:
                screen._pump(0.001)
            took.append(time.perf_counter() - began)
    report(f"a key at the end of a {LINES}-line paste, median", statistics.median(took), 0.016)
    report(f"a key at the end of a {LINES}-line paste, 95 %", statistics.quantiles(took, n=20)[-1], 0.016)


if __name__ == "__main__":
    {"start": start, "keys": keys}[sys.argv[1]]()
