"""The background of the terminal, dark or light: the question, the answer, and what the environment
says. This module does no I/O.

The line editor asks for the position of its cursor after this question, and waits for that answer
when it closes. A terminal answers in order, so no answer comes later than the prompt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from noderepl.lazy_patterns import lazy_pattern

Background = Literal["dark", "light"]

QUERY = "\x1b]11;?\x1b\\"
"""Asks a terminal for its background colour (OSC 11, of xterm)."""
# Terminals that show the question as text, or ignore it: the consoles of Linux and BSD, Emacs, and
# real ones.
_SILENT = ("dumb", "linux", "cons", "eterm", "emacs", "sun", "vt", "ansi", "unknown")
_ANSWER = lazy_pattern(
    r"\x1b\]11;(?:rgba?:(?P<red>[0-9a-f]{1,4})/(?P<green>[0-9a-f]{1,4})/(?P<blue>[0-9a-f]{1,4})"
    r"(?:/[0-9a-f]{1,4})?|#(?P<digits>(?:[0-9a-f]{3}){1,4}))(?:\x07|\x1b\\)",
    re.IGNORECASE,
)
# Of the sixteen colours, black to cyan and bright black are dark.
_DARK_NUMBERS = frozenset([*map(str, range(7)), "8"])
_NUMBERS = frozenset(map(str, range(16)))
# Relative luminances, from 0 for black to 1 for white: the themes `dark` and `light` are readable
# on backgrounds up to the first, and from the second on.
DARK_AT_MOST, LIGHT_AT_LEAST = 0.1, 0.5


def may_ask(environ: Mapping[str, str]) -> bool:
    """Returns whether the terminal may be asked for its background. environ: of the user."""
    term = environ.get("TERM", "")
    is_screen = term.startswith("screen") and not environ.get("TMUX")
    return bool(term) and not term.startswith(_SILENT) and not is_screen


def background_in(text: str) -> Background | None:
    """Returns the background in the last answer to QUERY in a text; None if there is no answer, or
    the colour is neither dark nor light.
    """
    *_, found = (None, *_ANSWER.finditer(text))
    if found is None:
        return None
    digits = found["digits"]
    size = len(digits or "") // 3
    parts = (
        [digits[start : start + size] for start in range(0, 3 * size, size)]
        if digits
        else found.group("red", "green", "blue")
    )
    luminance = _luminance([int(part, 16) / (16 ** len(part) - 1) for part in parts])
    if luminance <= DARK_AT_MOST:
        return "dark"
    return "light" if luminance >= LIGHT_AT_LEAST else None


def background_of(environ: Mapping[str, str]) -> Background | None:
    """Returns the background in COLORFGBG, which some terminals set to `FOREGROUND;BACKGROUND`,
    numbers from 0 to 15; None if it has none, or on a console of sixteen colours. environ: of the
    user.
    """
    number = environ.get("COLORFGBG", "").rpartition(";")[2]
    if number not in _NUMBERS or environ.get("TERM", "").startswith(_SILENT):
        return None
    return "dark" if number in _DARK_NUMBERS else "light"


def _luminance(levels: list[float]) -> float:
    """Returns the relative luminance (WCAG) of red, green and blue, each from 0 to 1."""
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in levels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
