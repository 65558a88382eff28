"""Actions of keys on the text of the prompt."""

from __future__ import annotations

import pytest
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from noderepl.terminal.key_handlers import toggle_comment


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("|a", "// |a"),
        ("a|b", "// a|b"),
        ("// a|b", "a|b"),
        ("//a|", "a|"),
        ("  a|", "  // a|"),
        ("  // a|", "  a|"),
        ("a\n  b|\nc", "a\n  // b|\nc"),
        ("|", "// |"),
        ("'|a // b'", "// '|a // b'"),
    ],
)
def test_the_line_of_the_cursor_is_commented(before: str, after: str) -> None:
    """Its indentation stays, the cursor stays on its character, and a second time undoes it."""
    text = before.replace("|", "")
    buffer = Buffer(document=Document(text, before.index("|")))
    toggle_comment(buffer)
    place = buffer.cursor_position
    assert buffer.text[:place] + "|" + buffer.text[place:] == after
    buffer.undo()
    assert buffer.text == text


def test_selected_lines_are_commented() -> None:
    """All of them get the sign in one column, without empty ones; if all have it, it goes."""
    buffer = Buffer(document=Document("if (a) {\n  b\n\n}\nc", 0))
    buffer.start_selection()
    buffer.cursor_position = buffer.text.index("}")
    toggle_comment(buffer)
    assert buffer.text == "// if (a) {\n//   b\n\n// }\nc"
    buffer.cursor_position = 0
    buffer.start_selection()
    buffer.cursor_position = buffer.text.index("}")
    toggle_comment(buffer)
    assert buffer.text == "if (a) {\n  b\n\n}\nc"
