"""A line of parts: the least important are omitted on a narrow terminal, and the line never wraps."""

from __future__ import annotations

import pytest

from noderepl.terminal.line_parts import LinePart, fitted
from noderepl.terminal.tables import columns_of

PARTS = (
    LinePart("embedded", 6),
    LinePart("session ABCD…", 2),
    LinePart("Node 22.11.0", 4),
    LinePart("12 ms", 3),
    LinePart("_7", 5),
    LinePart("ends in 42 s", style="toolbar-key"),
)


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (78, "embedded · session ABCD… · Node 22.11.0 · 12 ms · _7 · ends in 42 s"),
        (66, "session ABCD… · Node 22.11.0 · 12 ms · _7 · ends in 42 s"),
        (51, "session ABCD… · Node 22.11.0 · 12 ms · ends in 42 s"),
        (48, "session ABCD… · 12 ms · ends in 42 s"),
        (28, "session ABCD… · ends in 42 s"),
        (27, "ends in 42 s"),
        (9, "ends i..."),
    ],
)
def test_a_narrow_line_has_the_most_important_parts(columns: int, line: str) -> None:
    """Parts of a high rank go first, and what is never omitted is truncated."""
    assert "".join(piece.text for piece in fitted(PARTS, columns)) == line


def test_no_line_is_wider_than_its_terminal() -> None:
    """In any width, also with parts of wide characters that are never omitted."""
    parts = [*PARTS, LinePart("漢字 " * 5), LinePart("é" * 20)]
    for columns in range(100):
        assert columns_of("".join(piece.text for piece in fitted(parts, columns))) <= max(
            columns, 3
        )
    assert fitted([], 10) == []


def test_the_styles_are_those_of_the_parts() -> None:
    """The dots between belong to the toolbar."""
    styles = [(piece.style, piece.text) for piece in fitted(PARTS[-2:], 40)]
    assert styles == [("toolbar", "_7 · "), ("toolbar-key", "ends in 42 s")]
