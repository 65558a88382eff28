"""Joins snippets into one script. This module does no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from noderepl.lazy_patterns import lazy_pattern

# A line break does not end a statement before these characters.
_CONTINUES = tuple("([`+-/")
_BLANKS_AND_COMMENTS = lazy_pattern(r"(?:\s|//[^\n]*|/\*.*?\*/)*", re.DOTALL)


def separated(snippets: Iterable[str]) -> Iterator[str]:
    """Yields the snippets, with a semicolon before each that would continue the one above."""
    before = ";"
    for snippet in snippets:
        leading = _BLANKS_AND_COMMENTS.match(snippet)
        at = leading.end() if leading else 0
        is_ended = before.endswith(";") and "//" not in before.rpartition("\n")[2]
        continues = snippet.startswith(_CONTINUES, at) and not is_ended
        yield f"{snippet[:at]};{snippet[at:]}" if continues else snippet
        before = snippet.rstrip()
