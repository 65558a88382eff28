"""Work in a thread beside the event loop."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from noderepl.threaded import SHORT, worked


class Given:
    """Something that takes memory."""


async def test_short_work_is_done_in_the_loop_and_long_work_in_a_thread() -> None:
    """The answer is that of the work."""
    here = threading.get_ident()
    assert await worked(lambda _: threading.get_ident(), "", SHORT) == here
    assert await worked(lambda _: threading.get_ident(), "", SHORT + 1) != here


async def test_what_fails_keeps_nothing_in_memory() -> None:
    """What was given is free again once the error is handled, without a collection of garbage."""

    def fail(given: Given) -> None:
        raise ValueError("unfit")

    async def attempt(given: Given) -> None:
        with pytest.raises(ValueError, match="unfit") as caught:
            await worked(fail, given, SHORT + 1)
        del caught

    gc.collect()
    gc.disable()
    try:
        given = Given()
        alive = weakref.ref(given)
        await attempt(given)
        del given
        for _ in range(1000):
            if alive() is None:
                break
            await asyncio.sleep(0.01)
        assert alive() is None
    finally:
        gc.enable()
