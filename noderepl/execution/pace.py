"""When to look for the next output of a request: the delays between two calls for its files."""

from __future__ import annotations

import asyncio
import contextlib
import time

FIRST_SECONDS = 1.0
SHORTEST_SECONDS, LONGEST_SECONDS = 0.4, 0.7
# The delay while a question is expected, or output after the user has answered one, and how long
# that is.
ASKING_SECONDS, ANSWERED_SECONDS = 0.1, 2.0


class Pace:
    """The delays of one request. may_ask: whether its snippet may soon ask the user. `.is_over`:
    whether no more output is wanted.
    """

    def __init__(self, *, may_ask: bool) -> None:
        self._first = ASKING_SECONDS if may_ask else FIRST_SECONDS
        self._delay = 0.0
        self._answered_at = float("-inf")
        # Set at the end and when the user has answered.
        self._is_due = asyncio.Event()
        self.is_over = False

    def end(self) -> None:
        """Ends the present wait, and all further ones at once."""
        self.is_over = True
        self._is_due.set()

    def resume(self) -> None:
        """Begins again after the end."""
        self.is_over = False
        self.found()

    def answered(self) -> None:
        """Ends the present wait because the user has answered."""
        self._answered_at = time.monotonic()
        self._is_due.set()

    def found(self) -> None:
        """Makes the next delay short because there was output."""
        self._delay = SHORTEST_SECONDS

    async def first(self) -> None:
        """Waits until output is possible."""
        await self._wait(self._first)

    async def next(self) -> float:
        """Waits until the next call. Returns its delay in seconds."""
        is_asking = time.monotonic() - self._answered_at < ANSWERED_SECONDS
        delay = ASKING_SECONDS if is_asking else self._delay
        await self._wait(delay)
        self._delay = max(SHORTEST_SECONDS, min(delay * 1.5, LONGEST_SECONDS))
        return delay

    async def _wait(self, seconds: float) -> None:
        if self.is_over:
            return
        self._is_due.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_due.wait()
