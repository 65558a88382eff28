"""Patterns for files of this machine and of the session: * ? [abc], and ** for directories at any
depth.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from functools import cached_property

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

ANY_DEPTH = "**"
_MAGIC = lazy_pattern(r"[*?[]")


def has_pattern(text: str) -> bool:
    """Returns whether a text is a pattern."""
    return _MAGIC.search(text) is not None


def is_deep(text: str) -> bool:
    """Returns whether a pattern reaches directories at any depth."""
    return ANY_DEPTH in text.split("/")


@dataclass(frozen=True)
class Pattern:
    """A pattern. root: the directory before its first part that is a pattern, "" for none. parts:
    the other parts.
    """

    root: str
    parts: tuple[str, ...]

    @property
    def depth(self) -> int | None:
        """The number of levels of directories that it reaches, None for all."""
        return None if ANY_DEPTH in self.parts else len(self.parts)

    @cached_property
    def _expressions(self) -> Sequence[re.Pattern[str] | None]:
        return [
            None if part == ANY_DEPTH else re.compile(translate(part), re.DOTALL)
            for part in self.parts
        ]

    def matches(self, path: str) -> bool:
        """Returns whether a path below the root matches; hidden names only match a part that begins
        with a dot.
        """
        positions = self._skipped({0})
        for name in path.split("/"):
            following = set()
            for position in positions - {len(self.parts)}:
                expression, is_hidden = self._expressions[position], name.startswith(".")
                if is_hidden and not self.parts[position].startswith("."):
                    continue
                if expression is None:
                    following.add(position)
                elif expression.match(name):
                    following.add(position + 1)
            positions = self._skipped(following)
        return len(self.parts) in positions

    def _skipped(self, positions: set[int]) -> set[int]:
        """Adds the positions behind parts that may match nothing."""
        for position, part in enumerate(self.parts):
            if position in positions and part == ANY_DEPTH:
                positions.add(position + 1)
        return positions


def pattern(text: str) -> Pattern:
    """Returns the pattern in a text for which has_pattern() is true."""
    parts = text.split("/")
    first = next(place for place, part in enumerate(parts) if has_pattern(part))
    root = "/".join(parts[:first]) or ("/" if first else "")
    return Pattern(root, tuple(part for part in parts[first:] if part))
