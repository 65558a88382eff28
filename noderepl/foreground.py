"""A line while it runs: its time on the screen, and Ctrl-C, which interrupts its snippet or
abandons it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from noderepl.errors import NodeReplError
from noderepl.execution.executor import Executor
from noderepl.internal_error import supervised
from noderepl.outcome import Failure
from noderepl.sessions.backend import Backend
from noderepl.terminal.console import Console
from noderepl.terminal.line_parts import LinePart

STILL_RUNNING = (
    "The session is still busy. The next snippet waits until it is free; the "
    "toolbar shows when. %session new starts a new session."
)
NOT_RUN = "Not run."
CANCELLED = "Cancelled."
NOT_SENT = "Not run: the service had not accepted it."
STATUS_SECONDS = 1.0
# The toolbar is not painted again for a line that ends sooner.
SOON_SECONDS = 0.05
# The time between two pictures of the spinner.
FRAME_SECONDS = 0.2
# A Ctrl-C this soon after the first has no further effect: a session needs a moment to react.
AGAIN_SECONDS = 1.0
# The time in which a line must end at the end of noderepl, and again after a second cancellation.
END_SECONDS = 0.5
WHOLE = "; %page --output shows all output"
Result = TypeVar("Result")


class Foreground:
    """Runs one line at a time for the prompt.

    console: shows the time and the failure. executor: runs the snippets. backend: holds the call
    that waits for a retry. keys: opens the reading of keys, Ctrl-C among them, while a line runs.
    parts: returns the parts of the toolbar that stay on the screen meanwhile.
    """

    def __init__(
        self,
        console: Console,
        executor: Executor,
        backend: Backend,
        keys: Callable[[], AbstractContextManager[None]],
        parts: Callable[[], Sequence[LinePart]],
    ) -> None:
        self._console = console
        self._executor = executor
        self._backend = backend
        self._keys = keys
        self._parts = parts
        self._shown_at = 0.0
        self._running: asyncio.Task[object] | None = None
        self._interrupting: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()
        self._unsent = self._is_asked = False
        self._began = self._interrupted_at = 0.0
        self._is_here = asyncio.Event()
        self._is_here.set()

    @property
    def is_elsewhere(self) -> bool:
        """Whether another program has the terminal."""
        return not self._is_here.is_set()

    async def here(self) -> None:
        """Waits until no other program has the terminal."""
        await self._is_here.wait()

    @contextmanager
    def elsewhere(self) -> Iterator[None]:
        """Gives the terminal to another program inside the block."""
        self._is_here.clear()
        try:
            yield
        finally:
            self._is_here.set()

    @property
    def is_running(self) -> bool:
        """Whether a line runs."""
        return self._running is not None

    async def run(
        self, work: Coroutine[None, None, Result], *, below_input: bool = False
    ) -> Result | None:
        """Waits for work while Ctrl-C is active; shows a failure. Returns the result of work, None
        if it has none. below_input: whether the toolbar was on the screen before, and stays.
        """
        began = False

        async def begun() -> Result:
            nonlocal began
            began = True
            return await work

        self._console.leave_output()
        left = self._executor.left
        self._began = time.monotonic()
        self._running = running = asyncio.create_task(begun())
        try:
            with self._keys():
                if (
                    below_input
                    and not (await asyncio.wait([running], timeout=SOON_SECONDS))[0]
                    and not self.is_elsewhere
                ):
                    self._console.status(self._parts())
                return await self._with_time(running)
        except NodeReplError as error:
            self._console.show(Failure(str(error), error.exit_code))
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                await _end(running)
                raise
            if began:
                message = (
                    NOT_SENT
                    if self._unsent
                    else STILL_RUNNING
                    if self._executor.left > left
                    else CANCELLED
                )
                self._console.words(message, warning=True)
            else:
                work.close()
                self._console.words(NOT_RUN, warning=True)
        finally:
            self._running = self._interrupting = None
            self._is_asked = False
            for task in self._sending:
                task.cancel()
        return None

    async def settle(self) -> None:
        """Waits until the terminal has accepted everything that was shown. Ctrl-C drops the rest,
        which a line reports.
        """
        if self._console.is_waiting:
            with self._keys():
                await self._console.drained()
        self._console.ease(WHOLE)

    async def _with_time(self, running: asyncio.Task[Result]) -> Result:
        """Waits for a task; shows its time on the screen after the first second."""
        while not (await asyncio.wait([running], timeout=FRAME_SECONDS))[0]:
            self.show_time()
        self._console.end_status()
        return await running

    def show_time(self, *, if_due: bool = False) -> None:
        """Shows the time on the screen, below the last output. if_due: unless it was shown just
        before, as more output may follow.
        """
        now = time.monotonic()
        seconds = now - self._began
        if (
            self._running is not None
            and not self._running.done()
            and not self.is_elsewhere
            and seconds >= STATUS_SECONDS
            and not (if_due and now - self._shown_at < FRAME_SECONDS)
        ):
            self._shown_at = now
            why = [LinePart(self._backend.waiting.words)] if self._backend.waiting else []
            spinner = LinePart(f"{self._console.frame(seconds)} {seconds:.0f} s")
            self._console.status([spinner, LinePart(self._hint()), *why, *self._parts()])

    def _hint(self) -> str:
        if self._interrupting is not None:
            may_leave = time.monotonic() - self._interrupted_at >= AGAIN_SECONDS
            return "interrupted; Ctrl-C again returns to the prompt" if may_leave else "interrupted"
        if self._is_asked:
            return "the snippet reads your input; Ctrl-D ends it"
        waiting = self._backend.waiting
        is_sent = not self._backend.is_unsent and (waiting is None or not waiting.unsent)
        return (
            "Ctrl-C interrupts"
            if is_sent and self._executor.can_interrupt
            else "Ctrl-C returns to the prompt"
        )

    def interrupt(self) -> None:
        """Handles Ctrl-C: the first one interrupts the snippet in the session; the next one, at
        least a second later, abandons it and returns to the prompt.

        A terminal that is behind does not get the rest of the output.
        """
        if self.is_elsewhere:
            return
        was_dropped = self._console.hurry()
        if self._running is None:
            return
        waiting, is_busy = self._backend.waiting, self._executor.is_busy
        self._unsent = self._backend.is_unsent or (
            waiting is not None and (waiting.unsent or not is_busy)
        )
        if self._unsent:
            self._executor.drop()
        if self._interrupting is None and not self._unsent and self._executor.can_interrupt:
            self._interrupted_at = time.monotonic()
            self._interrupting = supervised(asyncio.create_task(self._interrupt()))
            self.show_time()
        elif was_dropped and not self._unsent:
            pass  # the interrupt was for it
        elif (ahead := self._executor.ahead) is not None and ahead.is_answered:
            pass  # its outcome is shown next
        elif (
            self._interrupting is None
            or self._unsent
            or time.monotonic() - self._interrupted_at >= AGAIN_SECONDS
        ):
            if not self._executor.is_sent:
                # It might be sent before the cancellation of the line arrives there.
                self._executor.drop()
            self._running.cancel()

    async def _interrupt(self) -> None:
        await self._attempted(self._executor.interrupt(), "the snippet could not be interrupted")

    def ask(self) -> bool:
        """Shows below the output that the snippet reads its input. Returns whether a line runs."""
        self._is_asked = self.is_running
        return self._is_asked

    def answer(self, line: str | None) -> None:
        """Sends lines that the user has typed to the running snippet, None for the end."""
        sending = self._attempted(self._executor.answer(line), "the line could not be sent")
        self._sending.add(task := supervised(asyncio.create_task(sending)))
        task.add_done_callback(self._sending.discard)

    async def _attempted(self, work: Awaitable[None], failure: str) -> None:
        try:
            await work
        except NodeReplError as error:
            self._console.show(Failure(f"{failure}: {error}", error.exit_code))


async def _end(running: asyncio.Task[object]) -> None:
    """Cancels a line, which may clean up for a moment: the second cancellation ends that too."""
    for _ in range(2):
        running.cancel()
        await asyncio.wait([running], timeout=END_SECONDS)
