"""The colours of the input while it is typed: JavaScript, and the names of magics and npm."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from noderepl.javascript.highlight import COLOURED_AT_MOST, Highlighter
from noderepl.javascript.npm_lines import npm_lines
from noderepl.javascript.questions import question


class SnippetLexer(Lexer):
    """Colours JavaScript, and the name of a magic or npm at the beginning of a line."""

    def __init__(self, is_magic: Callable[[str], bool]) -> None:
        self._is_magic = is_magic
        self._highlighter = Highlighter()

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Returns the function that returns the fragments of each input line."""
        text = document.text
        if self._is_magic(text) and question(text) is None:
            return lambda number: _magic_fragments(document.lines[number], first=number == 0)
        if len(text) > COLOURED_AT_MOST:
            return lambda number: [("class:code-plain", document.lines[number])]
        npm = npm_lines(text)
        line_pieces = self._highlighter.pieces(
            "\n" * npm.count + npm.rest if npm.commands else text
        )

        def line(number: int) -> StyleAndTextTuples:
            if number < npm.count and number < len(document.lines):
                return _magic_fragments(document.lines[number], first=True)
            return [(f"class:code-{kind}", piece) for kind, piece in line_pieces(number)]

        return line


def _magic_fragments(line: str, *, first: bool) -> StyleAndTextTuples:
    if not first:
        return [("", line)]
    blank = len(line) - len(line.lstrip(" \t$"))
    name, space, rest = line[blank:].partition(" ")
    return [("", line[:blank]), ("class:magic", name), ("", space + rest)]
