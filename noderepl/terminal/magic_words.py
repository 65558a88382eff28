"""The words of a magic while it is typed, for completion."""

from __future__ import annotations

import contextlib
import re
import shlex

from noderepl.lazy_patterns import lazy_pattern

# A word of a magic's arguments, of which the last may end in an open quote.
SHELL_WORD = lazy_pattern(
    r"""(?:[^\s'"\\]|\\(?:.|\Z)|'[^']*(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))+""", re.DOTALL
)
OPTION = lazy_pattern(r"(?<![\w-])--?[a-z][a-z-]*")
# A snippet begins behind the options of its magic.
ONLY_OPTIONS = lazy_pattern(r"(?:--?[a-z][a-z-]*\s+(?:[^\s-]\S*\s+)?)*-[a-z-]*\Z")
LONGEST_WORD = 4096
"""Characters; no path is longer, and shlex needs quadratic time for long words."""


def magic_line(text: str) -> str | None:
    """Returns the text if it is a magic being typed, `npm` among them, else None; `.5` and a
    leading `.method` are JavaScript.
    """
    stripped = text.lstrip()
    if stripped.startswith("npm "):
        stripped = f"%{stripped}"
    is_magic = stripped.startswith("%") or re.match(r"\.[a-z]*( |$)", stripped)
    return stripped if is_magic and "\n" not in text else None


def unquoted(word: str) -> str:
    """Returns a word without its quotes and backslashes; it may end in an open quote."""
    if len(word) > LONGEST_WORD:
        return word
    for closing in ("", "'", '"', "\\"):
        with contextlib.suppress(ValueError):
            return "".join(shlex.split(word + closing))
    return word


def last_word(text: str) -> str:
    """Returns the word that a magic's arguments end in; "" if they end in a space."""
    word, end = "", 0
    for found in SHELL_WORD.finditer(text):
        word, end = found[0], found.end()
    return word if end == len(text) else ""


def is_first(arguments: str) -> bool:
    """Returns whether a magic's arguments end in the first one."""
    return " " not in arguments.lstrip()
