"""A snippet that begins at Enter, while the prompt is still on the screen."""

from __future__ import annotations

import asyncio
from typing import Any

from noderepl.outcome import Execution

# How a snippet of the prompt runs: see Executor.run().
AS_TYPED: dict[str, Any] = {
    "number": 0,
    "file": "",
    "program": None,
    "aside": False,
    "table": None,
    "instrument": None,
}


class Ahead:
    """A snippet that runs before run() is called for it: nothing of it is shown until then.

    work: its task, set at once.
    """

    work: asyncio.Task[Execution]

    def __init__(self, code: str) -> None:
        self.code = code
        self._has_answer = False
        self._may_show = asyncio.Event()

    @property
    def is_answered(self) -> bool:
        """Whether the session has answered, or no answer comes: nothing can be interrupted."""
        return self._has_answer or self.work.done()

    def show(self) -> None:
        """Lets it show its output."""
        self._may_show.set()

    async def shown(self) -> None:
        """Waits for show()."""
        await self._may_show.wait()

    async def answered(self) -> None:
        """Notes that the answer has arrived, and waits for show()."""
        self._has_answer = True
        await self._may_show.wait()
