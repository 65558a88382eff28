"""A snippet -> what came of it: through the prelude, or sent as it was typed.

Knows when a session has the prelude, and notices a session that was replaced before anything runs in it. One request
for each snippet; the prelude comes with the first one, or ahead of it while the user still types.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from noderepl.backend import Backend
from noderepl.errors import NodeReplError, SessionLost, SessionReplaced
from noderepl.javascript.hints import hint_for
from noderepl.lifetime import span
from noderepl.magics import Preferences
from noderepl.outcome import Execution, Outcome, Status
from noderepl.recall import Sending, send_once
from noderepl.settings import TIMEOUT_RANGE

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.javascript.prelude import Answer, Options
    from noderepl.javascript.prepare import Prepared
    from noderepl.live import Live

# The prelude ends a snippet itself, so that the session's state survives; the service must not be first.
MARGIN_SECONDS = 3
NOT_RUN = ", so the snippet was not run"
# How long leaving may wait for the session to take a wish back.
CLOSE_SECONDS = 1.0
NO_PRELUDE = (
    "This session cannot run the prelude (it needs Node.js with its inspector), so snippets are sent as they are "
    "typed: without await, import or redeclarations."
)


@dataclass(eq=False)
class _Lane:
    """One session, whose snippets run one after the other.

    is_ready: it has the prelude. is_unable: it cannot have it. running: the snippet whose turn it is. live: its
    request. before: the request before it.
    """

    session: Session
    is_ready: bool = False
    is_unable: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    running: asyncio.Task[Execution] | None = None
    live: Live | None = None
    before: Live | None = None


class Snippets:
    """Runs snippets in the current session of a backend.

    preferences: how; read at each snippet. width: gives the columns that values may take. show: told of output as it
    comes; None where nobody looks. late: told of each snippet that was given up on and has come to its end: the code,
    whether it was aside, and what came of it. expects_prelude: whether the backend's session has the prelude from an
    earlier run, so that one without it was replaced. `.left` counts the snippets that were given up on and went on.
    """

    def __init__(
        self,
        backend: Backend,
        preferences: Preferences,
        width: Callable[[], int],
        *,
        show: Callable[[Outcome], None] | None,
        late: Callable[[str, bool, Execution | NodeReplError], None],
        expects_prelude: bool = False,
    ) -> None:
        self._backend = backend
        self._preferences = preferences
        self._width = width
        self._show = show
        self._late = late
        self._expects_prelude = expects_prelude
        self._lane: _Lane | None = None
        self._work: asyncio.Task[Execution] | None = None
        self._works: set[asyncio.Task[None]] = set()
        self._withdrawing: set[asyncio.Task[None]] = set()
        self._told: set[str] = set()
        self.left = 0

    async def install(self) -> None:
        """Puts the prelude into the session ahead of the first snippet.

        Raises SessionLost where it should have been there and is not; ServiceError, NotAuthorised.
        """
        await asyncio.to_thread(import_module, "noderepl.javascript.prelude")
        lane = await self._current()
        if self._preferences.mode == "plain":
            return
        from noderepl.javascript import prelude

        session, idle = lane.session, lane.session.idle
        async with lane.turn:
            if not lane.is_ready:
                execution = await self._repeatable(session, prelude.installation() + prelude.probe())
                lane.is_ready = execution.status is Status.OK and not prelude.is_absent(execution)
            elif idle is not None and not session.is_asked:
                execution = await self._repeatable(session, prelude.probe())
                if prelude.is_absent(execution):
                    raise _lost(lane, idle, execution.replaced, "")

    async def run(self, code: str, *, number: int | None = None, waits: bool = False, aside: bool = False) -> Execution:
        """Runs one snippet as one request; where this is cancelled the snippet goes on, and what comes of it is shown.

        number: the one that it is to have, if no other of the session has it. waits: for all that it starts, too.
        aside: it is noderepl's own, without a number and a result. Raises SessionLost and NotRun where it has not run;
        any ServiceError.
        """
        self._work = work = asyncio.create_task(self._run(code, number=number or 0, waits=waits, aside=aside))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self._work = None
            if self._lane is not None and work is self._lane.running and not work.cancelling():
                self.left += 1
                self._behind(self._finish(work, code, aside))
            else:
                work.cancel()
            raise

    @property
    def is_busy(self) -> bool:
        """Whether a snippet runs in the session, maybe one that was given up on."""
        return self._lane is not None and self._lane.running is not None

    @property
    def is_ready(self) -> bool:
        """Whether the session has the prelude."""
        return self._lane is not None and self._lane.is_ready

    @property
    def can_interrupt(self) -> bool:
        """Whether the snippet of the latest run() runs, and the session can be asked to end it."""
        lane = self._lane
        return lane is not None and lane.live is not None and lane.running is self._work

    def drop(self) -> None:
        """Gives up on the snippet that runs, which must not have been sent yet."""
        if self._work is not None:
            self._work.cancel()

    def leave(self) -> None:
        """The session is not the current one any more."""
        self._lane = None

    async def interrupt(self) -> None:
        """Asks the session to end the snippet that runs, if it can be asked. Raises ServiceError, NotAuthorised."""
        if self._lane is not None and self._lane.live is not None:
            await self._lane.live.interrupt()

    async def interrupted(self, patience: float) -> Execution | None:
        """Ends the snippet that runs, and waits for what comes of it; None where that takes longer than the patience.

        patience: seconds. Raises as run() and interrupt() do.
        """
        if self._lane is None or (running := self._lane.running) is None:
            return None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.interrupt()
                return await asyncio.shield(running)
        return None

    async def close(self) -> None:
        """Ends all that still goes on behind; only wishes to end a snippet are withdrawn first."""
        running = self._lane.running if self._lane is not None else None
        if running is not None:
            running.cancel()
        for task in self._works - self._withdrawing:
            task.cancel()
        left: list[asyncio.Task[Any]] = [*self._works, *([running] if running else [])]
        try:
            if left:
                await asyncio.wait(left, timeout=CLOSE_SECONDS)
        finally:
            for task in left:
                task.cancel()

    async def whole(self) -> Execution:
        """The last value uncut. Raises as run() does."""
        from noderepl.javascript import prelude

        lane = await self._current()
        idle = lane.session.idle
        execution = await self._repeatable(lane.session, prelude.whole(self._options()))
        try:
            answer = prelude.read(execution)
            return execution if answer is None else answer.execution
        except prelude.Absent as error:
            raise _lost(lane, idle, error.is_told) from error

    async def _current(self) -> _Lane:
        session = await self._backend.session()
        if self._lane is None or self._lane.session is not session:
            self._lane = _Lane(session, is_ready=self._expects_prelude)
            self._expects_prelude = False
        return self._lane

    async def _run(self, code: str, **how: Any) -> Execution:
        lane = await self._current()
        async with lane.turn:
            lane.running = asyncio.current_task()
            try:
                if self._preferences.mode == "plain" or lane.is_unable:
                    return await self._plain(lane.session, code)
                return await self._through_prelude(lane, code, **how)
            finally:
                lane.running = None

    async def _through_prelude(self, lane: _Lane, code: str, **how: Any) -> Execution:
        from noderepl.javascript import prelude
        from noderepl.javascript.prepare import prepare
        from noderepl.live import Live

        preferences, name = self._preferences, prelude.global_name()
        prepared = prepare(code, global_name=name, typescript=preferences.typescript)
        most = TIMEOUT_RANGE[1]
        seconds = min(preferences.timeout, most - MARGIN_SECONDS / 2)
        if lane.before is not None:
            lane.before.stop()
        lane.live = live = Live(lane.session, self._show)
        request = prelude.Request(live.id, seconds, **how)
        sent = prelude.snippet(prepared, self._options(), request)
        is_first = not lane.is_ready
        if is_first:
            lane.before = None
            sent = prelude.installation() + sent
        limit = min(preferences.timeout + MARGIN_SECONDS, most)
        idle = lane.session.idle
        try:
            sending = Sending(sent, live.id, is_first, preferences.input_type, limit)
            answer = await live.attend(send_once(lane.session, sending), lane.before)
        except prelude.Absent as error:
            if not is_first:
                raise _lost(lane, idle, error.is_told) from error
            # It came with the snippet, and is not there all the same.
            lane.is_unable = True
            return self._with_note(await self._plain(lane.session, code), NO_PRELUDE)
        except SessionReplaced:
            lane.is_ready = False
            raise
        finally:
            lane.live = None
            self._withdrawing.add(task := self._behind(live.withdraw()))
            task.add_done_callback(self._withdrawing.discard)
        if isinstance(answer, Execution):
            # It was answered without the prelude, which is gone where the session is.
            lane.is_ready = lane.is_ready and not answer.lost
            return answer
        lane.is_ready = True
        execution = await self._completed(lane, live, answer)
        # Where the prelude was there before, this is its session whatever the service says.
        return self._with_hints(execution if is_first else _not_replaced(execution), prepared)

    async def _completed(self, lane: _Lane, live: Live, answer: Answer) -> Execution:
        """The answer with all of its output, after what the snippet before still wrote."""
        from noderepl.javascript import prelude

        execution, written = answer.execution, answer.written
        if written is None:
            return execution
        if written.pieces == 0 and written.exceeds(execution):
            kept = prelude.read(await self._repeatable(lane.session, prelude.recall(live.id)), live.id)
            written = (kept and kept.written) or written
        goes_on = written.pending
        if lane.before is not None:
            await lane.before.read_until(written.before)
            goes_on = goes_on or lane.before.is_followed
        lane.before = live
        execution = await live.completed(execution, written)
        if goes_on:
            self._behind(live.follow_on())
        return execution

    async def _finish(self, work: asyncio.Task[Execution], code: str, aside: bool) -> None:
        """Tells what comes of a snippet that was given up on."""
        try:
            came: Execution | NodeReplError = await work
        except NodeReplError as error:
            came = error
        self._late(code, aside, came)

    def _behind(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Does work that nobody waits for."""
        task = asyncio.create_task(work)
        self._works.add(task)
        task.add_done_callback(self._works.discard)
        return task

    async def _repeatable(self, session: Session, code: str) -> Execution:
        """Runs code of noderepl's own, for which twice is as good as once."""
        preferences = self._preferences
        return await session.execute(
            code, input_type=preferences.input_type, timeout=preferences.timeout, repeatable=True
        )

    async def _plain(self, session: Session, code: str) -> Execution:
        preferences = self._preferences
        return await session.execute(code, input_type=preferences.input_type, timeout=preferences.timeout)

    def _options(self) -> Options:
        from noderepl.javascript.prelude import Options

        return Options(self._width(), self._preferences.depth)

    def _with_hints(self, execution: Execution, prepared: Prepared) -> Execution:
        """The execution with what helps: what the snippet was changed in, once, and what an error most likely needs."""
        for note in prepared.notes:
            execution = self._with_note(execution, note)
        hint = hint_for(execution.error, prepared)
        return execution if hint is None else replace(execution, notes=(*execution.notes, hint))

    def _with_note(self, execution: Execution, note: str) -> Execution:
        if note in self._told:
            return execution
        self._told.add(note)
        return replace(execution, notes=(*execution.notes, note))


def _not_replaced(answer: Execution) -> Execution:
    from noderepl.client.session import REPLACED

    notes = tuple(note for note in answer.notes if note != REPLACED)
    return replace(answer, replaced=False, notes=notes) if answer.replaced else answer


def _lost(lane: _Lane, idle: float | None, is_told: bool, so: str = NOT_RUN) -> SessionLost:
    """The error for a session without the prelude.

    idle: seconds for which it had not been used. is_told: whether the pool's answer says that it is another.
    """
    lane.is_ready, lane.before = False, None
    when = f" after {span(idle)} without a call" if idle is not None and idle >= 1 else ""
    says = ", as the pool's answer says" if is_told else ""
    return SessionLost(f"the session was replaced by an empty one{when}{says}{so}")
