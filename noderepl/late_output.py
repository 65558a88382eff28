"""Outcomes that do not belong to the current line: late output, and abandoned snippets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from noderepl.execution.executor import Executor
from noderepl.foreground import Foreground
from noderepl.internal_error import supervised
from noderepl.outcome import Asked, Outcome, Output
from noderepl.terminal.above_prompt import AbovePrompt, Write
from noderepl.terminal.console import Console
from noderepl.terminal.outcome_length import length_of
from noderepl.threaded import SHORT

# How long an outcome waits for the output of earlier snippets.
FLUSH_SECONDS = 2.0
DROPPED = "Output of earlier snippets was dropped."


class LateOutput:
    """Shows late outcomes above the prompt, or at once while a line runs.

    show_above: calls a function while the prompt is off the screen. ask: lets the user answer a
    snippet that runs; its argument is whether each key counts. `.is_awaited`: whether a line's
    outcome waits for earlier output.
    """

    def __init__(
        self,
        console: Console,
        foreground: Foreground,
        executor: Executor,
        show_above: Callable[[Write], Awaitable[None]],
        ask: Callable[[bool], None],
    ) -> None:
        self._console = console
        self._foreground = foreground
        self._executor = executor
        self._ask = ask
        self._above = AbovePrompt(show_above, self._ready)
        self._drawing: set[asyncio.Task[None]] = set()
        self.is_awaited = False

    def show(self, outcome: Outcome) -> None:
        """Shows an outcome, a long one after a thread has prepared it."""
        if isinstance(outcome, Asked):
            if self._foreground.ask():
                self._console.ask()
                self._ask(outcome.has_keys)
        elif length_of(outcome) > SHORT and not isinstance(outcome, Output):
            self._drawing.add(task := supervised(asyncio.create_task(self._show_long(outcome))))
            task.add_done_callback(self._drawing.discard)
        else:
            self._write(partial(self._console.show, outcome))

    async def room(self) -> None:
        """Waits until more output should be shown."""
        await self._console.room()
        await self._above.room()

    async def flushed(self) -> None:
        """Waits until all output so far is shown or dropped, so that the order is preserved; drops
        what the screen cannot show in time.
        """
        self.is_awaited = True
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._above.flushed()
        except TimeoutError:
            self.drop()
        finally:
            self.is_awaited = False

    def drop(self) -> None:
        """Drops what has not been shown, and says so."""
        was_read = self._executor.skip_late()
        if self._above.drop() or was_read:
            self._write(partial(self._console.words, DROPPED, warning=True))

    def close(self) -> None:
        """Drops what has not been shown."""
        self._above.close()

    async def _show_long(self, outcome: Outcome) -> None:
        self._write(await self._console.drawn(outcome))

    async def _ready(self) -> None:
        """Waits until the terminal has accepted the output, and no other program uses it."""
        await self._foreground.here()
        await self._console.drained()

    def _write(self, write: Write) -> None:
        is_free = not (self._above.is_waiting or self._foreground.is_elsewhere)
        if self._foreground.is_running and is_free:
            write()
            self._foreground.show_time(if_due=True)
        else:
            self._above.put(write)
