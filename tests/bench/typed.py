"""What a key costs in a long text, beside the same key in ten lines: two prompts in one run, key by key in turns."""

from __future__ import annotations

import os
import select
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from driving import Screen

from tests.bench.report import at_most, milliseconds

ROUNDS, KEYS = 9, 20
QUIET_SECONDS = 0.05
"""Without output, after which the prompt is at rest."""
# Letters that are in no text, name or control sequence here.
LETTERS = "QZ"
LINE = "  const value{n} = compute({n}, `text ${{value{m}}}`, /re/g) // {n}"
TO_START, DOWN, DELETE = "\x1b<", "\x1b[B", "\x7f"


@dataclass(frozen=True)
class Text:
    """A text, and where in it keys are pressed. down: rows below its first line; None: at its end."""

    text: str
    target: float
    down: int | None = None


def code(lines: int) -> str:
    """Lines of a function, which the text does not end."""
    return "(() => {\n" + "".join(LINE.format(n=n, m=n - 1) + "\n" for n in range(lines - 1))


def statements(lines: int) -> str:
    """Lines that are statements of their own."""
    return "".join(LINE.format(n=n, m=n - 1).strip() + "\n" for n in range(lines))


def functions(lines: int) -> str:
    """Functions of ten lines."""
    return "".join(
        f"function f{n}(a, b) {{\n" + "".join(f"  a = b + {k} // text\n" for k in range(8)) + "}\n"
        for n in range(lines // 10)
    )


def with_middle(lines: int, middle: str) -> str:
    """Statements with a line between them."""
    return statements(lines // 2) + middle + "\n" + statements(lines // 2)


ONE_LINE = 39_000
MINIFIED = "function a(b,c){return b+c}var d=a(1,'x');"
JSON = '{"name":"text","values":[1,2,3],"is":true},'
TEXTS: Mapping[str, Text] = {
    "1,000 lines": Text(code(1000), 1.5),
    "1,000 lines, at the top": Text(statements(1000), 1.5, 0),
    "1,000 lines, in the middle": Text(functions(1000), 1.5, 500),
    "10,000 lines": Text(code(10_000), 2),
    "10,000 lines, at the top": Text(statements(10_000), 2, 0),
    "10,000 lines, in the middle": Text(functions(10_000), 2, 5000),
    "1,000 lines, bracket open at the top": Text("f([{\n" + statements(1000), 2),
    "1,000 lines, stray character in the middle": Text(
        with_middle(1000, "const a = # 1 ) } \\"), 2
    ),
    "1,000 lines, template never closed": Text("const t = `never\n" + statements(1000), 2),
    "1,000 lines, string never closed": Text(with_middle(1000, "const a = 'never"), 2),
    "one line of 39 kB, minified": Text(MINIFIED * (ONE_LINE // len(MINIFIED)), 3),
    "one line of 39 kB, minified, at the start": Text(MINIFIED * (ONE_LINE // len(MINIFIED)), 3, 0),
    "one line of 39 kB, JSON": Text("[" + JSON * (ONE_LINE // len(JSON)), 3),
}


def main(names: list[str], rounds: int = ROUNDS) -> None:
    """Prints a row for each text, or for those whose name contains one of these. rounds: of KEYS keys."""
    for name, text in TEXTS.items():
        if not names or any(part in name for part in names):
            row(name, text, rounds)


def row(name: str, text: Text, rounds: int) -> None:
    """Measures one text beside ten lines."""
    with ExitStack() as stack:
        short = stack.enter_context(opened(Text(code(10), 1, text.down and 5)))
        long = stack.enter_context(opened(text))
        took: dict[Screen, list[float]] = {short: [], long: []}
        for _ in range(rounds):
            for at in range(KEYS):
                for screen, seconds in took.items():
                    seconds.append(timed_key(screen, LETTERS[at % 2]))
            for screen in took:
                screen.type(DELETE * KEYS)
                at_rest(screen)
    ours, plain = took[long], took[short]
    milliseconds(f"a key in ten lines, beside {name}, p95", percentile(plain))
    milliseconds(f"a key in {name}, p95", percentile(ours))
    ratio = statistics.median(ours) / statistics.median(plain)
    at_most(f"a key in {name}: times one in ten lines, p50", ratio, "×", digits=2)
    ratio = percentile(ours) / percentile(plain)
    at_most(f"a key in {name}: times one in ten lines, p95", ratio, "×", text.target, digits=2)


def percentile(took: list[float]) -> float:
    """The duration that 95 % of them do not exceed."""
    return statistics.quantiles(took, n=20)[-1]


@contextmanager
def opened(text: Text, *, program: Sequence[str] = (), cwd: Path | None = None) -> Iterator[Screen]:
    """A prompt with the text in it, and the cursor in its place."""
    with (
        tempfile.TemporaryDirectory() as home,
        Screen("--quiet", home=Path(home), program=program, cwd=cwd) as screen,
    ):
        screen.ready()
        screen.paste(text.text)
        time.sleep(0.5)
        at_rest(screen)
        if text.down is not None:
            screen.type(TO_START)
            at_rest(screen)
            for _ in range(text.down // 50):
                screen.type(DOWN * 50)
                at_rest(screen)
        screen.type(LETTERS)
        at_rest(screen)
        screen.type(DELETE * 2)
        at_rest(screen)
        yield screen


def at_rest(screen: Screen) -> None:
    """Waits until the prompt writes no more."""
    while select.select([screen.file], [], [], QUIET_SECONDS)[0]:
        screen.pump(0)


def timed_key(screen: Screen, letter: str) -> float:
    """The seconds from a key to its echo."""
    at_rest(screen)
    began = time.perf_counter()
    screen.type(letter)
    data = b""
    while letter.encode() not in data:
        assert time.perf_counter() - began < 30, screen.text
        if select.select([screen.file], [], [], 1)[0]:
            data += os.read(screen.file, 65536)
    took = time.perf_counter() - began
    screen.feed(data)
    return took
