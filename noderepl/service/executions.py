"""Executions that one request starts and others ask for: executionType Asynchronous (SAMPLES, SWAGGER-2502).

Keeps what came of them as long as their session lives; runs nothing itself, knows no HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from noderepl.service.errors import ApiError
from noderepl.service.session import Session

KEPT = 100


@dataclass(frozen=True, slots=True)
class _Execution:
    """running: the answer until the work has its own."""

    running: dict[str, Any]
    work: asyncio.Task[dict[str, Any]]


class Executions:
    """The asynchronous executions of a pool's sessions, the latest KEPT of each."""

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[Session, dict[str, _Execution]] = WeakKeyDictionary()

    def start(self, session: Session, running: dict[str, Any], work: Coroutine[Any, Any, dict[str, Any]]) -> None:
        """Begin `work`, which results in an answer, under the id that the answer `running` has."""
        known = self._of.setdefault(session, {})
        known.pop(running["id"], None)
        known[running["id"]] = execution = _Execution(running, asyncio.create_task(work))
        # Nobody may ask what came of it.
        execution.work.add_done_callback(lambda task: task.cancelled() or task.exception())
        for old in list(known)[:-KEPT]:
            del known[old]

    def answer(self, session: Session | None, operation: str) -> dict[str, Any]:
        """The answer so far. Raises ApiError where there is no such execution, or what the work raised."""
        known = self._of.get(session, {}) if session is not None else {}
        if operation not in known:
            raise ApiError(404, "ExecutionNotFound", "There is no execution with this id in this session.")
        execution = known[operation]
        return execution.work.result() if execution.work.done() else execution.running
