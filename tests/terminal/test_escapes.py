"""Nothing of a remote text reaches a terminal but text, line ends and colour."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noderepl.terminal.escapes import escape, needs_plain, plain, visible

SHOWN = [
    ("plain\ttext\nsecond", "plain\ttext\nsecond"),
    ("日本語 é 🎉", "日本語 é 🎉"),
    ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
    ("\x1b]52;c;aGk=\x1b\\", r"\x1b]52;c;aGk=\x1b" + "\\"),
    ("\x1b]8;;http://x\x1b\\link", r"\x1b]8;;http://x\x1b" + "\\link"),
    ("\x1bPq#0\x1b\\", r"\x1bPq#0\x1b" + "\\"),
    ("\x1b_apc\x1b^pm\x1bXsos", r"\x1b_apc\x1b^pm\x1bXsos"),
    ("\x1b[2J\x1b[1;1H\x1b[?25l\x1b[6n", r"\x1b[2J\x1b[1;1H\x1b[?25l\x1b[6n"),
    ("\x1b[>4;2m\x1b[?4m\x1b[ m", r"\x1b[>4;2m\x1b[?4m\x1b[ m"),
    ("\x1bc\x1b(0\x1b7", r"\x1bc\x1b(0\x1b7"),
    ("\x1b", r"\x1b"),
    ("\x1b[31", r"\x1b[31"),
    ("\x9b31m\x9d0;t\x9c\x85", r"\x9b31m\x9d0;t\x9c\x85"),
    ("\x00\x07\x08\x0b\x0c\x0e\x7f", r"\x00\x07\x08\x0b\x0c\x0e\x7f"),
    ("safe\rEVIL", r"safe\x0dEVIL"),
    ("a\r\nb\r\n", "a\nb\n"),
    ("a\r\r\n", "a\\x0d\n"),
    ("\u202eabc\u2066\u200f\u061c", r"\u202eabc\u2066\u200f\u061c"),
    ("\ud800x\udfff", r"\ud800x\udfff"),
]


@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize(("text", "shown"), SHOWN)
def test_everything_but_colour_is_shown(text: str, shown: str, colour: bool) -> None:
    """A control character or sequence is shown as JavaScript escapes it, whether or not there are colours."""
    assert visible(text, colour=colour) == shown


@pytest.mark.parametrize(
    ("text", "coloured", "plain"),
    [
        ("\x1b[31mred\x1b[0m.", "\x1b[31mred\x1b[0m.", "red."),
        ("\x1b[38;2;1;2;3m\x1b[4:3mx\x1b[m", "\x1b[38;2;1;2;3m\x1b[4:3mx\x1b[m", "x"),
        ("\x1b[31mopen", "\x1b[31mopen\x1b[0m", "open"),
        ("\x1b[31mred\x1b[39m\n", "\x1b[31mred\x1b[39m\n\x1b[0m", "red\n"),
        ("\x1b[0;1mbold", "\x1b[0;1mbold\x1b[0m", "bold"),
        ("\x1b\x1b[31m[31m\x1b[0m", "\\x1b\x1b[31m[31m\x1b[0m", r"\x1b[31m"),
        ("a\r\x1b[0m\n", "a\\x0d\x1b[0m\n", "a\\x0d\n"),
    ],
)
def test_colour_passes_where_there_are_colours(text: str, coloured: str, plain: str) -> None:
    """SGR passes and is ended by a reset, or is taken out where there are no colours."""
    assert visible(text, colour=True) == coloured
    assert visible(text, colour=False) == plain


HOSTILE = st.text(
    st.sampled_from("\x1b\x9b[];:0139mHJ\r\n\t\x07\\ a\u202e\ud800\x00P") | st.characters(),
    max_size=60,
)


@given(HOSTILE, HOSTILE, st.booleans())
def test_pieces_stay_safe_together(first: str, second: str, colour: bool) -> None:
    """However a text is cut in pieces, what is shown has no control but tab, line feed and whole SGR sequences."""
    shown = visible(first, colour=colour) + visible(second, colour=colour)
    rest = re.sub(r"\x1b\[[0-9;:]*m", "", shown) if colour else shown
    assert not re.search(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]",
        rest,
    )


@given(HOSTILE, st.booleans())
def test_shown_text_is_final(text: str, colour: bool) -> None:
    """What was made safe is not changed by making it safe again."""
    once = visible(text, colour=colour)
    assert visible(once, colour=colour) == once


@pytest.mark.parametrize("unit", ["\x1b", "\x1b[1;", "\x1b[1m", "\x1b]", "\r", "\u202e", "text\n"])
def test_two_megabytes_end(unit: str) -> None:
    """Two megabytes of anything come back, as time is linear."""
    count = 2_000_000 // len(unit)
    assert len(visible(unit * count, colour=True)) >= count


def test_a_text_that_needs_no_escape_has_none() -> None:
    """Where needs_plain() says that a text stays, plain() does not change it, and no character combines."""
    unchanged = [one for one in map(chr, range(sys.maxunicode + 1)) if not needs_plain(one)]
    assert len(unchanged) > 30_000
    assert [one for one in unchanged if plain(one) != one or unicodedata.combining(one)] == []
    assert not any(map(needs_plain, ("é…", "文字", "“a”")))
    assert all(map(needs_plain, ("e\u0301", "\u00a0", "👍🏽", "1\ufe0f\u20e3", "a\u200b", "\t")))


@pytest.mark.parametrize(
    "character",
    ["\u00ad", "\u034f", "\u1160", "\u180b", "\u206a", "\u3164", "\ufe00", "\uffa0", "\U0001d173", "\U000e0001", "\U000e0101"],
)  # fmt: skip
def test_a_character_that_is_not_seen_is_shown(character: str) -> None:
    """In a name and in typed code, as JavaScript escapes it."""
    assert needs_plain(f"a{character}b")
    assert plain(f"a{character}b") == f"a{escape(character)}b"
    assert escape(character).isascii()
