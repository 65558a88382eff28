"""Values, stacks and JavaScript as pieces of the styles of themes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal

from noderepl.lazy_patterns import lazy_pattern
from noderepl.terminal.pieces import Piece

STYLED_AT_MOST = 100_000
"""Characters; a longer value or stack is shown whole in one style, because lexing it would take too
long.
"""


# The values that need no lexer, whose import would delay the first of them; a group for each style.
_SIMPLE = lazy_pattern(r"(-?\d+(?:\.\d+)?)|(true|false|null)|(undefined)|('[^'\\\n]*')", re.ASCII)
_STYLES = ("value-number", "value-keyword", "value-undefined", "value-string")


def lexed(kind: Literal["value", "stack"], text: str, styled: bool) -> Iterable[Piece]:
    """Returns the pieces of a value or of a stack. styled: whether to split it with its lexer."""
    # A text with its own colours is not split: it would lose them.
    if not styled or len(text) > STYLED_AT_MOST or "\x1b" in text:
        return [Piece("", text)]
    if kind == "value" and (simple := _SIMPLE.fullmatch(text)):
        return [Piece(_STYLES[(simple.lastindex or 1) - 1], text)]
    from noderepl.terminal import lexers

    lexer = lexers.InspectLexer() if kind == "value" else lexers.StackLexer()
    return (Piece(*pair) for pair in lexers.styled(lexer, text))


def with_javascript(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yields the pieces of a stack, with its source line in the colours of JavaScript."""
    from noderepl.javascript.highlight import Highlighter

    for style, text in pieces:
        if style == "error-source":
            for kind, part in Highlighter().pieces(text)(0):
                yield Piece("error-source" if kind == "plain" else f"code-{kind}", part)
        else:
            yield Piece(style, text)


def code(text: str, styled: bool) -> Iterator[Piece]:
    """Yields the pieces of JavaScript. styled: whether to split it."""
    if not styled or len(text) > STYLED_AT_MOST:
        yield Piece("", text)
        return
    from noderepl.javascript.highlight import Highlighter

    pieces = Highlighter().pieces(text)
    for number in range(text.count("\n") + 1):
        yield Piece("", "\n" if number else "")
        for kind, piece in pieces(number):
            yield Piece(f"code-{kind}", piece)
