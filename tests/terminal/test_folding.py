"""Long output at the prompt: how many rows it takes, and what of it is painted as it arrives."""

from __future__ import annotations

import io
import math
import os
import pty
import termios
from collections.abc import Iterator

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noderepl.outcome import Execution, Output, Page, Status, Thrown, Value, Words
from noderepl.terminal.console import Console
from noderepl.terminal.drawing import page_texts
from noderepl.terminal.escapes import visible
from noderepl.terminal.folding import BELOW, Fold, Rows, first_screen, lines_in
from noderepl.terminal.themes import Theme

COLUMNS, HEIGHT = 20, 8
FRAME = "\x1b[5A" + "\x1b[2Kline\n" * 5
DASHBOARD = "\x1b[1;1H\x1b[0J" + "line\n" * 5


class Terminal(io.TextIOWrapper):
    """A text file in memory that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


class Screen:
    """A pseudo-terminal of 24 rows."""

    def __init__(self) -> None:
        self._controller, descriptor = pty.openpty()
        settings = termios.tcgetattr(descriptor)
        settings[1] &= ~termios.OPOST
        termios.tcsetattr(descriptor, termios.TCSANOW, settings)
        termios.tcsetwinsize(descriptor, (24, 60))
        self.stream = os.fdopen(descriptor, "w", encoding="utf-8", newline="")

    def read(self) -> str:
        """Returns what was written."""
        os.write(self.stream.fileno(), b"\0")
        raw = b""
        while not raw.endswith(b"\0"):
            raw += os.read(self._controller, 65536)
        return raw.removesuffix(b"\0").decode()

    def close(self) -> None:
        self.stream.close()
        os.close(self._controller)


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fold(clock: Clock) -> Fold:
    return Fold(lambda: True, clock)


def take(fold: Fold, text: str) -> tuple[int, str]:
    return fold.take(text, COLUMNS, HEIGHT)


@given(
    st.lists(
        st.sampled_from(
            ["ab", "0123456789", "\n", "漢字", "\x1b[31m", "\x1b[0m", "x\ny\n", "ab\rcd", "0" * 20]
        ),
        max_size=40,
    )
)
def test_rows_are_those_of_a_terminal(parts: list[str]) -> None:
    """A text that moves only within its line takes the rows that a terminal shows of it, whole or in parts.

    Wide characters begin in even columns: pyte does not wrap one in the last column.
    """
    text = "".join(parts)
    screen = pyte.Screen(COLUMNS, 500)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    whole, in_parts = Rows(COLUMNS, 500), Rows(COLUMNS, 500)
    assert whole.add(text, math.inf) == (len(text), screen.cursor.y)
    assert sum(in_parts.add(part, math.inf)[1] for part in parts) == screen.cursor.y


@pytest.mark.parametrize("frame", [FRAME, DASHBOARD, "\r50%", "\x1b[2K\r", "x\x08"])
def test_a_text_that_writes_over_itself_takes_no_rows(frame: str) -> None:
    """Frames of an animation take the rows of the first one."""
    rows = Rows(COLUMNS, HEIGHT)
    rows.add("line\n" * 5, math.inf)
    assert sum(rows.add(frame, math.inf)[1] for _ in range(1000)) == 0


def test_two_screens_are_shown_whole() -> None:
    """More is cut to the first screen, at the end of a line."""
    text = "line\n" * 2 * HEIGHT
    assert first_screen(text, COLUMNS, HEIGHT) == len(text)
    assert first_screen(text + "x\n", COLUMNS, HEIGHT) == len("line\n") * (HEIGHT - BELOW)


@pytest.mark.parametrize(("character", "width"), [("x", 1), ("漢", 2)])
def test_one_long_line_is_cut_inside(character: str, width: int) -> None:
    """A line longer than a screen is cut, also with wide characters and in colour."""
    for colour in ("", "\x1b[31m"):
        end = first_screen(colour + character * 100_000, COLUMNS, HEIGHT)
        assert end == len(colour) + (HEIGHT - BELOW) * COLUMNS // width


def test_a_flood_is_counted_beyond_two_screens(fold: Fold) -> None:
    """Two screens are painted, in any number of parts; the rest is counted."""
    painted = "".join(take(fold, "line\n")[1] for _ in range(1000))
    assert painted == "line\n" * 2 * HEIGHT
    assert fold.is_closed and fold.lines == 1000 - 2 * HEIGHT


def test_a_slow_log_is_never_folded(fold: Fold, clock: Clock) -> None:
    """A line each second is painted, also for hours."""
    for _ in range(5000):
        clock.now += 1
        assert take(fold, "line\n") == (0, "line\n")


def test_a_slow_log_after_a_flood_is_painted_again(fold: Fold, clock: Clock) -> None:
    """Below the number of lines that were left out."""
    take(fold, "line\n" * 1000)
    clock.now = 9
    assert take(fold, "hidden\n") == (0, "")
    clock.now = 11
    assert take(fold, "shown\n") == (1001 - 2 * HEIGHT, "shown\n")
    assert not fold.is_closed


def test_a_steady_flood_stays_folded(fold: Fold, clock: Clock) -> None:
    """What arrives too fast for minutes is painted once."""
    painted = ""
    for _ in range(1000):
        clock.now += 0.5
        painted += take(fold, "line\n" * 3)[1]
    assert lines_in(painted) <= 2 * HEIGHT


@pytest.mark.parametrize("frame", [FRAME, DASHBOARD, "\r50%", "."])
def test_an_animation_is_no_flood(fold: Fold, frame: str) -> None:
    """What takes few rows is painted, however often it arrives."""
    take(fold, "line\n" * 5)
    assert all(take(fold, frame)[1] == frame for _ in range(150))


def test_a_question_behind_a_flood_is_shown(fold: Fold) -> None:
    """With the lines before it; the next output has two screens again."""
    take(fold, "line\n" * 1000 + "Choose:\n1 a\nWhich? ")
    lines, shown = fold.last_lines()
    assert shown == "Choose:\n1 a\nWhich? " and lines == 1000 - 2 * HEIGHT
    assert take(fold, "thanks\n") == (0, "thanks\n")


def test_nothing_is_folded_that_is_not_stored(clock: Clock) -> None:
    """Without a place for the rest, everything is painted."""
    is_stored = [True]
    fold = Fold(lambda: is_stored[0], clock)
    take(fold, "line\n" * 1000)
    is_stored[0] = False
    assert take(fold, "line\n" * 1000) == (1000 - 2 * HEIGHT, "line\n" * 1000)


@pytest.fixture
def screen() -> Iterator[Screen]:
    made = Screen()
    yield made
    made.close()


def console_on(screen: Screen) -> Console:
    theme = Theme("none", styles={})
    stream = screen.stream
    console = Console(stream, stream, theme=theme, color="never", environ={"TERM": "xterm"})
    console.begin_snippet(lambda: True)
    return console


@pytest.mark.parametrize("is_live", [False, True])
def test_an_error_is_below_the_count(screen: Screen, is_live: bool) -> None:
    """Errors and values are shown after a flood, and the count stands before them."""
    console = console_on(screen)
    console.is_live = is_live
    for _ in range(100):
        console.show(Output("line\n" * 10, "stdout"))
    error = Thrown("Error", "at the end", "")
    console.show(Execution(Status.ERROR, "", "", error=error, streamed=True))
    rows = screen.read().split("\n")
    assert rows[:-1] == ["line"] * 48 + ["… 952 more lines · %page", "Error: at the end"]


def test_an_outcome_is_folded_in_order(screen: Screen) -> None:
    """The output of a short snippet has its first screen of both streams; its value has one of its own."""
    console = console_on(screen)
    text, value = "line\n" * 50, "[\n" + "  1,\n" * 100 + "]"
    order = (25, 25) * 10
    console.show(Execution(Status.OK, text, text, Value(value, value), order=order))
    rows = screen.read().split("\n")
    assert rows[:20] == ["line"] * 20 and rows[20] == "… 80 more lines · %page"
    assert rows[21] == "[" and rows[41] == "… 82 more lines · %page"


def test_a_table_is_shown_whole(screen: Screen) -> None:
    """Its rows are what was asked for."""
    console = console_on(screen)
    console.show(Execution(Status.OK, value=Value("row\n" * 100, None, is_table=True)))
    assert screen.read().count("row") == 100


def test_scripts_fold_nothing() -> None:
    """A console that no prompt has told to fold writes everything."""
    screen = Terminal(io.BytesIO(), encoding="utf-8")
    theme = Theme("none", styles={})
    console = Console(screen, screen, theme=theme, color="never", environ={"TERM": "xterm"})
    console.show(Output("line\n" * 1000, "stdout"))
    console.show(Execution(Status.OK, "line\n" * 1000))
    console.show(Words("end"))
    screen.flush()
    assert screen.buffer.getvalue().decode().count("line") == 2000  # type: ignore[attr-defined]


@given(st.integers(1, 9))
def test_a_page_in_blocks(size: int) -> None:
    """Blocks that end inside a character or a colour are one text; the last line has an end."""
    text = "\x1b[31mä漢\x1b[0m\n" * 3 + "end"
    data = text.encode()
    blocks = [data[at : at + size] for at in range(0, len(data), size)]
    parts = list(page_texts(Page(blocks, "42")))
    assert "".join(parts) == f"{text}\n42\n"
    assert "".join(visible(part, colour=False) for part in parts) == "ä漢\n" * 3 + "end\n42\n"
