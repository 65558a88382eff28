"""The appearance of descriptions."""

from __future__ import annotations

import pytest

from noderepl.outcome import Description, Entry
from noderepl.terminal.render import render

SHOWN = Description(
    (
        Entry("code", "add(first: number, second: number, third: string): Promise<number>"),
        Entry("field", "function", "Type"),
        Entry("field", "https://developer.mozilla.org/en-US/docs/Web/JavaScript", "Page"),
        Entry("field", "one, two, three, four, five, six, seven, eight", "Members"),
        Entry("prose", "Adds \x1b]0;all\x07 the numbers that it gets, one after the other."),
        Entry("title", "Parameters"),
        Entry("item", "the first of the numbers that are added", "first"),
        Entry("title", "Example"),
        Entry("example", "add(1, 2)\n  // 3"),
    )
)
NARROW = r"""add(first: number, second: number,
    third: string): Promise<number>

Type:    function
Page:    https://developer.mozilla.org/en-US/docs/Web/JavaScript
Members: one, two, three, four, five,
         six, seven, eight

Adds \x1b]0;all\x07 the numbers that it
gets, one after the other.

Parameters:
  first  the first of the numbers that
        are added

Example:
  add(1, 2)
    // 3
"""


def test_narrow_terminals() -> None:
    """Lines break at words, addresses stay whole, and controls are shown."""
    assert render(SHOWN, width=40, styled=False).stdout == NARROW


@pytest.mark.parametrize("width", [0, 1, 10, 20, 80, 500])
def test_all_widths(width: int) -> None:
    """Nothing is lost."""
    text = render(SHOWN, width=width, styled=False).stdout
    words = " ".join(entry.text for entry in SHOWN.entries if entry.kind != "prose").split()
    assert "".join(words) in "".join(text.split()) or all(word in text for word in words)


def test_colours() -> None:
    """Signatures and examples are JavaScript, and the text is the same."""
    styled = render(SHOWN, width=40, styled=True)
    assert styled.stdout == NARROW
    styles = {piece.style for part in styled.parts for piece in part.pieces}
    assert {"code-function", "code-number", "code-comment", "table-header"} <= styles
