"""Stores the output of the snippets that the prompt runs, and folds it on the screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from noderepl.outcome import Execution, Outcome, Output, Words

if TYPE_CHECKING:
    from noderepl.spool import Spool, Spooled

NOT_STORED = "Output is not stored any more ({}): it is shown whole."
Show = Callable[[Outcome], None]


class OutputStore:
    """The output of the snippets of a run.

    show: shows an outcome as it arrives. fold: called before each snippet, to fold its output on
    the screen while the function that it gets returns whether output is stored; None to fold
    nothing. is_on: whether output is stored.
    """

    def __init__(
        self, show: Show | None, fold: Callable[[Callable[[], bool]], None] | None, *, is_on: bool
    ) -> None:
        self._show = show
        self._fold = fold
        self._is_on = is_on
        self._is_reported = False
        self._spool: Spool | None = None

    async def during(self, work: Awaitable[Execution], *, is_aside: bool = False) -> Execution:
        """Waits for a snippet and stores its output. is_aside: whether it is code of noderepl.
        Raises as `work` does.
        """
        if not self._is_on:
            return await work
        from noderepl.spool import Spool

        self._spool = spool = self._spool or Spool()
        spool.begin(is_aside=is_aside)
        if self._fold is not None:
            self._fold(lambda: spool.failure is None)
        execution = await work
        spool.end(execution, is_whole=not execution.streamed)
        if self._fold is None or spool.failure is None or execution.streamed:
            return execution
        # Shown with its outcome it would be folded.
        for output in execution.output():
            self.show(output)
        return replace(execution, streamed=True)

    def show(self, outcome: Outcome) -> None:
        """Stores output of the running snippet, and shows the outcome."""
        if self._spool is not None and isinstance(outcome, Output) and outcome.number is None:
            self._spool.add(outcome)
        if self._show is not None:
            self._show(outcome)

    def add(self, execution: Execution) -> None:
        """Stores the output of an abandoned snippet."""
        if self._spool is not None:
            self._spool.begin()
            self._spool.end(execution, is_whole=True)

    def of(self, number: int | None) -> Spooled | None:
        """Returns the output of a snippet, None for the latest; None if it has none."""
        return None if self._spool is None else self._spool.of(number)

    def trouble(self) -> Sequence[Outcome]:
        """Returns a sentence, once, if output cannot be stored any more."""
        failure = None if self._spool is None else self._spool.failure
        if failure is None or self._is_reported:
            return []
        self._is_reported = True
        return [Words(NOT_STORED.format(failure.strerror), warning=True)]

    def close(self) -> None:
        """Deletes what is stored."""
        if self._spool is not None:
            self._spool.close()
