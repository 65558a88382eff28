"""What a kernel's result text means as JSON: Node's inspect text of strings, numbers, booleans and null. Pure."""

from __future__ import annotations

import json
import re

_NUMBER = re.compile(r"-?\d{1,40}(?:\.\d{1,40})?(?:e[+-]?\d{1,3})?")
_PARTS = {quote: rf"{quote}(?:[^{quote}\\]|\\.)*{quote}" for quote in "'\"`"}
_LITERAL = re.compile("|".join(rf"{part}(?: \+\n +{part})*" for part in _PARTS.values()), re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|(.))", re.DOTALL)
_NAMED = {"n": "\n", "t": "\t", "b": "\b", "f": "\f", "r": "\r", "v": "\v", "0": "\0"}


def whole_text(text: str) -> str:
    """Return the text with halves of characters (lone surrogates) replaced, so that it can be written anywhere."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def meaning(text: str) -> object:
    """Return what a value's inspect text means as JSON.

    A string literal gives its text, a number, true, false and null what they are; anything else (objects, NaN, 10n, a
    string that the kernel has cut) gives the text itself.
    """
    if text in {"null", "true", "false"} or _NUMBER.fullmatch(text):
        return json.loads(text)
    return _unquoted(text) if _LITERAL.fullmatch(text) else text


def _unquoted(literal: str) -> str:
    parts = re.findall(_PARTS[literal[0]], literal, re.DOTALL)
    joined = _ESCAPE.sub(_character, "".join(part[1:-1] for part in parts))
    return whole_text(joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code is None:
        return _NAMED.get(escape[4], escape[4])
    return chr(min(int(code, 16), 0x10FFFF))
