"""Collects the edits of a text. Positions are byte offsets of its UTF-8 form."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import field

from tree_sitter import Node

from noderepl.javascript.analysis import Edit
from noderepl.javascript.modules import LINE_END
from noderepl.lazy_dataclasses import dataclass

_NOT_LINE_END = re.compile("[^\n\r\u2028\u2029]")
_WORD = re.compile(rb"[\w$\x80-\xff]+")
_GAP = re.compile(rb"(?:\s|//[^\n\r]*|/\*.*?\*/)*+", re.DOTALL)


@dataclass(slots=True)
class EditList:
    """The edits of one text, which do not overlap.

    source: the text. edits: replacements, and insertions before what begins at a place. closing:
    insertions behind what ends at a place; the innermost comes last.
    """

    source: bytes
    edits: list[Edit] = field(default_factory=list)
    closing: list[Edit] = field(default_factory=list)
    _places: dict[str, list[int]] = field(default_factory=dict)

    def text(self, node: Node) -> str:
        """Returns the text of a node."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")

    def replace(self, start: int, end: int, text: str) -> None:
        """Puts a text in place of another; the number of lines stays."""
        lost = self.lines(start, end) - text.count("\n")
        self.edits.append(Edit(start, end, text + "\n" * lost))

    def blank(self, start: int, end: int, first: str = "") -> None:
        """Replaces a text by as many blanks. first: what the blanks begin with."""
        typed = self.source[start:end].decode("utf-8", "surrogatepass")
        blanks = _NOT_LINE_END.sub(lambda found: " " if found[0] < "\U00010000" else "  ", typed)
        self.edits.append(Edit(start, end, first + blanks[len(first) :]))

    def before(self, place: int, text: str) -> None:
        """Inserts a text before what begins at a place."""
        self.edits.append(Edit(place, place, text))

    def after(self, place: int, text: str) -> None:
        """Inserts a text behind what ends at a place."""
        self.closing.append(Edit(place, place, text))

    def lines(self, start: int, end: int) -> int:
        """Returns the number of line ends between two places."""
        typed = self.source[start:end].decode("utf-8", "surrogatepass")
        return len(LINE_END.findall(typed))

    def after_gap(self, place: int) -> int:
        """Returns where the blanks and comments end that begin at a place."""
        found = _GAP.match(self.source, place)
        return found.end() if found else place

    def unused(self, name: str, start: int = 0, end: int | None = None) -> str:
        """Returns the name, or one with a number if the text has it between two places."""
        if not self._places:
            for found in _WORD.finditer(self.source):
                word = found[0].decode("utf-8", "replace")
                self._places.setdefault(word, []).append(found.start())
        places = self._places.get(name, [])
        first = bisect_left(places, start)
        if first == len(places) or (end is not None and places[first] >= end):
            return name
        number = 1
        while f"{name}_{number}" in self._places:
            number += 1
        return f"{name}_{number}"

    def add_outside(self, edits: Iterable[Edit]) -> None:
        """Adds the edits that are in no text that is replaced."""
        taken = sorted((one.start, one.end) for one in self.edits)
        for edit in edits:
            place = bisect_right(taken, (edit.start, len(self.source)))
            if not place or taken[place - 1][1] <= edit.start:
                self.edits.append(edit)

    def in_order(self) -> list[Edit]:
        """Returns the edits by their places."""
        everything = [*reversed(self.closing), *self.edits]
        return sorted(everything, key=lambda edit: (edit.start, edit.end))

    def apart(self) -> list[Edit]:
        """Returns the edits by their places, without those that overlap one before: those of a tree
        with errors may.
        """
        end, kept = 0, list[Edit]()
        for edit in self.in_order():
            if edit.start >= end:
                kept.append(edit)
                end = edit.end
        return kept
