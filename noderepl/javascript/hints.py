"""The hints for errors of snippets. This module does no I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noderepl.javascript.word_hints import word_hint
from noderepl.outcome import Thrown

if TYPE_CHECKING:
    from noderepl.javascript.analysis import Analysis

JSX = (
    "This looks like JSX, which Node.js cannot run: compile it first (with esbuild or TypeScript,"
    " for example)."
)
NOT_FOUND = re.compile(
    r"Cannot find (?:module|package) '(?!\.)((?:@[\w.-]+/)?[\w.-]+)(?:/[^']*)?'"
    r"(?: imported from|\n|$)"
)


def hint_for(error: Thrown | None, analysis: Analysis) -> str | None:
    """Returns a sentence for the user whose snippet threw; None if no hint applies. analysis: of
    the snippet.
    """
    if error is None:
        return None
    is_markup = analysis.text.lstrip().startswith("<")
    if error.name == "SyntaxError" and analysis.has_jsx and not is_markup:
        return JSX
    missing = NOT_FOUND.search(error.message)
    if missing:
        return f"%npm install {missing[1]} brings that package."
    return word_hint(analysis.text, error.name, error.message)
