"""Reads messages that take notable time, of all sessions in turn: one of a million values keeps
everything else waiting for half a second.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from noderepl.service.messages import parse

# Bytes of a message that takes no notable time, whatever is in it.
LONG = 64 * 1024


class _Turn:
    """When the next one may be read, on the monotonic clock."""

    at = 0.0


async def parse_in_turn(line: bytes) -> tuple[dict[str, Any], int]:
    """As messages.parse(); before it, there is time for everything else, for as long as the long
    message before took.
    """
    # The turn moves on whenever another session's message is read.
    while (wait := _Turn.at - time.monotonic()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(wait)
    began = time.monotonic()
    try:
        return parse(line)
    finally:
        now = time.monotonic()
        _Turn.at = now + (now - began)
