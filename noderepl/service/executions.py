"""The results of executions, by their id: SWAGGER-2410's `GET /executions/ID`.

Answers are stored as long as their session lives. This module runs only asynchronous executions
(executionType Asynchronous: SAMPLES, SWAGGER-2502). It does not depend on HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.errors import ApiError
from noderepl.service.session import Session

KEPT = 100
# Four times what noderepl requests of each stream.
BYTES = 16 * 2**20


@dataclass(slots=True)
class _Execution:
    """answer: the present one, as it is sent: its values would take many times the memory. failure:
    what its work raised. has_ended: the answer is final. size: of the answer when it ended, which
    is not stored if it is longer than BYTES.
    """

    answer: bytes
    work: asyncio.Task[bytes] | None = None
    failure: BaseException | None = None
    has_ended: bool = False
    size: int = 0


class Executions:
    """The executions of a pool's sessions: the latest of each, at most KEPT, and at most BYTES of
    those that ended.

    Of a longer one, only the fact is stored.
    """

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[Session, dict[str, _Execution]] = WeakKeyDictionary()

    def keep(self, session: Session, operation: str, answer: bytes) -> None:
        """Stores the answer of an execution that has ended, under its id."""
        execution = _Execution(answer)
        self._end(self._add(session, operation, execution), operation, execution)

    def start(
        self,
        session: Session,
        operation: str,
        running: bytes,
        work: Coroutine[Any, Any, bytes],
    ) -> None:
        """Starts `work`, which returns an answer, under this id; until then it is `running`."""
        execution = _Execution(running, asyncio.create_task(work))
        known = self._add(session, operation, execution)

        def end(task: asyncio.Task[bytes]) -> None:
            execution.work = None
            if task.cancelled():
                return
            failure = task.exception()
            if failure is None:
                execution.answer = task.result()
            else:
                execution.failure = _without_frames(failure)
            self._end(known, operation, execution)

        assert execution.work is not None
        execution.work.add_done_callback(end)

    def answer(self, session: Session, operation: str) -> bytes:
        """Returns the present answer. Raises ApiError if there is no such execution or its answer
        was not stored, and what the work raised.
        """
        execution = self._of.get(session, {}).get(operation)
        if execution is None:
            raise ApiError(
                404, "ExecutionNotFound", "There is no execution with this id in this session."
            )
        if execution.failure is not None:
            raise _without_frames(execution.failure)
        if execution.size > BYTES:
            message = (
                f"The result of this execution has {execution.size} bytes, and the pool stores at"
                f" most {BYTES}."
            )
            raise ApiError(410, "ExecutionResultTooLarge", message)
        return execution.answer

    def _add(
        self, session: Session, operation: str, execution: _Execution
    ) -> dict[str, _Execution]:
        known = self._of.setdefault(session, {})
        known.pop(operation, None)
        known[operation] = execution
        for old in list(known)[:-KEPT]:
            del known[old]
        return known

    def _end(self, known: dict[str, _Execution], operation: str, ended: _Execution) -> None:
        if known.get(operation) is not ended:  # its id was used again, or it was removed
            return
        ended.has_ended = True
        ended.size = len(ended.answer)
        if ended.size > BYTES:
            ended.answer = b""
        room = BYTES - len(ended.answer)
        for other, execution in reversed(list(known.items())):
            if execution is ended or not execution.has_ended:
                continue
            room -= len(execution.answer)
            if room < 0:
                del known[other]


def _without_frames(error: BaseException) -> BaseException:
    """Returns a copy of an exception without its traceback and its context: their frames use the
    session, which would never be freed.
    """
    copy = type(error).__new__(type(error), *error.args)
    copy.__dict__.update(error.__dict__)
    return copy
