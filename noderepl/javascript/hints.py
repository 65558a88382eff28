"""The hints for errors of snippets. This module does no I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noderepl.javascript.word_hints import word_hint
from noderepl.lazy_patterns import lazy_pattern
from noderepl.outcome import Thrown

if TYPE_CHECKING:
    from noderepl.javascript.analysis import Analysis

JSX = (
    "This looks like JSX, which Node.js cannot run: compile it first (with esbuild or TypeScript,"
    " for example)."
)
NOT_FOUND = lazy_pattern(
    r"Cannot find (?:module|package) '((?:@[\w.-]+/)?\w[\w.-]*)(?:/[^']*)?'(?: imported from|\n|$)"
)


def install_hint(error: Thrown) -> str | None:
    """Returns how to install the package that is missing; None if the error is another one."""
    missing = NOT_FOUND.search(error.message)
    return f"%npm install {missing[1]} brings that package." if missing else None


def hint_for(error: Thrown | None, analysis: Analysis) -> str | None:
    """Returns a sentence for the user whose snippet threw; None if no hint applies. analysis: of
    the snippet.
    """
    if error is None:
        return None
    is_markup = analysis.text.lstrip().startswith("<")
    if error.name == "SyntaxError" and analysis.has_jsx and not is_markup:
        return JSX
    return install_hint(error) or word_hint(analysis.text, error.name, error.message)
