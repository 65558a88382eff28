"""Tables and lists of files as pieces of styled text, and texts of limited width."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, takewhile

from noderepl.outcome import RemoteFile
from noderepl.terminal.escapes import visible
from noderepl.terminal.pieces import Piece
from noderepl.units import human_size

NARROWEST = 20
"""Columns; the last column of a table is not wrapped to fewer."""
WIDEST = 80
"""Columns; cells of a column are padded to its widest cell, and to no more than these."""
AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def human_age(modified: datetime, now: datetime) -> str:
    """Returns the age of something in its largest unit: 3 s ago, 2 h ago; "now" within a second or
    in the future.
    """
    seconds = int((now - modified).total_seconds())
    return next(
        (f"{seconds // length} {unit} ago" for length, unit in AGES if seconds >= length), "now"
    )


def one_line(text: str, columns: int = 0) -> str:
    """Returns text for a part of a line: characters that would break the line are shown as other
    controls are.

    columns: the maximum width, with `...` at the end of truncated text; 0 for no limit.
    """
    shown = visible(text, colour=False).replace("\n", r"\x0a").replace("\t", r"\x09")
    if not columns or columns_of(shown) <= columns:
        return shown
    taken = accumulate(map(columns_of, shown))
    return shown[: sum(1 for _ in takewhile(lambda width: width <= columns - 3, taken))] + "..."


def files_table(files: Sequence[RemoteFile], now: datetime) -> Iterator[Piece]:
    from noderepl.file_names import shown_name  # start-up does not need it

    rows = [
        (
            one_line(shown_name(file.name)) + "/" * file.is_directory,
            "" if file.size is None or file.is_directory else human_size(file.size),
            "" if file.modified is None else human_age(file.modified, now),
        )
        for file in files
    ]
    widths = [max(_aligned(column)) for column in zip(*rows, strict=True)]
    for file, (name, size, age) in zip(files, rows, strict=True):
        yield Piece("directory-name" if file.is_directory else "file-name", name)
        details = f"{' ' * (widths[0] - columns_of(name))}  {size:>{widths[1]}}  {age:>{widths[2]}}"
        yield Piece("file-detail", details.rstrip() + "\n")


def _aligned(cells: Iterable[str]) -> Iterator[int]:
    """The columns of cells; one that is too wide does not push apart those above and below it."""
    return (min(columns_of(cell), WIDEST) for cell in cells)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[Piece]:
    cells = [[one_line(cell) for cell in row] for row in ([header, *rows] if header else rows)]
    count = max(map(len, cells), default=0)
    widths = [
        max(_aligned(row[i] for row in cells if i < len(row)), default=0) for i in range(count)
    ]
    indent = sum(widths[:-1]) + 2 * (count - 1)
    for number, row in enumerate(cells):
        padded = [*row, *[""] * (count - len(row))]
        line = "".join(
            cell + " " * (max(widths[i] - columns_of(cell), 0) + 2)
            for i, cell in enumerate(padded[:-1])
        )
        last = _cut(padded[-1], width - indent) if width - indent >= NARROWEST else padded[-1:]
        text = (line + f"\n{' ' * indent}".join(last)).rstrip()
        yield Piece("table-header" if header and number == 0 else "", text + "\n")


def _cut(text: str, width: int) -> Sequence[str]:
    """Returns a text in lines of at most `width` characters."""
    # textwrap needs quadratic time for words that are longer than a line.
    return textwrap.wrap(re.sub(rf"\S{{{width}}}(?=\S)", r"\g<0> ", text), width)


def columns_of(text: str) -> int:
    """Returns the number of terminal columns of a text."""
    if text.isascii():
        return len(text)
    # It takes 60 ms to import, and most output is ASCII.
    from wcwidth import wcswidth, wcwidth

    width = wcswidth(text)
    # A control, such as a tab, has no width of its own.
    return width if width >= 0 else sum(abs(wcwidth(character)) for character in text)
