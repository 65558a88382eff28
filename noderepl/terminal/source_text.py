"""The text of a file as pieces of the styles of themes, by the file's name.

A text comes from a session and is not trusted: only lexers are used that take linear time for any
text, and the time for the colours of JavaScript is limited.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from noderepl.terminal.coloured import STYLED_AT_MOST
from noderepl.terminal.pieces import Piece

JAVASCRIPT = frozenset("cjs cts js json jsonl jsx map mjs mts ts tsx".split())
DIFF = frozenset("diff patch".split())
# Names of pygments' lexers; tests/end_to_end/test_linear_time.py measures each.
LEXERS = {
    "htm": "xml",
    "html": "xml",
    "py": "python",
    "sh": "bash",
    "sql": "sql",
    "svg": "xml",
    "toml": "toml",
    "xml": "xml",
}
SECONDS = 0.3
"""Processor time after which the rest of JavaScript has no colours."""
_DIFF_STYLES = {"+": "code-string", "-": "failure", "@": "code-number"}


def source(text: str, name: str, styled: bool) -> Iterator[Piece]:
    """Yields the pieces of a text, which is theirs joined. name: of its file. styled: whether to
    split it.
    """
    suffix = name.rpartition(".")[2].lower()
    if not styled or len(text) > STYLED_AT_MOST or suffix not in JAVASCRIPT.union(DIFF, LEXERS):
        yield Piece("", text)
    elif suffix in JAVASCRIPT:
        yield from _javascript(text)
    elif suffix in DIFF:
        for line in text.splitlines(keepends=True):
            yield Piece(_DIFF_STYLES.get(line[:1], ""), line)
    else:
        yield from _lexed(text, LEXERS[suffix])


def _javascript(text: str) -> Iterator[Piece]:
    from noderepl.javascript.highlight import Highlighter

    pieces, until = Highlighter().pieces(text), time.thread_time() + SECONDS
    for number, line in enumerate(text.split("\n")):
        yield Piece("", "\n" if number else "")
        if time.thread_time() > until:
            yield Piece("", line)
        else:
            yield from (Piece(f"code-{kind}", piece) for kind, piece in pieces(number))


def _lexed(text: str, lexer: str) -> Iterator[Piece]:
    from pygments.lexers import get_lexer_by_name
    from pygments.token import Comment, Keyword, Literal, Name, Number, String

    styles = {
        Comment: "code-comment",
        String: "code-string",
        String.Regex: "code-regexp",
        Number: "code-number",
        Literal: "code-number",
        Keyword: "code-keyword",
        Keyword.Constant: "code-constant",
        Name.Function: "code-function",
        Name.Class: "code-class",
        Name.Tag: "code-property",
        Name.Attribute: "code-property",
    }
    for _, token, piece in get_lexer_by_name(lexer).get_tokens_unprocessed(text):
        kinds = reversed(token.split())  # the token itself, then its parents
        yield Piece(next((styles[kind] for kind in kinds if kind in styles), ""), piece)
