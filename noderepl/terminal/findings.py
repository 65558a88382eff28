"""The findings of `noderepl doctor` as pieces of styled text, wrapped at words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from noderepl.doctor.finding import Finding
from noderepl.terminal.manual import WIDEST
from noderepl.terminal.pieces import Piece
from noderepl.terminal.tables import one_line

STATUS_COLUMNS, NAME_COLUMNS = 9, 15
LEAST = 36
"""Columns for a detail; with fewer, it is below the name."""
_NARROW_INDENT = 2
_STYLES = {"ok": "note", "warning": "warning", "failed": "failure", "skipped": "value-elided"}


def finding(outcome: Finding, width: int) -> Iterator[Piece]:
    """Yields the lines of one finding. width: of the terminal; 0 for one line."""
    found = outcome.found
    detail = found.detail + (f" ({found.source})" if found.source else "")
    yield Piece(_STYLES[found.status], f"{found.status:{STATUS_COLUMNS}}")
    if not width:
        texts = "; ".join(filter(None, (detail, found.advice)))
        yield Piece("", f"{outcome.name:{NAME_COLUMNS}}{one_line(texts)}\n")
        return
    columns, indent = min(width, WIDEST), STATUS_COLUMNS + NAME_COLUMNS
    is_beside = columns - indent >= LEAST
    indent = indent if is_beside else _NARROW_INDENT
    lines = _wrapped(one_line(detail), columns, " " * indent)
    if is_beside:
        yield Piece("", f"{outcome.name:{NAME_COLUMNS}}{lines.lstrip(' ')}\n")
    else:
        yield Piece("", f"{outcome.name}\n{lines}\n")
    if found.advice:
        blank = " " * indent
        advice = _wrapped(one_line(found.advice), columns, f"{blank}→ ", f"{blank}  ")
        yield Piece(_STYLES[found.status], f"{advice}\n")


def _wrapped(text: str, columns: int, first: str, other: str | None = None) -> str:
    """Returns a text in lines of at most so many columns; a longer word is not split."""
    return textwrap.fill(
        text,
        max(columns, len(first) + 10),
        initial_indent=first,
        subsequent_indent=first if other is None else other,
        break_long_words=False,
        break_on_hyphens=False,
    )
