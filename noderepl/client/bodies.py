"""Decodes the body of an answer as text, by the charset of its headers."""

from __future__ import annotations

import re

from noderepl.client.http_response import Response
from noderepl.lazy_patterns import lazy_pattern

_NAMED = lazy_pattern(r"""charset\s{0,9}=\s{0,9}["']?([\w.:-]{1,40})""", re.IGNORECASE | re.ASCII)
# Python also has codecs that decompress, evaluate, or do not accept bytes (zlib, undefined).
_CHARSETS = frozenset(
    "us-ascii ascii utf-8 utf8 utf-16 utf-16le utf-16be utf-32 iso-8859-1 latin1 iso-8859-2"
    " iso-8859-5 iso-8859-9 iso-8859-15 windows-1250 windows-1251 windows-1252 windows-1254 koi8-r"
    " shift_jis euc-jp iso-2022-jp gb2312 gbk gb18030 big5 euc-kr".split()
)


def text_of(response: Response, most: int) -> str:
    """Returns the beginning of a body that has been read, as text.

    most: the maximum number of characters. An unknown charset is decoded as UTF-8; invalid bytes
    become U+FFFD.
    """
    named = _NAMED.search(response.headers.get("content-type", ""))
    charset = named[1].lower() if named else ""
    # A character takes at most 8 bytes in these charsets.
    data = response.content[: 8 * most]
    return data.decode(charset if charset in _CHARSETS else "utf-8", "replace")[:most]
