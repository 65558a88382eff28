"""Requests that run no snippet and change nothing in the session: the last value, and what
completion offers.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from noderepl.errors import MalformedAnswer, NotAuthorised, ServiceError, UsageError
from noderepl.execution.delivery import UNREAD, answer_in
from noderepl.execution.lane import Lanes
from noderepl.javascript.prelude_request import Options
from noderepl.outcome import Execution
from noderepl.preferences import Preferences
from noderepl.sessions.state import SessionState

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.javascript.descriptions import Found
    from noderepl.javascript.offers import Variable
    from noderepl.javascript.preview_tree import Expression
    from noderepl.javascript.questions import Path

Offers = Sequence[tuple[str, str]]


class Queries:
    """The requests of one executor.

    options: returns how values are shown. is_busy: returns whether a snippet runs.
    """

    def __init__(
        self,
        lanes: Lanes,
        state: SessionState,
        preferences: Preferences,
        options: Callable[[], Options],
        is_busy: Callable[[], bool],
    ) -> None:
        self._lanes = lanes
        self._state = state
        self._preferences = preferences
        self._options = options
        self._is_busy = is_busy
        self._prepared = asyncio.Event()
        self._prepared.set()

    @property
    def is_ready(self) -> bool:
        """Whether the session has the prelude, which answers these requests."""
        return self._state.has_prelude and self._preferences.mode != "plain"

    @contextlib.contextmanager
    def preparing(self) -> Iterator[None]:
        """During the block, the session is opened and gets the prelude."""
        self._prepared.clear()
        try:
            with _without_doubt():
                yield
        finally:
            self._prepared.set()

    async def prepared(self) -> None:
        """Waits for the end of preparing(), whether or not it succeeds."""
        await self._prepared.wait()

    async def whole(self, number: int = 0, *, is_deep: bool = False) -> Execution:
        """Returns the value of a snippet without truncation; its error is NoResult if it has none.

        number: 0 for the last value. is_deep: whether to any depth, instead of the one of values
        at the prompt. Raises as Executor.run() does.
        """
        return await self._lanes.in_session(partial(self._whole, number, is_deep))

    async def _whole(self, number: int, is_deep: bool) -> Execution:
        from noderepl.javascript.prelude import whole
        from noderepl.javascript.prelude_answers import Absent, NoAnswer

        lane = await self._lanes.current()
        idle = lane.session.idle
        async with self._lanes.observed(lane, is_exclusive=False):
            options = self._options()
            code = whole(replace(options, depth=None) if is_deep else options, number)
            execution = await self._ask(lane.session, code, self._preferences.timeout)
            try:
                answer = await answer_in(execution)
            except Absent as error:
                raise self._state.without_prelude(error.answer, idle) from error
            except NoAnswer:
                answer = None
            if answer is None:
                raise _unread(execution)
            return answer.execution

    async def ask(self, instrument: str, request: dict[str, object]) -> str:
        """Returns the report of an instrument that runs no snippet, as JSON. request: its
        arguments. Raises as Executor.run() does.
        """
        return await self._lanes.in_session(partial(self._report, instrument, request))

    async def _report(self, instrument: str, request: dict[str, object]) -> str:
        from noderepl.javascript.instruments import question, read_report
        from noderepl.javascript.prelude_answers import is_absent

        lane = await self._lanes.current()
        idle = lane.session.idle
        async with self._lanes.observed(lane):
            code = question(instrument, request)
            execution = await self._ask(lane.session, code, self._preferences.timeout)
            if is_absent(execution):
                raise self._state.without_prelude(execution, idle, "")
            if (report := read_report(execution)) is None:
                raise _unread(execution)
            return report

    def check_idle(self) -> None:
        """Raises UsageError while a snippet runs: the session answers nothing before its end."""
        if self._is_busy():
            raise UsageError("a snippet is still running; ask again when it has ended")

    async def describe(self, path: Path, specifier: str) -> Found | None:
        """Returns what the session knows of a value; None if it has no prelude. specifier: of the
        module that the first name comes from, or "". Raises as whole() does.
        """
        if not self._state.has_prelude:
            return None
        return await self._lanes.in_session(partial(self._describe, path, specifier))

    async def _describe(self, path: Path, specifier: str) -> Found | None:
        from noderepl.javascript.descriptions import describe, read_description
        from noderepl.javascript.prelude_answers import is_absent

        lane = await self._lanes.current()
        idle = lane.session.idle
        async with self._lanes.observed(lane, is_exclusive=False):
            code = describe(path, specifier)
            execution = await self._ask(lane.session, code, self._preferences.timeout)
            if is_absent(execution):
                raise self._state.without_prelude(execution, idle)
            if (found := read_description(execution)) is None:
                raise _unread(execution)
            return found

    async def members(self, expression: str, *, is_own: bool = False) -> Offers:
        """Returns the members of an expression's value and their types; none if a snippet runs, if
        the evaluation would have a side effect, or if the session does not answer.

        is_own: whether those of its prototypes are omitted.
        """
        from noderepl.javascript.offers import members, read_offers

        answer = await self._answer(members(expression, is_own=is_own))
        return () if answer is None else read_offers(answer)

    async def exports(self, module: str) -> Offers:
        """Returns the exports of a module and their types; none if it is neither built in nor
        loaded. module: the specifier.
        """
        from noderepl.javascript.offers import exports, read_offers

        answer = await self._answer(exports(module))
        return () if answer is None else read_offers(answer)

    async def packages(self, name: str) -> Offers:
        """Returns the packages that can be imported and their versions; with the name of one, its
        exports.
        """
        from noderepl.javascript.offers import packages, read_offers

        answer = await self._answer(packages(name))
        return () if answer is None else read_offers(answer)

    async def variables(self) -> Sequence[Variable] | None:
        """Returns the session's variables; None if they are not known: a snippet runs, the session
        lacks the prelude, or it does not answer. Raises as Backend.session() does.
        """
        from noderepl.javascript.offers import read_variables, variables

        if self._state.journal.is_untouched and not self._state.names:
            return ()
        await self._lanes.current()
        answer = await self._answer(variables())
        return None if answer is None else read_variables(answer)

    async def preview(self, expression: Expression) -> str | None:
        """Returns an expression's value on one line, "" if its evaluation might have an effect;
        None if a snippet runs or the session does not answer.
        """
        from noderepl.javascript.offers import preview, read_preview

        answer = await self._answer(preview(expression))
        return None if answer is None else read_preview(answer)

    async def _answer(self, code: str) -> Execution | None:
        lane = self._lanes.present
        if lane is None or not self.is_ready or self._is_busy():
            return None
        try:
            # The service ends a session whose code takes longer, as a callback of a snippet may.
            return await self._ask(lane.session, code, self._preferences.timeout)
        except (ServiceError, NotAuthorised):
            return None  # the next snippet reports it

    async def _ask(self, session: Session, code: str, seconds: int) -> Execution:
        with _without_doubt():
            return await session.execute(
                code, input_type=self._preferences.input_type, timeout=seconds, repeatable=True
            )


@contextlib.contextmanager
def _without_doubt() -> Iterator[None]:
    """Removes from a failure of the block that a snippet may have run: it runs none of the user."""
    try:
        yield
    except ServiceError as error:
        error.clear_doubt()
        raise


def _unread(execution: Execution) -> MalformedAnswer:
    """Returns the error for an answer without what was asked for: the session may have ended."""
    ended = execution.error if execution.lost else None
    return MalformedAnswer(UNREAD if ended is None else ended.message)
