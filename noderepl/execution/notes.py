"""Notes on an execution: on changes to its code, and a hint about its error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from noderepl.javascript.hints import hint_for
from noderepl.outcome import Execution

if TYPE_CHECKING:
    from noderepl.javascript.analysis import Analysis


class Notes:
    """The notes of one run; each is shown once."""

    def __init__(self) -> None:
        self._shown: set[str] = set()

    def explained(self, execution: Execution, analysis: Analysis) -> Execution:
        """Returns the execution with notes on changes to its code, and a hint about its error."""
        for note in analysis.notes:
            execution = self.added(execution, note)
        hint = hint_for(execution.error, analysis)
        return execution if hint is None else replace(execution, notes=(*execution.notes, hint))

    def added(self, execution: Execution, note: str) -> Execution:
        """Returns the execution with a note, unless the note has been shown."""
        if note in self._shown:
            return execution
        self._shown.add(note)
        return replace(execution, notes=(*execution.notes, note))
