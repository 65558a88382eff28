"""What a user of the prompt waits for: start-up, and a key in a long paste."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from driving import Screen, command, environment

from tests.bench.report import milliseconds

RUNS = 9
LINES = 1000
LONG_SIZE = 5_000_000
END = "\u03a9"
LONG = {
    "95,000 lines": ("const a = f(1, 'x') // and some more of this line\n", "// "),
    "one line": ("f(1);", "// "),
    "a transcript": ("> const a = f(1)\nundefined\n", "> "),
    "a README": ("# Usage\n\nSome text\n\n```js\nf(1)\n```\n", ""),
}


def median(measure: Callable[[], float]) -> float:
    """The median of RUNS measurements, in seconds."""
    return statistics.median(measure() for _ in range(RUNS))


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
    milliseconds("a bare Python interpreter", median(process(sys.executable, "-c", "pass")), None)
    milliseconds(
        "import prompt_toolkit",
        median(process(sys.executable, "-c", "import prompt_toolkit")),
        None,
    )
    milliseconds("noderepl --version", median(process(*command("--version"))), None)
    milliseconds("prompt on screen", median(on_screen("^>")), 0.15)
    milliseconds("a key pressed at the start is echoed", median(on_screen("^> x", "x")), None)
    milliseconds(
        "noderepl -p 1, embedded pool, whole run", median(process(*command("-p", "1"))), None
    )
    milliseconds("node -p 1", median(process("node", "-p", "1")), None)


def keys() -> None:
    """How long a key takes at the end of a long paste, from the key to the first byte that answers it."""
    text = "\n".join(
        f"const value{n} = compute({n}, `text ${{value{n - 1}}}`, /re/g) // {n}"
        for n in range(LINES)
    )
    with tempfile.TemporaryDirectory() as home, Screen(home=Path(home)) as screen:
        screen.ready()
        screen.paste("(() => {\n" + text + "\n")
        screen.until(f"// {LINES - 1}$")
        took = [screen.echo(letter) for letter in "abcdefghij" * 6]
    milliseconds(
        f"a key at the end of a {LINES}-line paste, median", statistics.median(took), 0.016
    )
    milliseconds(
        f"a key at the end of a {LINES}-line paste, 95 %",
        statistics.quantiles(took, n=20)[-1],
        0.016,
    )
    for kind, (unit, tail) in LONG.items():
        long_paste(kind, unit * (LONG_SIZE // len(unit)) + tail)


def long_paste(kind: str, text: str) -> None:
    """How long a paste takes to be shown, and a key and Ctrl-C behind it."""
    with tempfile.TemporaryDirectory() as home, Screen(home=Path(home)) as screen:
        screen.ready()
        began = time.perf_counter()
        screen.paste(f"{text}{END}")
        screen.until(END)
        milliseconds(f"5 MB, {kind}: pasted and shown", time.perf_counter() - began, None)
        time.sleep(1)
        milliseconds(
            f"5 MB, {kind}: a key, median", statistics.median(map(screen.echo, "QZQZQZQZQ")), None
        )
        began = time.perf_counter()
        screen.key("ctrl-c")
        screen.until(r"^>\s*$")
        milliseconds(f"5 MB, {kind}: Ctrl-C", time.perf_counter() - began, None)
