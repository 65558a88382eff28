"""Random identifiers as the service writes them.

The module uuid does the same, but imports platform, which takes milliseconds.
"""

from __future__ import annotations

import os


def new_guid() -> str:
    """Returns a random UUID of version 4, in the usual form."""
    number = int.from_bytes(os.urandom(16))
    # The version and the variant of RFC 4122.
    number = number & ~(0xF000C << 60) | 0x40008 << 60
    text = f"{number:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
