"""The tasks that an executor leaves running."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from noderepl.internal_error import supervised

# The seconds that close() waits for tasks.
CLOSE_SECONDS = 1.0


class Background:
    """Tasks beside the present snippet."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._lasting: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None], *, is_lasting: bool = False) -> None:
        """Starts a task, whose exceptions are reported. is_lasting: whether close() waits for its
        end instead of cancelling it.
        """
        task = supervised(asyncio.create_task(work))
        tasks = self._lasting if is_lasting else self._tasks
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def close(self, running: asyncio.Task[Any] | None) -> None:
        """Cancels the tasks and `running`, and waits for the lasting ones at most CLOSE_SECONDS."""
        cancelled = [*self._tasks, *([running] if running else [])]
        for task in cancelled:
            task.cancel()
        left = [*cancelled, *self._lasting]
        try:
            if left:
                await asyncio.wait(left, timeout=CLOSE_SECONDS)
        finally:
            for task in left:
                task.cancel()
