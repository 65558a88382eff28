"""What each answer and each failure means for the session: losses, the journal, the prelude and the numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from noderepl.errors import ConnectionLost, NotRun, ServiceError, SessionLost, SessionReplaced
from noderepl.outcome import Execution, Status, Thrown, Value
from noderepl.sessions.journal import Event, Journal
from noderepl.sessions.state import REPLACED, SessionState

EARLIER = Execution(Status.OK, value=Value("1", 1), number=1, guid="a")
NOW = Execution(Status.OK, value=Value("2", 2), number=2, guid="a")


def opened(*, by_prelude: bool) -> tuple[SessionState, list[Event]]:
    """The state of a session in which one snippet ran, and the events written from then on."""
    events: list[Event] = []
    state = SessionState(Journal(events.append))
    # Without the prelude a snippet has no number.
    earlier = EARLIER if by_prelude else named(EARLIER, number=None)
    state.observe(earlier, "var x = 1", by_prelude=by_prelude)
    events.clear()
    return state, events


def named(execution: Execution, **fields: Any) -> Execution:
    """The execution with other fields."""
    return replace(execution, **fields)


@pytest.mark.parametrize(
    ("answer", "had_prelude", "by_prelude", "replaced", "lost"),
    [
        (NOW, True, True, False, False),
        (NOW, False, False, False, False),
        (named(NOW, guid=""), False, False, False, False),
        (named(NOW, guid="b"), False, False, True, False),
        (named(NOW, is_allocated=True), False, False, True, False),
        (named(NOW, guid="b"), False, True, True, False),
        # Its own prelude has answered: it is the same session, whatever the service says.
        (named(NOW, guid="b", is_allocated=True), True, True, False, False),
        (named(NOW, lost=True), True, False, False, True),
        (named(NOW, lost=True), False, False, False, True),
        (named(NOW, lost=True, guid="b"), True, False, True, True),
        # A snippet may throw an error of any name.
        (named(NOW, error=Thrown("SessionProcessExited", "")), True, True, False, False),
    ],
)  # fmt: skip
def test_what_an_answer_means(
    answer: Execution, had_prelude: bool, by_prelude: bool, replaced: bool, lost: bool
) -> None:
    """A loss before the snippet, one with it, both or none; the journal and the numbers follow."""
    state, events = opened(by_prelude=had_prelude)
    answer = named(answer, number=2 if by_prelude else None)
    found = state.observe(answer, "x + 1", by_prelude=by_prelude)
    assert (found.replaced, found.lost) == (replaced, lost)
    assert (REPLACED in found.notes) == replaced
    kinds = [event["event"] for event in events]
    assert [kind for kind in kinds if kind != "ready"] == [
        *(["lose"] if replaced else []),
        "snippet",
        *(["lose"] if lost else []),
    ]
    assert state.is_unreported == (replaced or lost)
    assert state.has_prelude == (not lost and (by_prelude or (had_prelude and not replaced)))
    assert ("var x = 1" in state.numbers) == (had_prelude and not replaced and not lost)
    assert ("x + 1" in state.numbers) == (by_prelude and not lost)
    assert ("Lost: variable x." in state.report()) == (replaced or lost)
    assert not state.is_unreported


@pytest.mark.parametrize(
    ("error", "lost", "noted"),
    [
        (SessionLost("replaced"), True, False),
        (SessionReplaced("lost", doubt="; the session was replaced"), True, False),
        (ConnectionLost("broken", doubt="; the snippet may have run"), False, True),
        (ConnectionLost("refused"), False, False),
        (NotRun("lost; the snippet was not run"), False, False),
        (ServiceError("503"), False, False),
    ],
)
def test_what_a_failure_means(error: ServiceError, lost: bool, noted: bool) -> None:
    """Some failures are a loss; what may have run is in the journal, as not successful."""
    state, _ = opened(by_prelude=True)
    state.observe_failure(error, "y = 2")
    assert state.is_unreported == lost
    assert state.has_prelude == (not lost)
    assert [str(snippet) for snippet in state.snippets] == (
        [] if lost else ["var x = 1", *(["y = 2"] if noted else [])]
    )
    assert [snippet.is_ok for snippet in state.snippets] == [True, False][: len(state.snippets)]


def test_nothing_can_be_missed_of_a_session_that_did_nothing() -> None:
    """A request that never reached the service makes the next allocation no loss."""
    state = SessionState(Journal())
    state.observe_failure(ConnectionLost("refused"), "1")
    found = state.observe(named(NOW, is_allocated=True), "1", by_prelude=True)
    assert not found.replaced


def test_another_session_begins_afresh() -> None:
    """Numbers, prelude, guid and what was lost are those of the present session alone."""
    state, _ = opened(by_prelude=True)
    state.observe_failure(SessionLost("replaced"))
    state.is_unable = True
    state.begin(is_whole=True)
    assert (state.numbers, state.has_prelude, state.is_unable) == ({}, False, False)
    assert not state.is_unreported
    assert not state.observe(named(NOW, guid="b", is_allocated=True), "1", by_prelude=True).replaced
