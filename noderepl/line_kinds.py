"""What a line is, as far as that is known without the line editor and the magics, whose imports
take longer than a snippet.
"""

from __future__ import annotations


def may_be_magic(line: str) -> bool:
    """Returns whether a line may be a magic, which magics.is_magic() then decides."""
    text = line.strip()
    return text.startswith(("%", ".", "?")) or text.endswith("?")


def is_plain_snippet(line: str) -> bool:
    """Returns whether a line is a snippet of JavaScript that runs at Enter."""
    if not line.strip() or may_be_magic(line):
        return False
    from noderepl.javascript.completeness import is_incomplete
    from noderepl.javascript.npm_lines import npm_lines

    return not npm_lines(line).commands and not is_incomplete(line)


def without_identifier(line: str) -> str:
    """Returns an input for the history, as magics.without_identifier() does."""
    if "%" not in line:
        return line
    from noderepl.magics import without_identifier as without

    return without(line)
