"""Replaces characters that word processors and web pages put into code by those an engine knows.

Strings, templates, comments and regular expressions are not changed; a curly quote is replaced if
it begins or ends a string.
"""

from __future__ import annotations

import re
from dataclasses import field

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

QUOTES = "quotes straightened"
SPACES = "non-breaking spaces replaced"
HIDDEN = "invisible characters removed"
DASHES = "dashes and dots replaced"

_DOUBLE = "\u201c\u201d\u201e\u201f\u2033\u275d\u275e"
_SINGLE = "\u2018\u2019\u201a\u201b\u2032\u00b4\u275b\u275c"
_TOKEN = lazy_pattern(
    rf"""
      (?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<template>`)
    | (?P<word>[A-Za-z_$][\w$]*|\d[\w.]*)
    | (?P<blank>[ \t\r\n]+)
    | (?P<double>[{_DOUBLE}])
    | (?P<single>[{_SINGLE}])
    | (?P<half>"(?:[^"\\\n{_DOUBLE}]|\\.)*[{_DOUBLE}]|'(?:[^'\\\n{_SINGLE}]|\\.)*[{_SINGLE}])
    | (?P<space>[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000])
    | (?P<hidden>[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff])
    | (?P<dash>[\u2010-\u2015\u2212])
    | (?P<dots>\u2026)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_TEMPLATE = lazy_pattern(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{|\Z)", re.DOTALL)
# Bounded: a search for the end of each one up to the end of the line would take quadratic time.
_REGEXP = lazy_pattern(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.){0,300}+\]){1,1000}+/[a-z]*")
_CURLY_DOUBLE = lazy_pattern(
    rf'((?:[^"\\\n{_DOUBLE}]|\\.|"(?=[^\n{_DOUBLE}]{{0,300}}+[{_DOUBLE}]))*)[{_DOUBLE}"]'
)
_MOST_OPEN = 100
"""Quotes that no other quote closes; a text with more of them is no code."""
_CURLY_SINGLE = lazy_pattern(rf"((?:[^'\\\n{_SINGLE}]|\\.|['{_SINGLE}](?=\w))*)[{_SINGLE}']")
_STEP_ENDS = lazy_pattern(r"[ \t]*(?:[;)\]},]|$)", re.MULTILINE)
_BEFORE_REGEXP = frozenset(
    "return typeof case in of delete void throw new else do await yield instanceof".split()
)


@dataclass
class _Writing:
    """The text written so far, and the position in the code."""

    text: str
    at: int = 0
    pieces: list[str] = field(default_factory=list)
    changes: dict[str, None] = field(default_factory=dict)
    # The number of open braces inside each open `${`.
    open_braces: list[int] = field(default_factory=list)
    regexp_may_come: bool = True
    open_quotes: int = 0

    def put(self, piece: str, end: int, change: str = "") -> None:
        """Writes a piece for the text up to `end`."""
        self.pieces.append(piece)
        self.at = end
        if change:
            self.changes[change] = None


def straighten(text: str) -> tuple[str, tuple[str, ...]]:
    """Returns the text with such characters replaced, and in words which."""
    writing = _Writing(text)
    while writing.at < len(text):
        if writing.open_quotes > _MOST_OPEN:
            return text, ()
        token = _TOKEN.match(text, writing.at)
        assert token is not None
        kind = token.lastgroup
        if kind in ("double", "single"):
            _curly_string(writing, '"' if kind == "double" else "'")
        elif kind == "half":
            writing.put(token[0][:-1] + token[0][0], token.end(), QUOTES)
        elif kind == "space":
            writing.put(" ", token.end(), SPACES)
        elif kind == "hidden":
            writing.put("", token.end(), HIDDEN)
        elif kind == "dots":
            writing.put("...", token.end(), DASHES)
        elif kind == "dash":
            is_step = token[0] in "\u2013\u2014" and _STEP_ENDS.match(text, token.end())
            writing.put("--" if is_step else "-", token.end(), DASHES)
        elif kind == "template":
            _template(writing, token.end())
        elif kind == "sign":
            _sign(writing, token[0])
        else:
            writing.put(token[0], token.end())
        if kind not in ("comment", "blank", "space", "hidden", "sign"):
            writing.regexp_may_come = kind in ("dash", "dots") or token[0] in _BEFORE_REGEXP
    return "".join(writing.pieces), tuple(writing.changes)


def _curly_string(writing: _Writing, quote: str) -> None:
    pattern = _CURLY_DOUBLE if quote == '"' else _CURLY_SINGLE
    found = pattern.match(writing.text, writing.at + 1)
    if found is None:
        writing.put(quote, writing.at + 1, QUOTES)
        return
    inside = re.sub(rf"(\\.)|{quote}", lambda part: part[1] or f"\\{quote}", found[1])
    writing.put(quote + inside + quote, found.end(), QUOTES)


def _template(writing: _Writing, start: int) -> None:
    """Skips a template from a place inside it, up to its end or its next `${`."""
    found = _TEMPLATE.match(writing.text, start)
    assert found is not None
    writing.put(writing.text[writing.at : found.end()], found.end())
    if found[1] == "${":
        writing.open_braces.append(0)


def _sign(writing: _Writing, sign: str) -> None:
    if (
        sign == "/"
        and writing.regexp_may_come
        and (regexp := _REGEXP.match(writing.text, writing.at))
    ):
        writing.put(regexp[0], regexp.end())
        writing.regexp_may_come = False
        return
    if writing.open_braces and sign in "{}":
        writing.open_braces[-1] += 1 if sign == "{" else -1
        if writing.open_braces[-1] < 0:
            writing.open_braces.pop()
            _template(writing, writing.at + 1)
            writing.regexp_may_come = False
            return
    writing.put(sign, writing.at + 1)
    writing.open_quotes += sign in "'\""
    writing.regexp_may_come = sign not in ")]}"
