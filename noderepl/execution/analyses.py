"""The analyses of snippets before they are sent, that of what is typed before Enter, and notes from
them on an execution: on changes to its code, and a hint about its error.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from noderepl.javascript.hints import hint_for
from noderepl.javascript.program import Program
from noderepl.outcome import Execution
from noderepl.preferences import Preferences
from noderepl.threaded import worked

if TYPE_CHECKING:
    from noderepl.javascript.analysis import Analysis
    from noderepl.javascript.prelude_request import Instrument


class Analyses:
    """The analyses of one executor. preferences: read at each analysis."""

    def __init__(self, preferences: Preferences) -> None:
        self._preferences = preferences
        self._typed: tuple[object, Analysis | None] = ((), None)

    async def of(
        self, code: str, program: Program | None = None, instrument: Instrument | None = None
    ) -> Analysis:
        """Returns the analysis of a snippet. program, instrument: as for Executor.run()."""
        from noderepl.javascript.prelude import global_name

        how = self._how(None if program is None else program.scope)
        key, found = self._typed
        if found is None or key != (code, how):
            found = await worked(partial(_analyzed, how), code, len(code))
        if instrument is not None and instrument.calls:
            from noderepl.javascript.snippet_function import as_function

            call = partial(as_function, global_name=global_name())
            return await worked(call, found, len(code))
        return found

    def prepare(self, code: str) -> None:
        """Analyses a short text that is being typed: it is probably the next snippet."""
        how = self._how(None)
        if self._typed[0] != (code, how):
            self._typed = (code, how), _analyzed(how, code)

    def _how(self, file: str | None) -> dict[str, Any]:
        return {"typescript": self._preferences.typescript, "file": file}


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


def _analyzed(how: dict[str, Any], code: str) -> Analysis:
    from noderepl.javascript.analyze import analyze
    from noderepl.javascript.prelude import global_name

    return analyze(code, global_name=global_name(), **how)
