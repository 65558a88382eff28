"""Runs long work in a thread, so that keys and signals are handled meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

Given = TypeVar("Given")
Result = TypeVar("Result")

SHORT = 20_000
"""Characters. Work over a shorter text takes less time than a user notices."""


async def worked(
    work: Callable[[Given], Result], given: Given, size: int, *, short: int = SHORT
) -> Result:
    """Returns work(given), computed in a thread if `given` is long.

    size: the length of `given`, in characters. short: the maximum length for the event loop itself.
    work: must not use the event loop. Raises the exceptions of `work`. After a cancellation the
    thread continues, but neither the loop nor the process waits for it; with asyncio.to_thread they
    would.
    """
    return work(given) if size <= short else await in_thread(work, given)


async def in_thread(work: Callable[..., Result], *given: Given) -> Result:
    """Returns work(*given), computed in a thread; otherwise as worked()."""
    done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    threading.Thread(target=_run, args=(work, given, done), daemon=True).start()
    try:
        return await done
    finally:
        # The traceback of an error contains this frame. Together with the future, which holds the
        # error, it would keep `given` in memory until the next garbage collection.
        del done


def _run(work: Callable[..., Result], given: Sequence[Given], done: asyncio.Future[Result]) -> None:
    try:
        answer = work(*given)
    except BaseException as error:  # passed to the awaiting task, whatever it is
        _call(done, _fail, error)
    else:
        _call(done, _finish, answer)
    finally:
        del done, given  # as in worked()


def _call(done: asyncio.Future[Result], end: Callable[..., None], what: object) -> None:
    with suppress(RuntimeError):  # the loop is closed
        done.get_loop().call_soon_threadsafe(end, done, what)


def _finish(done: asyncio.Future[Result], answer: Result) -> None:
    if not done.done():
        done.set_result(answer)


def _fail(done: asyncio.Future[Result], error: BaseException) -> None:
    if not done.done():
        done.set_exception(error)
