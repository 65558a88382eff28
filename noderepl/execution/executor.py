"""A snippet -> its Execution: through the prelude, or as typed.

Each snippet is one request; the prelude is part of the first one, or is installed ahead of it.
sessions/state.py decides what each answer means for the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from noderepl.deadlines import within
from noderepl.errors import NodeReplError
from noderepl.execution.analyses import Analyses, Notes
from noderepl.execution.background import Background
from noderepl.execution.delivery import Sending, completed, probe, send_once
from noderepl.execution.lane import Lane, Lanes
from noderepl.execution.previews import Previews
from noderepl.execution.queries import Queries
from noderepl.execution.session_offers import SessionOffers
from noderepl.javascript.prelude_request import Instrument, Options, Request, Table
from noderepl.javascript.program import Program, may_read_input
from noderepl.options import TIMEOUT_RANGE
from noderepl.outcome import Execution, Outcome, Status
from noderepl.preferences import Preferences
from noderepl.sessions.backend import Backend

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.execution.ahead import Ahead

# The prelude ends a snippet before the service does, so that the session's state survives.
MARGIN_SECONDS = 3
NO_PRELUDE = (
    "This session cannot run the prelude (it needs the Node.js inspector). Snippets are sent as "
    "typed: without await, import and redeclarations."
)
Work = asyncio.Task[Execution]


class Executor:
    """Runs snippets in the present session of a backend.

    preferences: the options, read at each snippet. options: returns how its output is shown. show:
    called with output as it arrives; None: output is shown with the answer. room: waits until more
    output can be shown. late: called when an abandoned snippet has finished, with `aside` and its
    outcome. `.left`: the number of abandoned snippets. `.is_interrupted`: whether the user has
    interrupted a snippet of the line. `.ahead`: a snippet that has begun, for which run() was not
    called yet. `.queries`: other requests. `.offers`: what the session offers for completion.
    `.previews`: the values of what is typed.
    """

    def __init__(
        self,
        backend: Backend,
        preferences: Preferences,
        options: Callable[[], Options],
        *,
        show: Callable[[Outcome], None] | None,
        room: Callable[[], Awaitable[None]],
        late: Callable[[bool, Execution | NodeReplError], None],
    ) -> None:
        self._backend = backend
        self._state = backend.state
        self._preferences = preferences
        self._options = options
        self._show = show
        self._room = room
        self._late = late
        self._lanes = Lanes(backend)
        self._work: Work | None = None
        self.ahead: Ahead | None = None
        self._is_stopping = self.is_interrupted = False
        self._background = Background()
        self._notes = Notes()
        self._analyses = Analyses(preferences)
        self.queries = Queries(self._lanes, self._state, preferences, options, lambda: self.is_busy)
        self.offers = SessionOffers(self.queries, lambda: self._state.names)
        self.previews = Previews(self.queries, self._lanes, preferences, self._analyses.prepare)
        self.left = 0

    async def install(self) -> None:
        """Installs the prelude in the session ahead of the first snippet. Raises SessionLost if the
        session has lost its prelude; ServiceError, NotAuthorised.
        """
        from noderepl.execution.installing import install

        with self.queries.preparing():
            await asyncio.to_thread(import_module, "noderepl.javascript.prelude")
            await self._backend.ready()  # meanwhile a snippet of the user may go first
            is_plain = self._preferences.mode == "plain"
            installed = partial(install, self._backend, self._lanes, self._execute)
            await self._lanes.in_session(self._lanes.current if is_plain else installed)

    async def run(
        self,
        code: str,
        *,
        number: int = 0,
        file: str = "",
        program: Program | None = None,
        aside: bool = False,
        table: Table | None = None,
        instrument: Instrument | None = None,
    ) -> Execution:
        """Runs one snippet as one request. After a cancellation the snippet continues, and its
        outcome is passed to `late`.

        number: the number for the snippet, unless another snippet of the session has it; 0 for the
        next. file: the name of its file, for the frames of errors; empty if it was typed. program:
        how it runs as a program. aside: whether it is code of noderepl, without a number and a
        result. table: how its value is shown as a table, None to show it as any other. instrument:
        what measures it. Raises SessionLost and NotRun if the snippet has not run; any
        ServiceError; CancelledError after an interrupt() that its predecessor did not notice.
        """
        how = {"number": number, "file": file, "program": program, "aside": aside}
        how |= {"table": table, "instrument": instrument}
        if (ahead := self.ahead) and ahead.code == code and not any(how.values()):
            self.ahead, work = None, ahead.work
            ahead.show()
        elif self._is_stopping:
            self._is_stopping = False
            raise asyncio.CancelledError
        else:
            work = self._start(code, None, how)
        try:
            execution = await asyncio.shield(work)
            if execution.status is Status.INTERRUPTED:
                self.is_interrupted, self._is_stopping = True, False
            return execution
        except asyncio.CancelledError:
            self._abandon(work, aside)
            raise

    def begin(self, code: str) -> None:
        """Begins to run a snippet, for which run() or leave() follows, unless it had to wait."""
        from noderepl.execution.ahead import AS_TYPED, Ahead

        self.begin_line()
        if self._state.has_prelude and self._preferences.mode != "plain" and not self.is_busy:
            self.ahead = ahead = Ahead(code)
            ahead.work = self._start(code, ahead, AS_TYPED)

    def leave(self) -> None:
        """Abandons a snippet that has begun if run() was not called for it."""
        ahead, self.ahead = self.ahead, None
        if ahead is not None:
            if ahead.is_answered:
                self._background.start(self._finish(ahead.work, aside=False))
            else:
                self._abandon(ahead.work, aside=False)
            ahead.show()

    def _start(self, code: str, ahead: Ahead | None, how: dict[str, Any]) -> Work:
        self.offers.forget()
        self.previews.forget()
        turn = partial(self._turn, code, self._state.losses, ahead, **how)
        self._work = work = asyncio.create_task(self._lanes.in_session(turn))
        return work

    def _abandon(self, work: Work, aside: bool) -> None:
        self._work, lane = None, self._lane
        if lane is not None and work is lane.running and not work.cancelling():
            self.left += 1
            if lane.live is not None:
                lane.live.cut()
            self._background.start(self._finish(work, aside))
        else:
            work.cancel()

    @property
    def _lane(self) -> Lane | None:
        return self._lanes.present

    @property
    def is_busy(self) -> bool:
        """Whether a snippet runs in the session; it may be an abandoned one."""
        return self._lane is not None and self._lane.running is not None

    @property
    def is_sent(self) -> bool:
        """Whether the snippet of the latest run() may have been sent."""
        return self._lane is not None and self._lane.running is self._work

    @property
    def can_interrupt(self) -> bool:
        """Whether the snippet of the latest run() runs and can be interrupted."""
        return self.is_sent and self._lane is not None and self._lane.live is not None

    def drop(self) -> None:
        """Cancels the running snippet, which must not have been sent yet."""
        if self._work is not None:
            self._work.cancel()

    def begin_line(self) -> None:
        """Notes that the snippets of another line follow."""
        self._is_stopping = self.is_interrupted = False

    async def interrupt(self) -> None:
        """Interrupts the running snippet, if possible, and skips what earlier ones have written.
        The next one of the line does not run. Raises ServiceError, NotAuthorised.
        """
        self._is_stopping = True
        self.skip_late()
        if self._lane is not None and self._lane.live is not None:
            await self._lane.live.interrupt()

    async def answer(self, line: str | None) -> None:
        """Sends what the user has typed: see Answers."""
        if self._lane is not None and self._lane.live is not None:
            await self._lane.live.answer(line)

    async def interrupted(self, patience: float, *, with_output: bool = True) -> Execution | None:
        """Interrupts the running snippet and returns its Execution; None after `patience` seconds.
        with_output: whether to read the rest of its output. Raises as run() and interrupt() do.
        """
        if (lane := self._lane) is None or (running := lane.running) is None:
            return None
        if lane.live is not None and not with_output:
            lane.live.skip_output()
        return await within(patience, self._interrupted(running))

    async def _interrupted(self, running: Work) -> Execution:
        await self.interrupt()
        return await asyncio.shield(running)

    def skip_late(self) -> bool:
        """Skips what earlier snippets have written by now. Returns whether there is more."""
        return bool((lane := self._lane) and lane.before and lane.before.skip_late())

    async def close(self) -> None:
        """Cancels all tasks except those that withdraw interrupts, for which it waits."""
        self.offers.forget()
        self.previews.forget()
        if self.ahead is not None:
            self.ahead.work.cancel()
        await self._background.close(self._lane.running if self._lane is not None else None)

    async def output(self, execution: Execution) -> Sequence[Outcome]:
        """Returns the whole output of a snippet as a page, with a note if a part is missing. Raises
        ServiceError, NotAuthorised.
        """
        from noderepl.execution.whole_output import whole_output

        return await whole_output(await self._backend.session(), execution)

    async def _turn(self, code: str, losses: int, ahead: Ahead | None, **how: Any) -> Execution:
        lane, entry = await self._lanes.current(), None if how["aside"] else code
        async with self._lanes.observed(lane, entry, losses=losses):
            try:
                if self._preferences.mode == "plain" or self._state.is_unable:
                    execution, by_prelude = await self._as_typed(lane, code), False
                else:
                    execution, by_prelude = await self._through_prelude(lane, code, ahead, **how)
                is_late = execution.status is Status.TIMEOUT and execution.lost
                has_prelude = await probe(lane.session) if is_late else by_prelude
            finally:
                lane.running = None
            if lane is not self._lanes.present:
                return execution
            return self._state.observe(execution, entry, by_prelude=has_prelude)

    async def _as_typed(self, lane: Lane, code: str) -> Execution:
        lane.running = asyncio.current_task()
        if self._backend.environment and not lane.is_prepared:
            from noderepl.javascript.prelude import environment

            setting = environment(self._backend.environment)
            await self._execute(lane.session, setting, repeatable=True)
        execution = await self._execute(lane.session, code)
        lane.is_prepared = not execution.replaced
        return execution

    async def _through_prelude(
        self, lane: Lane, code: str, ahead: Ahead | None, **how: Any
    ) -> tuple[Execution, bool]:
        """Returns the Execution of a snippet, and whether the prelude has answered."""
        from noderepl.execution.output_stream import OutputStream
        from noderepl.javascript import prelude
        from noderepl.javascript.prelude_answers import Absent

        preferences = self._preferences
        analysis = await self._analyses.of(code, how["program"], how["instrument"])
        most = TIMEOUT_RANGE[1]
        seconds = min(preferences.timeout, most - MARGIN_SECONDS / 2)
        # Until here nothing has been sent: a cancellation ends it all.
        lane.running = asyncio.current_task()
        if lane.before is not None:
            lane.before.stop()
        lane.live = live = OutputStream(
            lane.session,
            self._show,
            self._room,
            lane.before,
            may_ask=may_read_input(code),
            ahead=ahead,
        )
        request = Request(live.id, seconds, **how)
        installation = ""
        if not self._state.has_prelude:
            lane.before, installation = None, prelude.installation(self._backend.environment)
        limit = min(preferences.timeout + MARGIN_SECONDS, most)
        idle = lane.session.idle
        try:
            sent = prelude.snippet(analysis, self._options(), request)
            sending = Sending(sent, live.id, installation, preferences.input_type, limit)
            answer = await live.attend(send_once(lane.session, sending), lane.before)
        except Absent as error:
            if live.interruption.is_requested:
                raise asyncio.CancelledError from error  # it has not run
            if not installation:
                raise self._state.without_prelude(error.answer, idle) from error
            # The request contained the prelude, and the prelude is still missing.
            self._state.is_unable = lane.is_prepared = True
            return self._notes.added(await self._execute(lane.session, code), NO_PRELUDE), False
        finally:
            lane.live = None
            self._background.start(live.interruption.withdraw(), is_lasting=True)
        if isinstance(answer, Execution):
            return answer, False
        if ahead is not None:
            await ahead.answered()
        before = lane.before
        execute = partial(self._execute, lane.session, repeatable=True)
        execution = await completed(lane, live, answer, execute)
        if answer.written is not None and (
            answer.pending or (before is not None and before.is_followed)
        ):
            self._background.start(live.follow_on())
        return self._notes.explained(execution, analysis), True

    async def _finish(self, work: Work, aside: bool) -> None:
        """Reports the outcome of an abandoned snippet."""
        try:
            came: Execution | NodeReplError = await work
        except NodeReplError as error:
            came = error
        self._late(aside, came)

    async def _execute(self, session: Session, code: str, *, repeatable: bool = False) -> Execution:
        preferences = self._preferences
        return await session.execute(
            code,
            input_type=preferences.input_type,
            timeout=preferences.timeout,
            repeatable=repeatable,
        )
