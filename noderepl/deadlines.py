"""Waits with a time limit, also in a task that has been cancelled before."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def within(seconds: float, work: Coroutine[Any, Any, Result]) -> Result | None:
    """Returns the result of work; cancels it after some seconds and returns None. Raises as the
    work does.

    asyncio.timeout() of Python 3.11.0 to 3.11.2 raises CancelledError instead of TimeoutError in a
    task that cleans up after its cancellation.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task], timeout=seconds)
    finally:
        task.cancel()
    return task.result() if task.done() and not task.cancelled() else None
