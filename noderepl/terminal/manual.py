"""Help as pieces of styled text: lists of names with descriptions, and paragraphs with examples,
wrapped at words.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from noderepl.outcome import Listing, Manual, Section
from noderepl.terminal.escapes import visible
from noderepl.terminal.pieces import Piece
from noderepl.terminal.tables import columns_of

WIDEST = 100
"""Columns of a line of text."""
WITHOUT_TERMINAL = 80
LONGEST_NAME = 28
"""Columns; a description is below a longer name."""
LEAST = 30
"""Columns for descriptions; with fewer, each is below its name."""
_INDENT = 4
_EXAMPLE = " " * 4


def manual(outcome: Listing | Manual, width: int) -> Iterator[Piece]:
    """Yields the lines of a list or a text. width: of the terminal; 0 without one."""
    columns = min(width or WITHOUT_TERMINAL, WIDEST)
    if isinstance(outcome, Listing):
        yield from _listing(outcome.sections, columns)
    else:
        yield from _paragraphs(outcome.text, columns)


def _listing(sections: Sequence[Section], columns: int) -> Iterator[Piece]:
    names = [columns_of(name) for section in sections for name, _ in section.rows]
    longest = max((one for one in names if one <= LONGEST_NAME), default=0)
    for number, section in enumerate(sections):
        if section.title:
            yield Piece("table-header", ("\n" if number else "") + section.title + "\n")
        for name, text in section.rows:
            shown = visible(name, colour=False), visible(text, colour=False)
            yield from _row(*shown, longest, columns)


def _row(name: str, text: str, longest: int, columns: int) -> Iterator[Piece]:
    first, _, rest = name.partition(" ")
    is_wide = columns - longest - 4 >= LEAST
    is_beside = is_wide and columns_of(name) <= LONGEST_NAME
    indent = longest + 4 if is_wide else _INDENT
    yield Piece("", "  ")
    if rest and columns_of(name) > columns - 2:
        yield Piece("magic", first)
        yield Piece("", f"\n{_wrapped(rest, columns, _INDENT)}")
    else:
        yield Piece("magic", first)
        yield Piece("", f" {rest}" if rest else "")
    if not text:
        yield Piece("", "\n")
        return
    lines = _wrapped(text, columns, indent)
    if is_beside:
        lines = " " * (longest - columns_of(name) + 2) + lines.lstrip(" ")
    else:
        lines = "\n" + lines
    yield Piece("", lines + "\n")


def _paragraphs(text: str, columns: int) -> Iterator[Piece]:
    """Yields paragraphs, wrapped at words, and the lines of examples as they are."""
    paragraph: list[str] = []
    for line in visible(text, colour=False).rstrip("\n").split("\n"):
        if line.strip() and not line.startswith(_EXAMPLE):
            paragraph.append(line)
            continue
        yield from _filled(paragraph, columns)
        paragraph = []
        yield from _example(line)
    yield from _filled(paragraph, columns)


def _filled(paragraph: Sequence[str], columns: int) -> Iterator[Piece]:
    if paragraph:
        yield Piece("", _wrapped(" ".join(paragraph), columns, 0) + "\n")


def _example(line: str) -> Iterator[Piece]:
    """Yields a line of an example; what is typed has the style of the prompt before it."""
    sign, space, rest = line.removeprefix(_EXAMPLE).partition(" ")
    if line.startswith(_EXAMPLE) and space and sign in (">", "$"):
        yield Piece("", _EXAMPLE)
        yield Piece("prompt", f"{sign} ")
        yield Piece("magic" if rest.startswith("%") else "", rest + "\n")
    else:
        yield Piece("note", f"{line}\n")


def _wrapped(text: str, columns: int, indent: int) -> str:
    """Returns a text in lines of at most so many columns; a longer word is not split."""
    blank = " " * indent
    return textwrap.fill(
        text,
        max(columns, indent + 10),
        initial_indent=blank,
        subsequent_indent=blank,
        break_long_words=False,
        break_on_hyphens=False,
    )
