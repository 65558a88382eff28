"""Help on the screen: columns, words, and colours."""

from __future__ import annotations

import pytest

from noderepl.magics import MAGICS
from noderepl.magics.topics import TOPICS
from noderepl.outcome import Listing, Manual, Section
from noderepl.terminal.render import render

HELP = Listing((Section("All", tuple((magic.usage, magic.summary) for magic in MAGICS)),))


def pieces(outcome, width: int):  # type: ignore[no-untyped-def]
    return [piece for part in render(outcome, width=width).parts for piece in part.pieces]


def lines(outcome, width: int) -> list[str]:
    """The lines that a terminal of this width gets."""
    return "".join(piece.text for piece in pieces(outcome, width)).splitlines()


@pytest.mark.parametrize("width", [30, 40, 50, 80, 100, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    """Down to 30 columns, lines end between words, and no word is lost."""
    for outcome in (HELP, *(Manual(topic.text) for topic in TOPICS)):
        shown = lines(outcome, width)
        text = [line for line in shown if not line.startswith("    ") or outcome is HELP]
        assert max(map(len, text)) <= min(width, 100)
    words = " ".join(lines(HELP, width)).split()
    assert words == ["All", *(word for row in HELP.sections[0].rows for cell in row for word in cell.split())]  # fmt: skip


def test_descriptions_stand_in_a_column() -> None:
    """On a wide terminal they begin in one column, on a narrow one below their names."""
    rows = Listing((Section("", (("%a B", "first"), ("%longer", "second"))),))
    assert lines(rows, 80) == ["  %a B     first", "  %longer  second"]
    assert lines(rows, 30) == ["  %a B", "    first", "  %longer", "    second"]


def test_names_have_a_colour() -> None:
    """The name of a magic has its style, and its arguments do not; so has what an example types."""
    assert [(p.style, p.text) for p in pieces(HELP, 80) if p.style == "magic"][1] == (
        "magic",
        "%upload",
    )
    assert ("prompt", "> ") in [(p.style, p.text) for p in pieces(Manual("    > %files\n"), 80)]


def test_paragraphs_are_filled() -> None:
    """Lines of a paragraph become one text; examples keep theirs; empty lines stay."""
    text = "one\ntwo\n\n    > 6 * 7\n    42\n\nthree"
    assert lines(Manual(text), 80) == ["one two", "", "    > 6 * 7", "    42", "", "three"]


def test_controls_are_shown() -> None:
    """What a configuration brings into the list cannot move the cursor."""
    shown = lines(Listing((Section("", (("\x1b[2Jf5", "insert \x1b]0;x\x07"),)),)), 80)
    assert "\x1b" not in "".join(shown) and "\x07" not in "".join(shown)
