"""Names of files in sentences."""

from __future__ import annotations

import re
from pathlib import PurePath

from noderepl.lazy_patterns import lazy_pattern

# Control characters, line ends, and the surrogates that stand for bytes which are not UTF-8.
_UNREADABLE = lazy_pattern("[\x00-\x1f\x7f-\x9f\u2028\u2029\udc80-\udcff]")


def shown_name(name: str | PurePath) -> str:
    r"""Returns a name as a part of one line: a control character, and a byte that is not UTF-8, is
    written as `\xHH`, and another line end as `\uHHHH`.
    """
    return _UNREADABLE.sub(_escaped, str(name))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\u{code:04x}" if found[0] in "\u2028\u2029" else f"\\x{code & 0xFF:02x}"
