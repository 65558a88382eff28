"""The appearance of a description: `expr?` as pieces of styled text, wrapped at words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from noderepl.javascript.highlight import Highlighter
from noderepl.outcome import Entry
from noderepl.terminal.escapes import visible
from noderepl.terminal.pieces import Piece

HANGING, INDENT = 4, "  "
"""Columns of indentation: of the further lines of a signature, and of examples and items."""
# The columns of a text beside its label; with fewer, it is below the label.
NARROW = 24


def description(entries: Sequence[Entry], width: int, *, styled: bool) -> Iterator[Piece]:
    """Yields a description as pieces.

    width: of the terminal, in columns; 0 for no limit. styled: whether to colour JavaScript.
    """
    labels = [len(one.label) + 1 for one in entries if one.kind == "field"]
    column = max(labels, default=0) + 1
    before = ""
    for entry in entries:
        if before and _is_apart(entry.kind, before):
            yield Piece("", "\n")
        text = visible(entry.text, colour=False)
        label = visible(entry.label, colour=False)
        match entry.kind:
            case "code":
                yield from _code(text, width, styled, "")
            case "example":
                yield from _code(text, 0, styled, INDENT)
            case "field":
                yield Piece("table-header", f"{label}:".ljust(column))
                yield Piece("", _hanging(text, width, column))
            case "title":
                yield Piece("table-header", f"{text}:\n")
            case "item":
                head = f"{INDENT}{label}  " if label else INDENT
                yield Piece("code-property", head)
                yield Piece("", _hanging(text, width, 2 * HANGING, first=len(head)))
            case _:
                yield Piece("", _hanging(text, width, 0))
        before = entry.kind


def _is_apart(kind: str, before: str) -> bool:
    """Returns whether an empty line is between two entries."""
    if kind in ("field", "item") and before in ("field", "code", "title", "item"):
        return kind == "field" and before == "code"
    return not (kind == "example" and before == "title")


def _hanging(text: str, width: int, indent: int, *, first: int | None = None) -> str:
    """Returns a text whose further lines are indented. first: the columns before its first line."""
    if not width:
        return f"{text}\n"
    begin = indent if first is None else first
    if width - indent < NARROW:
        indent = HANGING if indent else 0
    lines = textwrap.wrap(
        text,
        max(width, NARROW),
        initial_indent="\0" * begin,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(lines).replace("\0", "") + "\n"


def _code(text: str, width: int, styled: bool, indent: str) -> Iterator[Piece]:
    lines: list[str] = []
    for line in text.split("\n"):
        long = width and len(line) + len(indent) > width and len(lines) < 1000
        lines += (
            textwrap.wrap(
                line,
                max(width - len(indent), NARROW),
                subsequent_indent=" " * HANGING,
                break_long_words=False,
                break_on_hyphens=False,
                drop_whitespace=True,
            )
            if long
            else [line]
        )
    if not styled:
        yield Piece("", "".join(f"{indent}{line}\n" for line in lines))
        return
    line_pieces = Highlighter().pieces("\n".join(lines))
    for number in range(len(lines)):
        if indent:
            yield Piece("", indent)
        for kind, piece in line_pieces(number):
            yield Piece(f"code-{kind}", piece)
        yield Piece("", "\n")
