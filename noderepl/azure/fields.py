"""Reads fields of Azure's answers, each checked for type, range and size; a field of another type
counts as missing. This module does no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from noderepl.client.circumstances import printable
from noderepl.schema import Check, Count, Word

_WORD: Check[str] = Check(Word)
_COUNT: Check[int] = Check(Count)
_FLAG: Check[bool] = Check(bool)
_DIGITS: Check[str] = Check(Annotated[str, Meta(pattern=r"^\d{1,15}$")])
_WORDS: Check[list[str]] = Check(list[Word])


def at(value: object, *path: str) -> object:
    """Returns the value at a path of keys, None if there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def word(value: object, *path: str) -> str:
    """Returns the text at a path, "" if there is none, or none without control characters."""
    found = _WORD.read_or(at(value, *path), "")
    return found if found.isprintable() else ""


def message(value: object, *path: str) -> str:
    """Returns the text at a path for people to read, "" if there is none: one line, with a blank
    for each control character, and truncated.
    """
    found = at(value, *path)
    return printable(found) if isinstance(found, str) else ""


def count(value: object, *path: str) -> int | None:
    """Returns the whole number at a path, also from digits; None if there is none."""
    found = at(value, *path)
    digits = _DIGITS.read_or(found, None)
    return _COUNT.read_or(found if digits is None else int(digits), None)


def words(value: object, *path: str) -> tuple[str, ...]:
    """Returns the list of texts at a path, () if there is none."""
    return tuple(filter(str.isprintable, _WORDS.read_or(at(value, *path), [])))


def items(value: object, *path: str) -> tuple[object, ...]:
    """Returns the list at a path, () if there is none."""
    found = at(value, *path)
    return tuple(found) if isinstance(found, list) else ()
