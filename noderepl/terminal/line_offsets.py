"""The lines of a text that is edited, and their offsets, without dividing the whole text again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, count
from operator import add

from noderepl.javascript.line_states import common_start


class LineOffsets:
    """The lines of the latest text. `.lines`, `.starts`: each line, and its offset."""

    def __init__(self) -> None:
        self._text = ""
        self.lines: Sequence[str] = [""]
        self.starts: Sequence[int] = [0]

    def take(self, text: str) -> None:
        """Divides another text; where it differs by one insertion or deletion, only the lines
        there.
        """
        before, self._text = self._text, text
        grown = len(text) - len(before)
        at = common_start(before, text)
        old_end, new_end = at + max(-grown, 0), at + max(grown, 0)
        if before[old_end:] != text[new_end:]:
            self.lines = text.split("\n")
            self.starts = _starts(0, self.lines)
            return
        lines, starts = self.lines, self.starts
        first, last = (bisect_right(starts, place) - 1 for place in (at, old_end))
        end = starts[last] + len(lines[last]) + grown
        changed = text[starts[first] : end].split("\n")
        self.lines = [*lines[:first], *changed, *lines[last + 1 :]]
        behind = starts[last + 1 :]
        self.starts = [
            *starts[:first],
            *_starts(starts[first], changed),
            *(map(grown.__add__, behind) if grown else behind),
        ]


def _starts(first: int, lines: Sequence[str]) -> list[int]:
    """Returns the offsets of lines. first: that of the first."""
    return [first, *map(add, accumulate(map(len, lines[:-1])), count(first + 1))]
