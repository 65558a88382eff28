"""A snippet -> what came of it: through the prelude, or sent as it was typed.

Knows when a session has the prelude, and notices a session that was replaced before anything runs in it. One request
for each snippet; the prelude comes with the first one, or ahead of it while the user still types.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from noderepl.backend import Backend
from noderepl.errors import SessionLost
from noderepl.lifetime import span
from noderepl.magics import Preferences
from noderepl.outcome import Execution, Status
from noderepl.settings import TIMEOUT_RANGE

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.javascript.prelude import Options
    from noderepl.javascript.prepare import Prepared

# The prelude ends a snippet itself, so that the session's state survives; the service must not be first.
MARGIN_SECONDS = 3
NOT_RUN = ", so the snippet was not run"
NO_PRELUDE = (
    "This session cannot run the prelude (it needs Node.js with its inspector), so snippets are sent as they are "
    "typed: without await, import or redeclarations."
)
JSX = "This looks like JSX, which Node.js cannot run: compile it first (with esbuild or TypeScript, for example)."
NOT_FOUND = re.compile(r"Cannot find (?:module|package) '((?:@[\w.-]+/)?[\w.-]+)(?:/[^']*)?'(?: imported from|\n|$)")


class Snippets:
    """Runs snippets in the current session of a backend.

    preferences: how; read at each snippet. width: gives the columns that values may take. expects_prelude: whether the
    backend's session has the prelude from an earlier run, so that one without it was replaced.
    """

    def __init__(
        self, backend: Backend, preferences: Preferences, width: Callable[[], int], *, expects_prelude: bool = False
    ) -> None:
        self._backend = backend
        self._preferences = preferences
        self._width = width
        self._expects_prelude = expects_prelude
        self._ready: Session | None = None
        self._unable: Session | None = None
        self._told: set[str] = set()
        self._turn = asyncio.Lock()

    async def install(self) -> None:
        """Puts the prelude into the session ahead of the first snippet.

        Raises SessionLost where it should have been there and is not; ServiceError, NotAuthorised.
        """
        await asyncio.to_thread(import_module, "noderepl.javascript.prelude")
        session = await self._session()
        if self._preferences.mode == "plain":
            return
        from noderepl.javascript import prelude

        idle = session.idle
        async with self._turn:
            if self._ready is None:
                execution = await session.execute(prelude.installation(), input_type=self._preferences.input_type)
                self._ready = session if execution.status is Status.OK else None
            elif idle is not None and not session.is_asked:
                self._check(await self._plain(session, prelude.probe()), idle, "")

    async def run(self, code: str, number: int | None = None) -> Execution:
        """Runs one snippet as one request.

        number: the one that it is to have, if no other of the session has it. Raises SessionLost where the snippet has
        not run, ServiceError, NotAuthorised.
        """
        session = await self._session()
        if self._preferences.mode == "plain" or session is self._unable:
            return await self._plain(session, code)
        async with self._turn:
            return await self._through_prelude(session, code, number)

    async def aside(self, code: str) -> Execution:
        """Runs an expression that is not the user's, as it is; not in a session that was replaced. Raises as run()."""
        from noderepl.javascript import prelude

        session = await self._session()
        idle = session.idle
        if session is not self._ready:
            return await self._plain(session, code)
        execution = await self._plain(session, prelude.checked(code))
        self._check(execution, idle)
        return execution

    async def whole(self) -> Execution:
        """The last value uncut. Raises as run() does."""
        from noderepl.javascript import prelude

        session = await self._session()
        idle = session.idle
        execution = await self._plain(session, prelude.whole(self._options()))
        self._check(execution, idle)
        return prelude.read(execution) or execution

    async def _session(self) -> Session:
        session = await self._backend.session()
        if self._expects_prelude:
            self._ready, self._expects_prelude = session, False
        return session

    async def _through_prelude(self, session: Session, code: str, number: int | None) -> Execution:
        from noderepl.javascript import prelude
        from noderepl.javascript.prepare import prepare

        preferences, name = self._preferences, prelude.global_name()
        prepared = prepare(code, global_name=name, typescript=preferences.typescript)
        most = TIMEOUT_RANGE[1]
        seconds = min(preferences.timeout, most - MARGIN_SECONDS / 2)
        sent = prelude.snippet(prepared, self._options(), seconds=seconds, number=number)
        is_first = session is not self._ready
        if is_first:
            sent = prelude.installation() + sent
        limit = min(preferences.timeout + MARGIN_SECONDS, most)
        idle = session.idle
        execution = await session.execute(sent, input_type=preferences.input_type, timeout=limit)
        self._check(execution, idle)
        answer = prelude.read(execution)
        # Without an answer the prelude may be gone, as has been told; with the next snippet it comes again.
        self._ready = session if answer is not None else None
        if answer is not None:
            # The prelude was there before: whatever the service says, this is the session that it was put into.
            return self._with_hints(answer if is_first else _not_replaced(answer), prepared)
        if is_first and execution.status is Status.ERROR and not execution.lost:
            self._unable = session
            return self._with_note(await self._plain(session, code), NO_PRELUDE)
        return execution

    def _check(self, execution: Execution, idle: float | None, so: str = NOT_RUN) -> None:
        """Raises SessionLost where nothing has run; idle: seconds for which the session had not been used then."""
        from noderepl.javascript import prelude

        try:
            prelude.check(execution)
        except prelude.Absent as error:
            self._ready = None
            raise SessionLost(_lost(idle, execution) + so) from error

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
        error = execution.error
        if error is not None and error.name == "SyntaxError" and prepared.has_jsx:
            return replace(execution, notes=(*execution.notes, JSX))
        missing = NOT_FOUND.search(error.message) if error is not None else None
        if missing:
            return replace(execution, notes=(*execution.notes, f"%npm install {missing[1]} brings that package."))
        return execution

    def _with_note(self, execution: Execution, note: str) -> Execution:
        if note in self._told:
            return execution
        self._told.add(note)
        return replace(execution, notes=(*execution.notes, note))


def _lost(idle: float | None, execution: Execution) -> str:
    when = f" after {span(idle)} without a call" if idle is not None and idle >= 1 else ""
    says = ", as the pool's answer says" if execution.replaced else ""
    return f"the session was replaced by an empty one{when}{says}"


def _not_replaced(answer: Execution) -> Execution:
    from noderepl.client.session import REPLACED

    notes = tuple(note for note in answer.notes if note != REPLACED)
    return replace(answer, replaced=False, notes=notes) if answer.replaced else answer
