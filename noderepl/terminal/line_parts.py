"""A line of parts, such as the toolbar: a narrow terminal shows only the most important ones."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from noderepl.lazy_dataclasses import dataclass
from noderepl.terminal.pieces import Piece
from noderepl.terminal.tables import columns_of, one_line

_BETWEEN = " · "


@dataclass(frozen=True, slots=True)
class LinePart:
    """A part of a line.

    text: without controls. rank: its place in the order of omission, the highest first; 0: it is
    never omitted. style: of the theme.
    """

    text: str
    rank: int = 0
    style: str = "toolbar"


def fitted(parts: Sequence[LinePart], columns: int) -> list[Piece]:
    """Returns the parts that fit into a line, with dots between them.

    columns: of the line. Of parts of one rank, the last is omitted first; parts that are never
    omitted are truncated at the end of the line.
    """
    shown = list(parts)
    excess = sum(columns_of(part.text) + len(_BETWEEN) for part in shown) - len(_BETWEEN) - columns
    while excess > 0 and (highest := max((part.rank for part in shown), default=0)) > 0:
        at = max(index for index, part in enumerate(shown) if part.rank == highest)
        excess -= columns_of(shown.pop(at).text) + len(_BETWEEN)
    pieces: list[Piece] = []
    for part in shown:
        pieces += [Piece("toolbar", _BETWEEN)] if pieces else []
        pieces.append(Piece(part.style, part.text))
    if excess > 0:
        return [
            Piece("toolbar", one_line("".join(piece.text for piece in pieces), max(columns, 3)))
        ]
    return [
        Piece(style, "".join(piece.text for piece in run))
        for style, run in groupby(pieces, lambda piece: piece.style)
    ]
