"""Waiting with a time limit."""

from __future__ import annotations

import asyncio

import pytest

from noderepl.deadlines import within


async def answer(seconds: float) -> int:
    """Returns 42 after some seconds."""
    await asyncio.sleep(seconds)
    return 42


async def fail() -> int:
    """Fails."""
    raise ValueError("no")


async def test_within() -> None:
    """The result, None after the time, and the error of the work."""
    assert await within(5, answer(0)) == 42
    assert await within(0.01, answer(60)) is None
    with pytest.raises(ValueError, match="no"):
        await within(5, fail())


async def test_within_a_cancelled_task() -> None:
    """Clean-up after a cancellation has a time limit on each version of Python."""
    results: list[int | None] = []

    async def clean_up() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            results.append(await within(0.01, answer(60)))

    task = asyncio.create_task(clean_up())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert results == [None]
