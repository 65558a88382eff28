"""Parses and serialises long data, of all sessions in turn: a million values block everything else
for half a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")

# Bytes of a message that takes no notable time, whatever its content.
LONG = 64 * 1024


class _Turn:
    """The earliest time of the next work, on the monotonic clock."""

    at = 0.0


async def in_turn(work: Callable[[], _Result]) -> _Result:
    """Returns the result of the work, which blocks everything else; raises its exception.

    The work begins after a pause for everything else, as long as the previous work took.
    """
    # Work for another session postpones the turn.
    while (wait := _Turn.at - time.monotonic()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(wait)
    began = time.monotonic()
    try:
        return work()
    finally:
        now = time.monotonic()
        _Turn.at = now + (now - began)
