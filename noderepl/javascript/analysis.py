"""The analysis of a snippet: only data, so that its producer and its users share no code."""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

Kind = Literal["let", "const", "using", "class", "function", "enum", "var"]

_NOT_ASCII = lazy_pattern(rb"[\xc0-\xff][\x80-\xbf]*")


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the text from start to before end. origin: the position of errors in the new text,
    None for that of the edit.
    """

    start: int
    end: int
    text: str
    origin: int | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """One statement that declares names in the session's global scope.

    kind: of the names; "const" for those of an import, "enum" for a TypeScript enum or namespace.
    start, end: the keyword `let`, `const`, `using`, `await using`, `var` or `import`; for any other
    statement both are its start, after an `export`. stop: the end of the statement, or of the whole
    loop if the declaration is in its head. nested: a `var` that is hoisted out of a block, a loop
    or a branch. simple: a `var` that stays valid without its keyword: plain names, each with a
    value.
    """

    kind: Kind
    names: tuple[str, ...]
    start: int
    end: int
    stop: int
    nested: bool = False
    simple: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment to a name that only the global scope can bind.

    shorthand: the name is a shorthand property, as in `({x} = o)`, so that another name has to be
    written `x: other`.
    """

    name: str
    start: int
    end: int
    shorthand: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a snippet cannot run: a sentence, and the place it is about."""

    sentence: str
    start: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """The analysis of a snippet; every position counts UTF-16 code units of `text`, as JavaScript
    does.

    text: as typed, without a byte order mark. edits: in order, none overlaps another or a
    declaration's keyword. declarations, assignments: in order. notes: sentences for the user.
    refusal: None where the snippet can run.
    """

    text: str
    edits: tuple[Edit, ...]
    declarations: tuple[Declaration, ...]
    assignments: tuple[Assignment, ...]
    is_typescript: bool
    has_jsx: bool
    notes: tuple[str, ...]
    refusal: Refusal | None = None


class Offsets:
    """Converts byte offsets of a UTF-8 text to offsets in UTF-16 code units."""

    def __init__(self, source: bytes) -> None:
        self._ends: list[int] = []
        self._surplus: list[int] = []
        if source.isascii():
            return
        surplus = 0
        for found in _NOT_ASCII.finditer(source):
            size = found.end() - found.start()
            surplus += size - (2 if size == 4 else 1)
            self._ends.append(found.end())
            self._surplus.append(surplus)

    def __call__(self, offset: int) -> int:
        before = bisect_right(self._ends, offset)
        return offset - self._surplus[before - 1] if before else offset
