"""The state of the present session, and the effect of each answer and each failure on it.

Only this module decides that a session was lost. It sends nothing.
"""

from __future__ import annotations

from dataclasses import replace

from noderepl.errors import NotRun, ServiceError, SessionLost, SessionReplaced, SessionUnusable
from noderepl.outcome import Execution, Status
from noderepl.sessions.journal import Journal, Snippet, has_run
from noderepl.sessions.lifetime import span
from noderepl.sessions.records import restore
from noderepl.sessions.store import Record

REPLACED = (
    "The session was replaced by an empty one: earlier variables are gone, and packages and files"
    " may be."
)
UNUSABLE = "This session cannot be used any more: %session new starts a new one."
NOT_RUN = ", so the snippet was not run"
LOST_BEFORE = "the session was replaced by an empty one before the snippet ran; it was not run"


class SessionState:
    """The state of the present session.

    journal: the steps done in it. record: of a resumed session, None for another one. `.numbers`:
    the number of each snippet that has a value, by its text. `.names`: the variables of the session
    after the latest snippet. `.node`: the version of its Node.js, "" if it is not known. `.memory`:
    what the latest %mem has shown, in bytes. `.is_unable`: whether the session cannot run the
    prelude. `.is_unusable`: whether it runs no snippet any more. `.is_unchecked`: whether it was
    resumed and has not answered since. `.is_unreported`: whether report() has not reported the last
    loss yet. `.generation`: the number of sessions before the present one. `.losses`: how often a
    session with state was lost. Raises LocalFileError if the record is damaged.
    """

    def __init__(self, journal: Journal, record: Record | None = None) -> None:
        self.journal = journal
        self.numbers: dict[str, int] = {}
        self.names: tuple[str, ...] = ()
        self.node = ""
        self.memory: tuple[int, ...] | None = None
        self.is_unable = False
        self.is_unusable = False
        self.is_unreported = False
        self.generation = 0
        self.losses = 0
        self.is_unchecked = False
        self._guid = ""
        self._has_run = False
        if record is not None:
            self._resume(record)

    @property
    def has_prelude(self) -> bool:
        """Whether the session has the prelude; a session without it is then another one."""
        return self.journal.is_ready

    @property
    def snippets(self) -> list[Snippet]:
        """The snippets that ran in the session, in order."""
        return [entry for entry in self.journal.done if isinstance(entry, Snippet)]

    def begin(self, *, is_whole: bool, record: Record | None = None) -> None:
        """Begins with another present session; in a new one %replay may repeat the lost steps.

        is_whole: as for Journal. record: of the session, None if it has none. Raises LocalFileError
        if the record is damaged; the state is then unchanged.
        """
        if record is not None:
            restore(Journal(), record)
        self.journal.begin(is_whole=is_whole, with_lost=is_whole)
        self.is_unable = self.is_unusable = self.is_unreported = self.is_unchecked = False
        self._forget()
        if record is not None:
            self._resume(record)

    def _resume(self, record: Record) -> None:
        self.is_unchecked = True
        restore(self.journal, record)
        self._has_run = has_run(record.events)
        for entry in self.snippets:
            self._number(entry)

    def observe(
        self, execution: Execution, code: str | None = None, *, by_prelude: bool | None
    ) -> Execution:
        """Processes an answer: adds the snippet to the journal, and detects a loss.

        code: the user's snippet; None for code of noderepl. by_prelude: whether the session's
        prelude has answered; if the prelude was there before, the session is the same whatever the
        service reports. None: the session does not answer any more. Returns the execution, with
        `replaced` and a note if the session was empty when the snippet arrived, and with a note if
        the session cannot be used any more.
        """
        if not (by_prelude and self.has_prelude) and self._is_other(execution):
            self._lose()
            execution = replace(execution, replaced=True, notes=(*execution.notes, REPLACED))
        self.is_unusable = by_prelude is None
        if self.is_unusable:
            execution = replace(execution, notes=(*execution.notes, UNUSABLE))
        self._has_run, self._guid = True, execution.guid or self._guid
        if by_prelude:
            self.journal.ready()
        if execution.names is not None:
            self.names = execution.names
        self.node = execution.node or self.node
        if code is not None:
            is_ok = execution.status is Status.OK
            ended = Snippet(code, execution.number, is_ok, execution.value is not None)
            self.journal.add(ended)
            self._number(ended)
        if execution.lost and not by_prelude:
            self._lose()
        return execution

    def observe_failure(self, error: ServiceError, code: str | None = None) -> None:
        """Processes a failed request. code: as for observe()."""
        if error.doubt:
            self._has_run = True
            if code is not None:
                self.journal.add(Snippet(code, is_ok=False))
        self.is_unusable = isinstance(error, SessionUnusable)
        if isinstance(error, SessionLost | SessionReplaced | SessionUnusable):
            self._lose()

    def without_prelude(
        self, answer: Execution, idle: float | None, so: str = NOT_RUN
    ) -> SessionLost:
        """Returns the error for a session that should have the prelude and has answered without it.

        idle: the seconds without a call before. so: the consequence, appended to the sentence.
        """
        says = ", as the pool's answer says" if self._is_other(answer) else ""
        return SessionLost(f"the session was replaced by an empty one{unused(idle)}{says}{so}")

    def check_losses(self, losses: int) -> None:
        """Raises NotRun if state was lost since there were so many losses: whoever entered the
        snippet did not know that.
        """
        if losses != self.losses:
            raise NotRun(LOST_BEFORE)

    def report(self) -> str:
        """Returns the sentences about what was lost and about %replay."""
        self.is_unreported = False
        return self.journal.words()

    def _is_other(self, execution: Execution) -> bool:
        """Returns whether the service reports another session than before (REC-NODE-2411,
        DOC-HDR).
        """
        is_other = bool(execution.guid and self._guid and execution.guid != self._guid)
        return is_other or (execution.is_allocated and self._has_run)

    def _lose(self) -> None:
        self.losses += not self.journal.is_untouched
        self.journal.lose()
        self.is_unreported = bool(self.journal.lost)
        self._forget()

    def _forget(self) -> None:
        self.generation += 1
        self.numbers.clear()
        self.names, self.node, self.memory = (), "", None
        self._guid, self._has_run = "", False

    def _number(self, snippet: Snippet) -> None:
        if snippet.number is not None and snippet.has_value:
            self.numbers[snippet.code] = snippet.number


def unused(idle: float | None) -> str:
    """Returns the words for the time without a call; empty for less than a second."""
    return f" after {span(idle)} without a call" if idle is not None and idle >= 1 else ""
