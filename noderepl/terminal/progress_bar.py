"""The progress bar of a transfer."""

from __future__ import annotations

from noderepl.terminal.pieces import Piece
from noderepl.terminal.tables import one_line
from noderepl.units import human_size

BAR = 30
LABEL = 10
"""Columns of the label, at least."""


def progress_bar(label: str, done: int, total: int | None, columns: int) -> list[Piece]:
    """Returns the progress bar of a transfer.

    label: the operation. done, total: bytes; total is None if it is unknown. columns: the width of
    the terminal, 0 if it is not known.
    """
    columns = columns or 80
    if total is None:
        return [
            Piece("note", f"{one_line(label, max(columns - 20, 10))} "),
            Piece("progress", human_size(done)),
        ]
    numbers = f" {100 * done // total:3} % of {human_size(total)}"
    # A line that is wider than the terminal could not be rewritten in place.
    width = max(0, min(BAR, columns - len(numbers) - LABEL - 2))
    filled = width * done // total
    shown = one_line(label, max(columns - width - len(numbers) - 2, LABEL))
    bar = [Piece("progress", "#" * filled), Piece("progress-rest", "." * (width - filled))]
    return [Piece("note", f"{shown} "), *bar, Piece("note", numbers)]
