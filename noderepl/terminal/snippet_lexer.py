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
        self._is_code = False

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Returns the function that returns the fragments of each input line."""
        text, self._is_code = document.text, False
        if self._is_magic(text) and question(text) is None:
            return lambda number: _magic_fragments(document.lines[number], first=number == 0)
        if len(text) > COLOURED_AT_MOST:
            return lambda number: [("class:code-plain", document.lines[number])]
        self._is_code, npm = True, npm_lines(text)
        line_pieces = self._highlighter.pieces(
            "\n" * npm.count + npm.rest if npm.commands else text
        )

        def line(number: int) -> StyleAndTextTuples:
            if number < npm.count and number < len(document.lines):
                return _magic_fragments(document.lines[number], first=True)
            return [(f"class:code-{kind}", piece) for kind, piece in line_pieces(number)]

        return line

    def part(self, document: Document, number: int, start: int, end: int) -> StyleAndTextTuples:
        """Returns the fragments of a part of a line of the document that was lexed last.

        number: of the line. start, end: offsets in it.
        """
        text = document.lines[number][start:end]
        if self._is_code:
            pieces = self._highlighter.part(number, start, end)
            if "".join(piece for _, piece in pieces) == text:
                return [(f"class:code-{kind}", piece) for kind, piece in pieces]
        return plain_part(document, number, start, end)


def plain_part(document: Document, number: int, start: int, end: int) -> StyleAndTextTuples:
    """Returns a part of a line without colours; as SnippetLexer.part()."""
    return [("class:code-plain", document.lines[number][start:end])]


def _magic_fragments(line: str, *, first: bool) -> StyleAndTextTuples:
    if not first:
        return [("", line)]
    blank = len(line) - len(line.lstrip(" \t$"))
    name, space, rest = line[blank:].partition(" ")
    return [("", line[:blank]), ("class:magic", name), ("", space + rest)]
