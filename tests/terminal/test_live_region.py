"""Lines that change in place: what a terminal shows of a region is what it would show of the program itself."""

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyte.modes import DECAWM
from wcwidth import wcwidth

from noderepl.terminal.escapes import visible
from noderepl.terminal.live_region import LONG, LiveRegion
from noderepl.terminal.own_lines import _RUN, OwnLines
from noderepl.terminal.pen import Pen

COLUMNS, ROWS = 20, 8
PARTS = st.lists(
    st.sampled_from(
        "a|bc |\r|\n|\r\n|\x08|\t|\x1b[K|\x1b[1K|\x1b[2K|\x1b[A|\x1b[2A|\x1b[B|\x1b[3C|\x1b[2D|\x1b[G|\x1b[5G|\x1b[J"
        "|\x1b[31m|\x1b[1;38;5;200m|\x1b[0m|\x1b[?25l|\x1b7|\x1b8|0123456789012345678|x\ny\nz\n|e\u0301"
        "|one line and another one".split("|")
    ),
    max_size=30,
)  # fmt: skip


class Terminal(pyte.Screen):
    """A terminal whose lines do not wrap for a character without width, as pyte's do at the end of a full line."""

    def draw(self, data: str) -> None:
        """Writes text at the cursor."""
        for character in data:
            joins = wcwidth(character) == 0 and DECAWM in self.mode
            if joins:
                self.mode.discard(DECAWM)
            super().draw(character)
            if joins:
                self.mode.add(DECAWM)


def screen_of(data: str) -> pyte.Screen:
    """A terminal after some output; LF is CR and LF, as a terminal's driver makes it."""
    screen = Terminal(COLUMNS, ROWS)
    pyte.Stream(screen).feed(data.replace("\r\n", "\n").replace("\n", "\r\n"))
    return screen


def shown(screen: pyte.Screen) -> list[str]:
    """Its lines without the blanks at their ends and below."""
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def test_narrow_characters_have_one_column() -> None:
    """As wcwidth counts them."""
    narrow = [one for one in map(chr, range(0x3000)) if (run := _RUN.match(one)) and run["narrow"]]
    assert len(narrow) > 1500
    assert [one for one in narrow if wcwidth(one) != 1] == []


def region(**options: object) -> LiveRegion:
    """A region on a terminal of COLUMNS and ROWS."""
    return LiveRegion(COLUMNS, ROWS - 1, **({"colour": True} | options))  # type: ignore[arg-type]


def plain(text: str) -> str:
    """A text that only has colours and lines, safe for a terminal."""
    return visible(text, colour=True)


@given(PARTS, st.integers(1, 9))
@example(["0123456789012345678", "e\u0301", "\r", "a"], 1)
def test_the_screen_is_that_of_the_program(parts, step):
    """In any pieces, also if a sequence is split, while the output fits into the region."""
    # Down, a program moves only within its own lines.
    text = "".join(parts).replace("\x1b[B", "")
    lines = OwnLines(COLUMNS, 10_000)
    lines.feed(text)
    if len(lines.rows) + text.count("\n") < ROWS - 1:
        made = region()
        written = "".join(
            made.feed(text[at : at + step], "stdout", plain=plain)
            for at in range(0, len(text), step)
        )
        assert shown(screen_of(written + made.end())) == shown(screen_of(text))


@given(PARTS, st.integers(1, 40))
def test_pieces_do_not_matter(parts, step):
    """The last rows are those of the whole output, also if more has scrolled away."""
    text = "".join(parts * 3)
    whole, made = region(), region()
    written = "".join(
        made.feed(text[at : at + step], "stdout", plain=plain) for at in range(0, len(text), step)
    )
    once = whole.feed(text, "stdout", plain=plain)
    assert shown(screen_of(written + made.end())) == shown(screen_of(once + whole.end()))


def test_wide_characters_have_two_cells():
    """They wrap whole, and writing over a half of one blanks the other half."""
    made = region()
    written = made.feed("\u4e16" * 9 + "ab\u754c\x1b[Dy\x1b[A\rx", "stdout")
    assert shown(screen_of(written)) == ["x " + "\u4e16" * 8 + "ab", " y"]


