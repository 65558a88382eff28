"""A line -> outcomes: a magic runs here, a snippet in the session. The one way that the prompt and scripts share."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.backend import Backend
from noderepl.magics import Context, Preferences, is_magic, run_magic
from noderepl.outcome import Execution, Outcome
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.client.session import Session


class Dispatcher:
    """Runs lines one after the other in the session of a backend.

    settings: where the preferences start. progress: told of long transfers. entries: what was typed before. edit: opens
    an editor on a text. themes: the themes there are, name to summary. `.preferences` is what magics change;
    `.last_milliseconds` how long the last snippet took, None before the first.
    """

    def __init__(
        self,
        backend: Backend,
        settings: Settings,
        *,
        progress: Callable[[str, int, int | None], None],
        entries: Callable[[], Sequence[str]],
        edit: Callable[[str], Awaitable[str]],
        themes: Callable[[], Mapping[str, str]],
    ) -> None:
        self._backend = backend
        self.preferences = Preferences(settings.timeout, settings.input, settings.theme)
        self.snippets: list[str] = []
        self.last_milliseconds: int | None = None
        self._context = Context(
            session=backend.session,
            use_session=backend.use,
            preferences=self.preferences,
            run=self.run_snippet,
            execute=self._execute,
            entries=entries,
            snippets=self.snippets,
            progress=progress,
            edit=edit,
            themes=themes,
            environ=os.environ,
            directory=Path.cwd(),
        )

    async def run_line(self, line: str) -> Sequence[Outcome]:
        """Runs what was typed: a magic or a snippet. Returns what is to be shown. Raises NodeReplError."""
        if is_magic(line):
            return await run_magic(line, self._context)
        return [await self.run_snippet(line)] if line.strip() else []

    async def run_snippet(self, code: str) -> Execution:
        """Runs one snippet as one request. Returns how it ended. Raises ServiceError."""
        self.snippets.append(code)
        execution = await self._execute(code)
        self.last_milliseconds = execution.milliseconds
        return execution

    async def _execute(self, code: str) -> Execution:
        session: Session = await self._backend.session()
        return await session.execute(
            code, input_type=self.preferences.input_type, timeout=self.preferences.timeout
        )
