"""The completion value of a snippet as the JSON of an answer. This module does no I/O."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from noderepl.lazy_patterns import lazy_pattern

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}
_HEX = "[0-9A-Fa-f]"
_CODE = rf"x{_HEX}{{2}}|u{_HEX}{{4}}|u\{{{_HEX}+\}}"
_CODED = lazy_pattern(rf"\\({_CODE})")
# Whole escapes, and so few of them that other threads run after a moment.
_SLICE = lazy_pattern(rf"(?:[^\\]{{1,256}}+|\\(?:{_CODE}|.?)){{1,4096}}+")


def execution_result(mime: Mapping[str, Any], *, jupyter_format: bool) -> Any:
    """Returns the completion value as JSON.

    Pictures: {"type": "image", …} (MS-AGENT, LC-PY). Text: undefined is ""; a JSON number, true,
    false or null is that value; a quoted string loses its quotes; anything else is util.inspect's
    text. With jupyter_format the text is unchanged. Bundles without text or picture (html, svg,
    json): their first value, which no source documents.
    """
    for kind in ("png", "jpeg"):
        if f"image/{kind}" in mime:
            return {"type": "image", "format": kind, "base64_data": mime[f"image/{kind}"]}
    text = mime.get("text/plain")
    if not isinstance(text, str):
        return next(iter(mime.values()), "")
    if text == "undefined":
        return ""
    return text if jupyter_format else _plain(text)


def _plain(text: str) -> Any:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"`" and "\n" not in text:
        return "".join(_unescaped(text[1:-1]))
    if text in ("true", "false", "null"):
        return json.loads(text)
    # A text that only resembles a number, "007" or one outside the range of JavaScript, stays text.
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,299})(\.[0-9]+)?(e[+-]?[0-9]+)?", text) and text != "-0":
        number = json.loads(text)
        return number if math.isfinite(number) else text
    return text


def _unescaped(text: str) -> Iterator[str]:
    """Yields the parts of a text of one line, without escapes.

    A text may have 30 million escapes: a call of a Python function for each would take a minute.
    """
    for found in _SLICE.finditer(text):
        part = found[0]
        yield _unescaped_part(part) if "\\" in part else part


def _unescaped_part(part: str) -> str:
    """Returns a text without its escapes; a backslash before its end and an escape of no character
    stay.
    """
    meanings = {code: _meaning(code) for code in set(_CODED.findall(part))}
    used = {*part, *meanings.values(), *_ESCAPES.values()}
    # This character means a backslash that begins no escape.
    backslash = next(sign for sign in map(chr, range(sys.maxunicode)) if sign not in used)
    part = part.replace(r"\\", backslash)
    if part.endswith("\\"):
        part = part[:-1] + backslash
    if meanings:
        pieces = _CODED.split(part)
        pieces[1::2] = map(meanings.__getitem__, pieces[1::2])
        part = "".join(pieces).replace(r"\\", backslash)
    for letter, character in _ESCAPES.items():
        part = part.replace(f"\\{letter}", character)
    return part.replace("\\", "").replace(backslash, "\\")


def _meaning(code: str) -> str:
    """Returns the character of a code. Returns the escape itself if there is none, and two
    backslashes in place of one.
    """
    number = int(code.strip("xu{}"), 16)
    if number > sys.maxunicode:
        return rf"\\{code}"
    return r"\\" if number == ord("\\") else chr(number)
