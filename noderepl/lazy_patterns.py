"""`lazy_pattern` as re.compile, without its cost at import: it compiles an expression when that is
first used.

Start-up imports about 200 expressions, of which a run uses a tenth; each takes 0.1 to 3 ms.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

__all__ = ["lazy_pattern"]


class _Pattern:
    """An expression with the attributes of re.Pattern; each is looked up once."""

    def __init__(self, source: str | bytes, flags: int = 0) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._source, self._flags), name)
        setattr(self, name, found)
        return found


if TYPE_CHECKING:
    from re import compile as lazy_pattern
else:
    lazy_pattern = _Pattern
