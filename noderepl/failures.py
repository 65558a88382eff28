"""Shows errors in noderepl itself at the prompt, after which the prompt continues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from noderepl.internal_error import internal_error, write_plainly
from noderepl.outcome import Failure
from noderepl.terminal.console import Console
from noderepl.terminal.hangup import is_hung_up

if TYPE_CHECKING:
    from noderepl.line_editor import LineEditor

# This number of failures of the line editor discards the text being typed; this number of failed
# inputs in a row ends the prompt.
MOST_FAILURES = 3


class Failures:
    """Shows internal errors.

    about: further facts for their logs. editor: the line editor. `.count`: the errors that
    reached the event loop since the last input.
    """

    def __init__(self, console: Console, about: Mapping[str, str], editor: LineEditor) -> None:
        self._console = console
        self._about = about
        self._editor = editor
        self.count = 0

    @asynccontextmanager
    async def surviving(self) -> AsyncIterator[None]:
        """Shows an internal error that the block raises; the block ends there."""
        try:
            yield
        except (Exception, asyncio.CancelledError) as error:
            if must_propagate(error):
                raise
            self.show(error)

    def show(self, error: BaseException) -> None:
        """Shows an internal error."""
        shown = internal_error(error, self._about)
        try:
            self._console.show(Failure(str(shown), shown.exit_code))
        except Exception:
            write_plainly(shown)

    def show_above(self, error: BaseException) -> None:
        if self._editor.is_reading:
            self._editor.prompt.show_above(partial(self.show, error))
        else:
            self.show(error)

    def take(self, _: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        """Handles an error that reached the event loop: of a key, of a paint, of a signal handler,
        or of a background task.

        If errors repeat, the last one discards the text being typed.
        """
        error = context.get("exception")
        if error is None:
            return
        self.count += 1
        if self._editor.is_reading and (is_hung_up(error) or self.count >= MOST_FAILURES):
            self._editor.abort(error)
        elif not is_hung_up(error) and self.count <= MOST_FAILURES:
            self.show_above(error)


def must_propagate(error: BaseException) -> bool:
    """Returns whether an exception is not a failure of noderepl: the terminal is gone, or a signal
    ends the run.
    """
    current = asyncio.current_task()
    is_ending = (
        isinstance(error, asyncio.CancelledError)
        and current is not None
        and current.cancelling() > 0
    )
    return is_ending or is_hung_up(error)
