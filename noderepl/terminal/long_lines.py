"""Shows only the part around the cursor of an input line that is too long to be painted."""

from __future__ import annotations

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout.processors import Processor, Transformation, TransformationInput

LONGEST = 20_000
"""Characters; at each key, the line editor takes time for each character of a line."""
_SHOWN = 10_000
_LEFT_OUT = "…"


class LongLines(Processor):
    """Shows 10,000 characters of a line of more than 20,000, with an ellipsis for the omitted text
    on either side.
    """

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """Returns the visible part of one line."""
        fragments = transformation_input.fragments
        length = sum(len(fragment[1]) for fragment in fragments)
        if length <= LONGEST:
            return Transformation(fragments)
        document = transformation_input.document
        is_here = transformation_input.lineno == document.cursor_position_row
        middle = (
            transformation_input.source_to_display(document.cursor_position_col) if is_here else 0
        )
        start = min(max(middle - _SHOWN // 2, 0), length - _SHOWN)
        end = start + _SHOWN
        shown: StyleAndTextTuples = [("class:code-comment", _LEFT_OUT)] if start else []
        before = len(shown)
        at = 0
        for style, text, *_ in fragments:
            if part := text[max(start - at, 0) : max(end - at, 0)]:
                shown.append((style, part))
            at += len(text)
        if end < length:
            shown.append(("class:code-comment", _LEFT_OUT))
        return Transformation(
            shown,
            source_to_display=lambda place: min(max(place - start, 0), _SHOWN) + before,
            display_to_source=lambda place: min(max(place - before, 0) + start, length),
        )
