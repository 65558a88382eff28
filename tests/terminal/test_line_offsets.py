"""The lines of an edited text are those of a new one."""

from hypothesis import given
from hypothesis import strategies as st

from noderepl.terminal.line_offsets import LineOffsets

TEXT = st.text(alphabet="a\nb", max_size=12)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6), TEXT), max_size=12))
def test_lines_and_offsets_are_those_of_the_text(edits: list[tuple[int, int, str]]) -> None:
    """Whatever is inserted, deleted or replaced, the lines and their offsets are right."""
    offsets, text = LineOffsets(), ""
    for at, deleted, inserted in edits:
        text = text[:at] + inserted + text[at + deleted :]
        offsets.take(text)
        assert offsets.lines == text.split("\n")
        assert offsets.starts == [
            0,
            *(place + 1 for place, character in enumerate(text) if character == "\n"),
        ]
