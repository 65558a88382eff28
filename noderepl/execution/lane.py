"""The snippets of a session run one after the other; their failures are observed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import field
from typing import TYPE_CHECKING, TypeVar

from noderepl.errors import ServiceError, SessionLost
from noderepl.execution.delivery import check_files
from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Execution
from noderepl.sessions.backend import Backend

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.execution.output_stream import OutputStream

Result = TypeVar("Result")


@dataclass(eq=False)
class Lane:
    """One session, whose snippets run one after the other.

    running: the task of the snippet that has its turn. live: the output of its request. before: the
    output of the previous request. is_prepared: whether a session without the prelude has the
    variables of its environment.
    """

    session: Session
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    running: asyncio.Task[Execution] | None = None
    live: OutputStream | None = None
    before: OutputStream | None = None
    is_prepared: bool = False


class Lanes:
    """The lane of the present session. `.present`: None before the first use of a session."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._state = backend.state
        self.present: Lane | None = None

    async def current(self) -> Lane:
        """Returns the lane of the present session. Raises as Backend.session() does."""
        session = await self._backend.session()
        if self.present is None or self.present.session is not session:
            self.present = Lane(session)
        return self.present

    async def in_session(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Runs work in the session; runs it again if the session was lost and had no state that
        could be lost. Raises as the work does.
        """
        self._backend.registry.write_down()
        is_untouched = self._state.journal.is_untouched
        try:
            await self._check_files()
            return await work()
        except SessionLost:
            if not is_untouched:
                raise
            return await work()

    @contextlib.asynccontextmanager
    async def observed(
        self,
        lane: Lane,
        code: str | None = None,
        *,
        losses: int | None = None,
        is_exclusive: bool = True,
    ) -> AsyncIterator[None]:
        """Passes failures of the block to the state of the session.

        code: as for SessionState.observe(). losses: of the state when the snippet was entered, None
        for another request. is_exclusive: whether the block waits for its turn. Raises NotRun if
        there was another loss since.
        """
        async with lane.turn if is_exclusive else contextlib.nullcontext():
            try:
                if losses is not None and lane is self.present:
                    self._state.check_losses(losses)
                yield
            except ServiceError as error:
                # Another session may have become the present one meanwhile.
                if lane is self.present:
                    self._state.observe_failure(error, code)
                if isinstance(error, SessionLost):
                    lane.before, lane.is_prepared = None, False
                raise

    async def _check_files(self) -> None:
        """Detects the loss of a session that contains only uploads. Raises SessionLost,
        ServiceError.
        """
        lane = await self.current()
        async with self.observed(lane, is_exclusive=False):
            await check_files(
                lane.session, self._state.journal.files, at_once=self._state.is_unchecked
            )
        self._state.is_unchecked = False
