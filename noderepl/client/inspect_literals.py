"""Converts a kernel's result text to JSON: Node's inspect text of strings, numbers, booleans and
null. This module does no I/O.

Memory stays at a small multiple of the text's size: quantifiers are possessive, because `re`
otherwise stores each of their steps, and escapes are replaced in one chunk of the text after the
other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from noderepl.lazy_patterns import lazy_pattern
from noderepl.schema import decode

_NUMBER = lazy_pattern(r"-?(?:0|[1-9]\d{0,39})(?:\.\d{1,40})?(?:e[+-]?\d{1,3})?", re.ASCII)
_PARTS = {quote: rf"{quote}[^{quote}\\]*+(?:\\.[^{quote}\\]*+)*+{quote}" for quote in "'\"`"}
_LITERAL = lazy_pattern(
    "|".join(rf"{part}(?: \+\n +{part})*+" for part in _PARTS.values()), re.DOTALL
)
_HEX = "[0-9A-Fa-f]"
_PAIR = rf"\\u([dD][89abAB]{_HEX}{{2}})\\u([dD][c-fC-F]{_HEX}{{2}})"
_ESCAPES = rf"{_PAIR}|\\(?:x({_HEX}{{2}})|u({_HEX}{{4}})|u\{{({_HEX}{{1,6}})\}}|(.))"
_ESCAPE = lazy_pattern(_ESCAPES, re.DOTALL)
# Without groups: Python 3.11 fails at groups inside a possessive quantifier.
_ANY_ESCAPE = _ESCAPES.replace("(?:", "(").replace("(", "(?:")
_CHUNK = lazy_pattern(rf"(?:[^\\]{{1,256}}+|{_ANY_ESCAPE}){{1,256}}+", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "b": "\b", "f": "\f", "r": "\r", "v": "\v", "0": "\0", "'": "'"}


def whole_text(text: str) -> str:
    """Returns the text with lone surrogates replaced, so that it can be encoded."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def meaning(text: str) -> object:
    """Returns the JSON value of a value's inspect text.

    A string literal becomes its text; a number, true, false and null become themselves; any other
    text (objects, NaN, 10n, a string that the kernel has truncated) stays as it is.
    """
    if text in {"null", "true", "false"} or _NUMBER.fullmatch(text):
        return decode(text)
    return "".join(_unquoted(text)) if _LITERAL.fullmatch(text) else text


def _unquoted(literal: str) -> Iterator[str]:
    for part in re.finditer(_PARTS[literal[0]], literal, re.DOTALL):
        for chunk in _CHUNK.finditer(literal, part.start() + 1, part.end() - 1):
            yield whole_text("\\".join(map(_unescaped, chunk[0].split(r"\\"))))


def _unescaped(text: str) -> str:
    """Returns the text without escaped backslashes, unescaped; the frequent escapes are replaced in
    C.
    """
    if "\\" not in text:
        return text
    for letter, character in _NAMED.items():
        text = text.replace(f"\\{letter}", character)
    return _ESCAPE.sub(_character, text) if "\\" in text else text


def _character(escape: re.Match[str]) -> str:
    high, low, *codes, other = escape.groups()
    if high is not None:
        return chr(0x10000 + ((int(high, 16) & 0x3FF) << 10) + (int(low, 16) & 0x3FF))
    code = next(filter(None, codes), None)
    return _NAMED.get(other, other) if code is None else chr(min(int(code, 16), 0x10FFFF))
