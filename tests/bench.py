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


def on_screen(pattern: str, typed: str = "") -> Callable[[], float]:
    """Measures from starting noderepl to text on the screen; typed is pressed at once."""

    def measure() -> float:
        with tempfile.TemporaryDirectory() as home:
            began = time.perf_counter()
            with Screen(home=Path(home)) as screen:
                screen.type(typed)
                screen.until(pattern)
                return time.perf_counter() - began

    return measure


def start() -> None:
    """Start-up times."""
    report("a bare Python interpreter", median(process(sys.executable, "-c", "pass")), None)
    report("import prompt_toolkit", median(process(sys.executable, "-c", "import prompt_toolkit")), None)
    report("noderepl --version", median(process(*command("--version"))), None)
    report("prompt on screen", median(on_screen("^>")), 0.15)
    report("a key pressed at the start is echoed", median(on_screen("^> x", "x")), None)
    report("noderepl -p 1, embedded pool, whole run", median(process(*command("-p", "1"))), None)
    report("node -p 1", median(process("node", "-p", "1")), None)


def keys() -> None:
    """How long a key takes at the end of a long paste, from the key to the first byte that answers it."""
    text = "\n".join(f"const value{n} = compute({n}, `text ${{value{n - 1}}}`, /re/g) // {n}" for n in range(LINES))
    with tempfile.TemporaryDirectory() as home, Screen(home=Path(home)) as screen:
        screen.ready()
        screen.paste("(() => {\n" + text + "\n")
        screen.until(f"// {LINES - 1}$")
        took = [screen.echo(letter) for letter in "abcdefghij" * 6]
    report(f"a key at the end of a {LINES}-line paste, median", statistics.median(took), 0.016)
    report(f"a key at the end of a {LINES}-line paste, 95 %", statistics.quantiles(took, n=20)[-1], 0.016)


if __name__ == "__main__":
    {"start": start, "keys": keys}[sys.argv[1]]()
