"""The delays between two looks for output."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from noderepl.execution import pace
from noderepl.execution.pace import Pace

PATIENCE = 20.0
# Longer than the test waits.
LONG = 600.0


async def test_delays_grow_until_there_is_output() -> None:
    """Up to the longest one, and they begin anew with output."""
    one = Pace(may_ask=False)
    assert await one.next() == 0
    delays = [await one.next() for _ in range(3)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (pace.SHORTEST_SECONDS, pace.LONGEST_SECONDS)
    one.found()
    assert await one.next() == pace.SHORTEST_SECONDS


@pytest.mark.parametrize("end", [Pace.end, Pace.answered])
async def test_a_wait_ends_at_once(
    end: Callable[[Pace], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of the request, and when the user has answered."""
    monkeypatch.setattr(pace, "FIRST_SECONDS", LONG)
    one = Pace(may_ask=False)
    waiting = asyncio.create_task(one.first())
    await asyncio.sleep(0)
    end(one)
    await asyncio.wait_for(waiting, PATIENCE)


async def test_nothing_waits_after_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not until it is resumed."""
    monkeypatch.setattr(pace, "FIRST_SECONDS", LONG)
    one = Pace(may_ask=False)
    one.end()
    await asyncio.wait_for(one.first(), PATIENCE)
    one.resume()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(one.first(), 0.01)


async def test_questions_and_answers_are_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look at a snippet that may ask, and the looks after an answer."""
    monkeypatch.setattr(pace, "FIRST_SECONDS", LONG)
    one = Pace(may_ask=True)
    await asyncio.wait_for(one.first(), PATIENCE)
    one.answered()
    assert [await one.next() for _ in range(3)] == [pace.ASKING_SECONDS] * 3
    monkeypatch.setattr(pace, "ANSWERED_SECONDS", 0.0)
    assert await one.next() == pace.SHORTEST_SECONDS
