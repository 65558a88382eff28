"""Work that blocks, in threads for whose end neither the event loop nor the process waits.

Both join the threads of asyncio.to_thread and of every ThreadPoolExecutor when they end, so that a
long listing that nobody needs any more would keep the process from its end.
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

    async def run(
        self, work: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> _Result:
        """Return what the work returns; raises what it raises.

        Where this is cancelled, the thread goes on to its end, and takes the place of another one
        until then.
        """
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[_Result] = loop.create_future()

        def end(set_outcome: Callable[[], None]) -> None:
            self._free.release()
            if not done.done():  # else the caller was cancelled meanwhile
                set_outcome()

        def do() -> None:
            try:
                result = work(*given, **named)
            except BaseException as error:  # whatever it is, it is the caller's
                failure = error
                tell(lambda: done.set_exception(failure))
            else:
                tell(lambda: done.set_result(result))

        def tell(set_outcome: Callable[[], None]) -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(end, set_outcome)

        try:
            threading.Thread(target=do, name="noderepl-work", daemon=True).start()
        except BaseException:  # the system has no thread left
            self._free.release()
            raise
        return await done
