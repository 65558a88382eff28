"""How long something takes, and how often it can be done in a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

STARTS, SOME, MANY = 20, 500, 2000


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """The seconds that something takes."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def per_second(asks: Sequence[Callable[[], Awaitable[None]]], times: int) -> float:
    """How many executions a second come through, when each of these asks again as soon as it is answered."""
    each = times // len(asks)

    async def work(ask: Callable[[], Awaitable[None]]) -> None:
        for _ in range(each):
            await ask()

    return each * len(asks) / await timed(lambda: asyncio.gather(*map(work, asks)))
