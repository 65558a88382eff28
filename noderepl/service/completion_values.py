"""The completion value of a snippet as the JSON of an answer. This module does no I/O."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Mapping
from typing import Any

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v"}


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
        return re.sub(
            r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]+)\}|(.))",
            _unescape,
            text[1:-1],
        )
    if text in ("true", "false", "null"):
        return json.loads(text)
    # A text that only resembles a number, "007" or one outside the range of JavaScript, stays text.
    if re.fullmatch(r"-?(0|[1-9][0-9]{0,299})(\.[0-9]+)?(e[+-]?[0-9]+)?", text) and text != "-0":
        number = json.loads(text)
        return number if math.isfinite(number) else text
    return text


def _unescape(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or found[3] or "0", 16)
    if code > sys.maxunicode:
        return found[0]
    return _ESCAPES.get(found[4], found[4]) if found[4] else chr(code)
