"""Runs blocking work in threads that neither the event loop nor the process joins at its end.

Both join the threads of asyncio.to_thread and of every ThreadPoolExecutor, so that a long listing
that is not needed any more would delay the exit.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")


class Threads:
    """Some threads. most: how many may run at a time; further work waits for its turn."""

    def __init__(self, most: int = sys.maxsize) -> None:
        self._free = asyncio.Semaphore(most)

    async def run_needed(self, work: Callable[[Callable[[], bool]], _Result]) -> _Result:
        """As run(). work: gets a function that returns whether this was cancelled, so that nobody
        needs the result any more.
        """
        over = threading.Event()
        try:
            return await self.run(work, over.is_set)
        finally:
            over.set()

    async def run(
        self, work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        """Returns the result of the work; raises its exception.

        If this is cancelled, the thread continues, and counts as running until its end.
        """
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_Result] = loop.create_future()

        def end(set_outcome: Callable[[], None]) -> None:
            self._free.release()
            if not done.done():  # otherwise the caller was cancelled
                set_outcome()

        def do() -> None:
            try:
                result = work(*given, **named)
            except BaseException as error:  # passed to the caller, whatever it is
                failure = error
                report(lambda: done.set_exception(failure))
            else:
                report(lambda: done.set_result(result))

        def report(set_outcome: Callable[[], None]) -> None:
            with suppress(RuntimeError):  # the loop is closed: no task waits any more
                loop.call_soon_threadsafe(end, set_outcome)

        try:
            threading.Thread(target=do, name="noderepl-work", daemon=True).start()
        except BaseException:  # the system has no thread left
            self._free.release()
            raise
        return await done
