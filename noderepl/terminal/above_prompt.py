"""Output above an open prompt: in order, a little at a time, so that keys are read in between."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from noderepl.internal_error import supervised

# How long one paint of the prompt may write, and how many writes may wait before room() does.
BATCH_SECONDS = 0.01
MOST_WAITING = 20
Write = Callable[[], None]


class AbovePrompt:
    """Writes that wait for their turn above the prompt.

    in_terminal: calls a function while the prompt is off the screen. drained: waits until the
    terminal has taken what was written.
    """

    def __init__(
        self,
        in_terminal: Callable[[Write], Awaitable[None]],
        drained: Callable[[], Awaitable[None]],
    ) -> None:
        self._in_terminal = in_terminal
        self._drained = drained
        self._waiting: deque[Write] = deque()
        self._done = 0
        self._writing: asyncio.Task[None] | None = None
        self._taken = asyncio.Event()

    @property
    def is_waiting(self) -> bool:
        """Whether something has not been written yet."""
        return bool(self._waiting)

    def put(self, write: Write) -> None:
        """Calls `write` later, when the prompt is off the screen, after earlier ones."""
        self._waiting.append(write)
        if self._writing is None:
            self._writing = supervised(asyncio.create_task(self._write()))

    async def room(self) -> None:
        """Waits while many writes wait."""
        while len(self._waiting) > MOST_WAITING:
            self._taken.clear()
            await self._taken.wait()

    async def flushed(self) -> None:
        """Waits until what has been put by now is written or dropped."""
        until = self._done + len(self._waiting)
        while self._done < until:
            self._taken.clear()
            await self._taken.wait()

    def drop(self) -> bool:
        """Drops the writes that wait. Returns whether there were any."""
        was_waiting = bool(self._waiting)
        self._done += len(self._waiting)
        self._waiting.clear()
        self._taken.set()
        return was_waiting

    def close(self) -> None:
        """Drops the writes that wait and ends the writing."""
        self.drop()
        if self._writing is not None:
            self._writing.cancel()

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._drained()
                began = time.monotonic()
                await self._in_terminal(self._write_some)
                self._taken.set()
                # Keys have half of the time.
                await asyncio.sleep(time.monotonic() - began)
        finally:
            self._writing = None

    def _write_some(self) -> None:
        end = time.monotonic() + BATCH_SECONDS
        while self._waiting:
            self._done += 1
            self._waiting.popleft()()
            if time.monotonic() > end:
                break
