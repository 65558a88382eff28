"""Parses messages that take notable time, of all sessions in turn: one of a million values blocks
everything else for half a second.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from noderepl.service.messages import parse

# Bytes of a message that takes no notable time, whatever its content.
LONG = 64 * 1024


class _Turn:
    """The earliest time of the next message, on the monotonic clock."""

    at = 0.0


async def parse_in_turn(line: bytes) -> tuple[dict[str, Any], int]:
    """As messages.parse(), after a pause for everything else, as long as the previous long message
    took.
    """
    # Every message of another session postpones the turn.
    while (wait := _Turn.at - time.monotonic()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(wait)
    began = time.monotonic()
    try:
        return parse(line)
    finally:
        now = time.monotonic()
        _Turn.at = now + (now - began)
