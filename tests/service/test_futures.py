"""A result that a thread sets reaches threads and event loops."""

from __future__ import annotations

import asyncio
import threading

import pytest

from noderepl.service.futures import Future


def test_a_result_is_set_once_and_read_in_another_thread() -> None:
    """wait() ends with the result, and callbacks get the future, before and after it is set."""
    future: Future[int] = Future()
    called: list[int] = []
    future.when_done(lambda it: called.append(it.result()))
    assert not future.wait(0)
    with pytest.raises(TimeoutError):
        future.result(0)
    thread = threading.Thread(target=future.set, args=(1,))
    thread.start()
    assert future.result() == 1
    thread.join()
    future.when_done(lambda it: called.append(it.result() + 1))
    assert called == [1, 2] and future.wait(0) and not future.cancel()


def test_an_error_is_raised() -> None:
    """result() raises what was set."""
    future: Future[int] = Future()
    future.set(None, OSError(2, "missing"))
    with pytest.raises(OSError, match="missing"):
        future.result()


def test_a_cancelled_future_takes_no_result() -> None:
    """set() returns that nobody wants the result, and calls nothing."""
    future: Future[int] = Future()
    called: list[object] = []
    future.when_done(called.append)
    assert future.cancel() and not future.set(1)
    assert called == [] and not future.wait(0)


async def test_an_event_loop_gets_the_result_of_a_thread() -> None:
    """Also an error; and a task that waits no more gets nothing."""
    loop = asyncio.get_running_loop()
    good, bad, left = Future[int](), Future[int](), Future[int]()
    ours, theirs, cancelled = (one.in_loop(loop) for one in (good, bad, left))
    cancelled.cancel()
    for one, error in ((good, None), (bad, OSError("no")), (left, None)):
        threading.Thread(target=one.set, args=(1, error)).start()
    assert await ours == 1
    with pytest.raises(OSError, match="no"):
        await theirs
    assert left.wait(10)
    await asyncio.sleep(0)
    assert cancelled.cancelled()


def test_a_closed_loop_is_no_error() -> None:
    """The thread that sets the result does not fail if nobody can wait any more."""
    loop = asyncio.new_event_loop()
    future: Future[int] = Future()
    future.in_loop(loop)
    loop.close()
    assert future.set(1)
