"""A snippet -> what came of it: through the prelude, or sent as it was typed.

Knows when a session has the prelude, and notices a session that was replaced before anything runs in it. One request
for each snippet; the prelude comes with the first one, or ahead of it while the user still types.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from noderepl.backend import Backend
from noderepl.errors import ServiceError, SessionLost
from noderepl.magics import Preferences
from noderepl.outcome import Execution, Status
from noderepl.recall import Sending, send_once
from noderepl.settings import TIMEOUT_RANGE

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.javascript.prelude import Options
    from noderepl.javascript.prepare import Prepared

# The prelude ends a snippet itself, so that the session's state survives; the service must not be first.
MARGIN_SECONDS = 3
LOST = (
    "The session was replaced by an empty one: earlier variables are gone, and packages and files may be. The snippet "
    "was not run; run it again to run it in the new session."
)
NO_PRELUDE = (
    "This session cannot run the prelude (it needs Node.js with its inspector), so snippets are sent as they are "
    "typed: without await, import or redeclarations."
)
JSX = "This looks like JSX, which Node.js cannot run: compile it first (with esbuild or TypeScript, for example)."
NOT_FOUND = re.compile(r"Cannot find (?:module|package) '((?:@[\w.-]+/)?[\w.-]+)(?:/[^']*)?'(?: imported from|\n|$)")


class Snippets:
    """Runs snippets in the current session of a backend.

    preferences: how; read at each snippet. width: gives the columns that values may take. `.is_sending` is whether the
    request of a snippet is on its way, or its answer.
    """

    def __init__(self, backend: Backend, preferences: Preferences, width: Callable[[], int]) -> None:
        self._backend = backend
        self._preferences = preferences
        self._width = width
        self._ready: Session | None = None
        self._unable: Session | None = None
        self._told: set[str] = set()
        self._turn = asyncio.Lock()
        self.is_sending = False

    async def install(self) -> None:
        """Puts the prelude into the session ahead of the first snippet. Raises ServiceError, NotAuthorised."""
        await asyncio.to_thread(import_module, "noderepl.javascript.prelude")
        session = await self._backend.session()
        if self._preferences.mode == "plain":
            return
        from noderepl.javascript import prelude

        async with self._turn:
            if self._ready is None:
                code, input_type = prelude.installation() + prelude.presence(), self._preferences.input_type
                execution = await session.execute(code, input_type=input_type, repeatable=True)
                is_there = execution.status is Status.OK and not prelude.is_absent(execution)
                self._ready = session if is_there else None

    async def run(self, code: str) -> Execution:
        """Runs one snippet as one request. Raises SessionLost and NotRun where it has not run; any ServiceError."""
        session = await self._backend.session()
        try:
            if self._preferences.mode == "plain" or session is self._unable:
                self.is_sending = True
                return await self._plain(session, code)
            async with self._turn:
                self.is_sending = True
                return await self._through_prelude(session, code)
        finally:
            self.is_sending = False

    async def whole(self) -> Execution:
        """The last value uncut. Raises as run() does."""
        from noderepl.javascript import prelude

        session, preferences = await self._backend.session(), self._preferences
        code, input_type, timeout = prelude.whole(self._options()), preferences.input_type, preferences.timeout
        execution = await session.execute(code, input_type=input_type, timeout=timeout, repeatable=True)
        try:
            return prelude.read(execution) or execution
        except prelude.Absent as error:
            self._ready = None
            raise SessionLost(LOST) from error

    async def _through_prelude(self, session: Session, code: str) -> Execution:
        from noderepl.javascript import prelude
        from noderepl.javascript.prepare import prepare

        preferences, name = self._preferences, prelude.global_name()
        prepared = prepare(code, global_name=name, typescript=preferences.typescript)
        most = TIMEOUT_RANGE[1]
        seconds = min(preferences.timeout, most - MARGIN_SECONDS / 2)
        run = secrets.token_hex(8)
        sent = prelude.snippet(prepared, self._options(), seconds=seconds, run=run)
        is_first = session is not self._ready
        if is_first:
            sent = prelude.installation() + sent
        limit = min(preferences.timeout + MARGIN_SECONDS, most)
        try:
            execution = await send_once(session, Sending(sent, run, is_first, preferences.input_type, limit))
        except prelude.Absent as error:
            self._ready = None
            if not is_first:
                raise SessionLost(LOST) from error
            # It came with the snippet, and is not there all the same.
            self._unable = session
            return self._with_note(await self._plain(session, code), NO_PRELUDE)
        except ServiceError as error:
            self._ready = None if error.doubt else self._ready
            raise
        # Without the prelude's answer it may be gone, as has been told; with the next snippet it comes again.
        self._ready = session if execution.number is not None else None
        return execution if self._ready is None else self._with_hints(execution, prepared)

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