@pytest.mark.parametrize(
    "text",
    ["\x1b]0;title\x07", "\x1b[?1049h", "\x1b[99999A", "\x1b[6n", "\x1bP1\x1b\\", "\x1b[5;1r", "\x9b2J", "\x1b[10;10;10H"],
)  # fmt: skip
def test_other_sequences_are_text(text):
    """They never reach the terminal, neither alone nor beside movement."""
    for before in ("", "\r"):
        made = region()
        written = made.feed(before + text, "stdout", plain=plain)
        assert text not in written + made.end()
    lines = OwnLines(80, 4)
    lines.feed(text)
    assert r"\x" in lines.rows[0].text


def test_it_changes_nothing_above():
    """However far a program moves up, the lines of others stay."""
    made = region()
    written = "above\n" + made.feed("one\ntwo" + "\x1b[A" * 1000 + "\x1b[H\x1b[2Jnew", "stdout")
    assert shown(screen_of(written)) == ["above", "new"]


def test_an_overlay_goes_with_the_next_output():
    """Typed text is shown at the program's cursor until the program writes."""
    made = region()
    written = made.feed("name? ", "stdout") + made.overlay("Bo") + made.overlay("Bob")
    assert shown(screen_of(written)) == ["name? Bob"]
    written += made.feed("Eve\nhello", "stdout")
    assert shown(screen_of(written)) == ["name? Eve", "hello"]


def test_an_overlay_of_many_lines_scrolls_and_goes():
    """The rows below the region's top are painted again without it."""
    made = region()
    text = "\n".join("abcdefg")
    written = (
        made.feed(text, "stdout") + made.overlay("\n1\n2\n3\n4") + made.feed("\nnext", "stdout")
    )
    assert shown(screen_of(written))[-3:] == ["f", "g", "next"]


def test_rows_with_a_prefix_are_above_the_cursor():
    """Late output: each row has the number of its snippet, and the cursor is below."""
    made = region(prefix="[3] ", indent=4, number=3)
    written = (
        made.feed("10%", "stdout")
        + made.feed("\r20%", "stdout")
        + made.feed("\r\x1b[Kdone\n", "stdout")
    )
    screen = screen_of(written)
    assert (shown(screen), screen.cursor.y, screen.cursor.x) == (["[3] done"], 1, 0)


def test_long_plain_output_passes_again():
    """After a line that moved, and what moves behind it is in place."""
    made = region()
    written = (
        made.feed("1%\r2%\n", "stdout")
        + made.feed("line\n" * LONG, "stdout")
        + made.feed("3%\r4%", "stdout")
    )
    assert written.count("line\n") == LONG
    assert shown(screen_of(written))[-2:] == ["line", "4%"]


def test_a_line_without_end_stays():
    """Of a line that is longer than what is read again, the next movement begins on a line of its own."""
    made = region()
    written = made.feed("x" * 100_000, "stdout") + made.feed("\rnew", "stdout")
    assert shown(screen_of(written))[-2:] == ["x" * COLUMNS, "new"]


@pytest.mark.parametrize(
    ("parameters", "sequence"),
    [
        ("31", "31"), ("31;0", ""), ("31;39", ""), ("1;4", "1;4"), ("1;22", ""), ("38;2;1;2;3", "38;2;1;2;3"),
        ("38:2::1:2:3", "38;2;1;2;3"), ("48;5;200", "48;5;200"), ("38;2;1", "38;2;1;0;0"), ("38;5;999", ""), ("38;5;3:4", ""), ("38:5", "38;5;0"),
        ("4:3", "4:3"), ("4:0", ""), ("999", ""), ("7;27", ""), ("97;103", "97;103"), ("38;9;1", "1"), ("", ""),
    ],
)  # fmt: skip
def test_a_pen_sets_the_same_again(parameters, sequence):
    """Whatever the parameters, its sequence is short."""
    pen = Pen()
    pen.apply(parameters)
    assert pen.sequence == (f"\x1b[{sequence}m" if sequence else "")
