"""A line while it runs: its time on the screen, and Ctrl-C, which ends its snippet or gives the prompt back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, TypeVar

from noderepl.errors import NodeReplError
from noderepl.outcome import Failure
from noderepl.snippets import Snippets
from noderepl.terminal.console import Console

if TYPE_CHECKING:
    from noderepl.client.retries import Waiting

STILL_RUNNING = (
    "The prompt is yours again, but the session is still busy: the next snippet waits until it is free, which the "
    "toolbar shows. %session new starts afresh."
)
NOT_RUN = "It was not run."
GIVEN_UP = "It was stopped, and does not go on."
NOT_SENT = "It was not run: the service had refused it so far, and is not asked again."
STATUS_SECONDS = 1.0
# A Ctrl-C so close behind the first is the same wish: a session needs a moment to react.
AGAIN_SECONDS = 1.0
Result = TypeVar("Result")


class Attention:
    """What the prompt gives to one line at a time.

    console: where its time and its failure are shown. runner: runs the snippets. keys: opens the reading of keys, among
    them Ctrl-C, for as long as a line runs. `.is_elsewhere`: whether the terminal is another program's meanwhile.
    """

    def __init__(self, console: Console, runner: Snippets, keys: Callable[[], AbstractContextManager[None]]) -> None:
        self._console = console
        self._runner = runner
        self._keys = keys
        self._running: asyncio.Task[object] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._waiting: Waiting | None = None
        self._unsent = False
        self._began = self._asked = 0.0
        self.is_elsewhere = False

    @property
    def is_given(self) -> bool:
        """Whether a line runs."""
        return self._running is not None

    async def give(self, work: Coroutine[None, None, Result]) -> Result | None:
        """Waits for work while Ctrl-C is listened for; tells a failure. Returns its result, None where it has none."""
        began = False

        async def begun() -> Result:
            nonlocal began
            began = True
            return await work

        left = self._runner.left
        self._began = time.monotonic()
        self._running = running = asyncio.create_task(begun())
        try:
            with self._keys():
                return await self._told(running)
        except NodeReplError as error:
            self._console.show(Failure(str(error), error.exit_code))
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            if began:
                told = NOT_SENT if self._unsent else STILL_RUNNING if self._runner.left > left else GIVEN_UP
                self._console.words(told, warning=True)
            else:
                work.close()
                self._console.words(NOT_RUN, warning=True)
        finally:
            self._running = self._asking = None
        return None

    async def _told(self, running: asyncio.Task[Result]) -> Result:
        """Waits for a task; from the first second on its time is on the screen."""
        while not (await asyncio.wait([running], timeout=STATUS_SECONDS))[0]:
            self.tell_time()
        self._console.end_passing()
        return await running

    def tell_time(self) -> None:
        """Puts the time on the screen, below what has just been written there."""
        seconds = time.monotonic() - self._began
        if (
            self._running is not None
            and not self._running.done()
            and not self.is_elsewhere
            and seconds >= STATUS_SECONDS
        ):
            why = f" · {self._waiting.words}" if self._waiting else ""
            self._console.status(f"{seconds:.0f} s · {self._way_out()}{why}")

    def heed(self, waiting: Waiting | None) -> None:
        """Takes that a call is tried again for the next words on the screen; None: that is over."""
        self._waiting = waiting

    def _way_out(self) -> str:
        if self._asking is not None:
            may_leave = time.monotonic() - self._asked >= AGAIN_SECONDS
            return "interrupted; Ctrl-C again gives the prompt back" if may_leave else "interrupted"
        is_sent = self._waiting is None or not self._waiting.unsent
        return "Ctrl-C interrupts" if is_sent and self._runner.can_interrupt else "Ctrl-C gives the prompt back"

    def interrupt(self) -> None:
        """Ctrl-C: the first asks the session to end the snippet; the next, a moment later, gives the prompt back."""
        if self._running is None or self.is_elsewhere:
            return
        waiting, is_busy = self._waiting, self._runner.is_busy
        self._unsent = waiting is not None and (waiting.unsent or not is_busy)
        if self._unsent:
            self._runner.drop()
        if self._asking is None and not self._unsent and self._runner.can_interrupt:
            self._asked = time.monotonic()
            self._asking = asyncio.create_task(self._ask_for_end())
            self.tell_time()
        elif self._asking is None or self._unsent or time.monotonic() - self._asked >= AGAIN_SECONDS:
            self._running.cancel()

    async def _ask_for_end(self) -> None:
        try:
            await self._runner.interrupt()
        except NodeReplError as error:
            self._console.show(Failure(f"the snippet could not be interrupted: {error}", error.exit_code))
