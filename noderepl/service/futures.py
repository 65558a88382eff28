"""A result that one thread sets and others wait for.

concurrent.futures imports logging, which takes 9 ms, and Node.js starts after it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import asyncio

Result = TypeVar("Result")


class Future(Generic[Result]):
    """The result, or the exception, of work in another thread. All methods may be called in any
    thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_done = self._is_cancelled = False
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._callbacks: list[Callable[[Future[Result]], object]] = []

    def set(self, result: Result | None, error: BaseException | None = None) -> bool:
        """Sets the result, or the error. Returns False if the future was cancelled before."""
        with self._changed:
            if self._is_cancelled:
                return False
            self._result, self._error, self._is_done = result, error, True
            callbacks, self._callbacks = self._callbacks, []
            self._changed.notify_all()
        for callback in callbacks:
            callback(self)
        return True

    def cancel(self) -> bool:
        """Refuses the result. Returns False if it was set before."""
        with self._changed:
            self._is_cancelled = not self._is_done
            return self._is_cancelled

    def wait(self, seconds: float | None = None) -> bool:
        """Waits until the result is set. Returns whether it is, after at most `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: self._is_done, seconds)

    def result(self, seconds: float | None = None) -> Result:
        """Waits for the result and returns it. Raises its error, or TimeoutError after so many
        seconds.
        """
        if not self.wait(seconds):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # it is set

    def when_done(self, callback: Callable[[Future[Result]], object]) -> None:
        """Calls `callback` with this future after its result is set, in the thread that sets it;
        at once if it is set.
        """
        with self._changed:
            if not self._is_done:
                self._callbacks.append(callback)
                return
        callback(self)

    def in_loop(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Result]:
        """Returns a future of an event loop with the same result."""
        passed: asyncio.Future[Result] = loop.create_future()

        def pass_on() -> None:
            if passed.done():
                return
            try:
                passed.set_result(self.result())
            except BaseException as error:
                passed.set_exception(error)

        def call(_: Future[Result]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: no task waits any more
                loop.call_soon_threadsafe(pass_on)

        self.when_done(call)
        return passed
