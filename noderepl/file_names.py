"""Names of files in sentences."""

from __future__ import annotations

from pathlib import PurePath

from noderepl.lazy_patterns import lazy_pattern

# Control characters, and the surrogates that stand for bytes which are not UTF-8.
_UNREADABLE = lazy_pattern("[\x00-\x1f\x7f\udc80-\udcff]")


def shown_name(name: str | PurePath) -> str:
    r"""Returns a name as a part of one line: a control character, and a byte that is not UTF-8, is
    written as `\xHH`.
    """
    return _UNREADABLE.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", str(name))
