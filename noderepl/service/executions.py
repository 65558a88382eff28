"""What came of executions, for who asks by their id: SWAGGER-2410's `GET /executions/ID`.

Keeps answers as long as their session lives; runs only what is to go on without its request (executionType
Asynchronous: SAMPLES, SWAGGER-2502). Knows no HTTP.
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
# As many as the project's client asks for of each stream.
CHARACTERS = 16 * 2**20


@dataclass(slots=True)
class _Execution:
    """answer: so far. failure: what its work raised instead. size: its characters, 0 until it has ended."""

    answer: dict[str, Any]
    work: asyncio.Task[dict[str, Any]] | None = None
    failure: BaseException | None = None
    size: int = 0


class Executions:
    """The executions of a pool's sessions: of each the latest, KEPT at most, CHARACTERS at most of those that ended.

    The one that has ended last is kept however long it is.
    """

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[Session, dict[str, _Execution]] = WeakKeyDictionary()

    def keep(self, session: Session, answer: dict[str, Any]) -> None:
        """Keep the answer of an execution that has ended, under its id."""
        execution = _Execution(answer)
        self._end(self._add(session, execution), execution)

    def start(self, session: Session, running: dict[str, Any], work: Coroutine[Any, Any, dict[str, Any]]) -> None:
        """Begin `work`, which results in an answer, under the id that the answer `running` has."""
        execution = _Execution(running, asyncio.create_task(work))
        known = self._add(session, execution)

        def end(task: asyncio.Task[dict[str, Any]]) -> None:
            if task.cancelled():
                return
            execution.failure = task.exception()
            execution.answer = running if execution.failure else task.result()
            execution.work = None
            self._end(known, execution)

        assert execution.work is not None
        execution.work.add_done_callback(end)

    def answer(self, session: Session, operation: str) -> dict[str, Any]:
        """The answer so far. Raises ApiError where there is no such execution, or what the work raised."""
        execution = self._of.get(session, {}).get(operation)
        if execution is None:
            raise ApiError(404, "ExecutionNotFound", "There is no execution with this id in this session.")
        if execution.failure is not None:
            raise execution.failure
        return execution.answer

    def _add(self, session: Session, execution: _Execution) -> dict[str, _Execution]:
        known = self._of.setdefault(session, {})
        known.pop(execution.answer["id"], None)
        known[execution.answer["id"]] = execution
        for old in list(known)[:-KEPT]:
            del known[old]
        return known

    def _end(self, known: dict[str, _Execution], ended: _Execution) -> None:
        if known.get(ended.answer["id"]) is not ended:  # its id was used again, or it was one too many
            return
        ended.size = _size(ended.answer)
        room = CHARACTERS - ended.size
        for operation, execution in reversed(list(known.items())):
            if execution is ended:
                continue
            room -= execution.size
            if execution.size and room < 0:
                del known[operation]


def _size(answer: object) -> int:
    """The characters in an answer's texts, and one for each of its other parts."""
    size, parts = 0, [answer]
    while parts:
        part = parts.pop()
        size += len(part) if isinstance(part, str) else 1
        parts += part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return size
