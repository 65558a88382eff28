"""How often the event loop has its turn: keys and signals are obeyed in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def turns_counted() -> AsyncIterator[Callable[[], int]]:
    """Counts the turns of the event loop inside the block; gives what tells how many there were."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    try:
        yield lambda: turns
    finally:
        counting.cancel()
