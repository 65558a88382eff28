"""Shows only the part around the cursor of an input line that is too long to be painted."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

SHORTEST = 1000
"""Characters that are shown at least, however small the screen is."""
_LEFT_OUT = "…"


class LongLines(Processor):
    """Shows a part of each line that is longer than one and a half screens, with an ellipsis for
    the omitted text on either side.

    cells: returns the number of cells of the screen. part: returns the fragments of a part of a
    line of a document, by number, start and end.
    """

    def __init__(
        self,
        cells: Callable[[], int],
        part: Callable[[Document, int, int, int], StyleAndTextTuples],
    ) -> None:
        self._cells = cells
        self._part = part

    @property
    def longest(self) -> int:
        """The characters of the longest line that is shown whole."""
        return 3 * self._step

    @property
    def _step(self) -> int:
        return max(self._cells(), SHORTEST) // 2

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Returns the visible part of one line."""
        fragments, step = transformation_input.fragments, self._step
        length = sum(len(fragment[1]) for fragment in fragments)
        if length <= 3 * step:
            return Transformation(fragments)
        document, number = transformation_input.document, transformation_input.lineno
        is_here = number == document.cursor_position_row
        middle = (
            transformation_input.source_to_display(document.cursor_position_col) if is_here else 0
        )
        # The part stays the same while the cursor moves, and then moves by a third.
        start = min(max(middle // step - 1, 0) * step, length - step)
        end = min(start + 3 * step, length)
        shown: StyleAndTextTuples = [("class:code-comment", _LEFT_OUT)] if start else []
        before = len(shown)
        if len(fragments) == 1 and fragments[0][1] == document.lines[number]:
            shown += self._part(document, number, start, end)
        else:
            shown += _cut(fragments, start, end)
        if end < length:
            shown.append(("class:code-comment", _LEFT_OUT))
        return Transformation(
            shown,
            source_to_display=lambda place: min(max(place - start, 0), end - start) + before,
            display_to_source=lambda place: min(max(place - before, 0) + start, length),
        )


def _cut(fragments: StyleAndTextTuples, start: int, end: int) -> StyleAndTextTuples:
    """Returns the fragments between two offsets."""
    found: StyleAndTextTuples = []
    at = 0
    for style, text, *_ in fragments:
        if part := text[max(start - at, 0) : max(end - at, 0)]:
            found.append((style, part))
        at += len(text)
    return found
