"""A line -> outcomes: a magic runs here, a snippet in the session. The one way that the prompt and scripts share."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.backend import Backend
from noderepl.errors import NodeReplError, ServiceError
from noderepl.javascript.npm_lines import NpmLines, npm_lines
from noderepl.magics import Context, Preferences, is_magic, run_magic
from noderepl.outcome import Execution, Failure, Outcome, Prefill, Status, UseTheme, Words
from noderepl.settings import Settings
from noderepl.snippets import Snippets
from noderepl.terminal.console import Console
from noderepl.terminal.themes import load_theme, shipped_directory, theme_summaries

if TYPE_CHECKING:
    from noderepl.client.session import Session


def theme_directories(settings: Settings) -> Sequence[Path]:
    """Where themes are: the user's own directory, which wins, and the shipped one."""
    return (settings.directory / "themes", shipped_directory())


def open_console(settings: Settings) -> Console:
    """The console of this process, in the colours that are configured. Raises ConfigError for a bad theme."""
    with settings.blame("theme"):
        theme = load_theme(settings.theme, theme_directories(settings))
    return Console(sys.stdout, sys.stderr, theme=theme, color=settings.color, environ=os.environ)


class Dispatcher:
    """Runs lines one after the other in the session of a backend.

    settings: where the preferences start. console: told of long transfers. entries: what was typed before. edit: opens
    an editor on a text. `.preferences` is what magics change; `.snippets` what has run; `.last` what came of the last;
    `.session()` gives the open session.
    """

    def __init__(
        self,
        backend: Backend,
        settings: Settings,
        console: Console,
        *,
        entries: Callable[[], Sequence[str]],
        edit: Callable[[str], Awaitable[str]],
    ) -> None:
        self._backend = backend
        self._console = console
        self._themes = theme_directories(settings)
        self.preferences = Preferences(settings.timeout, settings.input, settings.theme, settings.mode, settings.ts)
        self.snippets: list[str] = []
        self.last: Execution | None = None
        self._numbers: dict[str, int] = {}
        self._runner = Snippets(backend, self.preferences, console.value_columns)
        self.session = backend.session
        self._context = Context(
            session=backend.session,
            use_session=backend.use,
            made=backend.made,
            preferences=self.preferences,
            run=self.run_snippet,
            whole=self._runner.whole,
            last=lambda: self.last,
            numbers=self._numbers,
            execute=self._execute,
            entries=entries,
            snippets=self.snippets,
            progress=console.progress,
            edit=edit,
            themes=partial(theme_summaries, self._themes),
            environ=os.environ,
            directory=Path(),
        )

    @property
    def is_sending(self) -> bool:
        """Whether the request of a snippet is on its way, or its answer."""
        return self._runner.is_sending

    async def run_line(self, line: str) -> Sequence[Outcome]:
        """Runs what was typed: a magic, a snippet, or lines for npm above one. Returns what is to be shown.

        Raises NodeReplError.
        """
        if not is_magic(line):
            if (npm := npm_lines(line)).commands:
                return await self._run_npm(npm)
            try:
                return [await self.run_snippet(line)] if line.strip() else []
            except ServiceError as error:
                # What has certainly not run is at the prompt again.
                return [Failure(str(error), error.exit_code), *([] if error.doubt else [Prefill(line)])]
        lines = [part for part in line.splitlines() if part.strip()]
        return await self._run_magics(lines if all(map(is_magic, lines)) else [line])

    async def _run_npm(self, npm: NpmLines) -> Sequence[Outcome]:
        """Runs lines for npm, then what stands below them; where one fails, that comes back to the prompt instead."""
        outcomes: list[Outcome] = []
        if npm.passed_over:
            flags = " and ".join(npm.passed_over)
            outcomes.append(Words(f"Without {flags}: packages are installed in the session's directory."))
        for command in npm.commands:
            outcomes += await self._attempted(self._run_magic(f"%npm {command}"))
            if _failed(outcomes[-1]):
                return [*outcomes, Prefill(npm.rest)]
        return [*outcomes, *await self._attempted(self.run_line(npm.rest))]

    async def _attempted(self, work: Awaitable[Sequence[Outcome]]) -> Sequence[Outcome]:
        """The outcomes of work, its failure among them, so that what was done before it is told all the same."""
        try:
            return await work
        except NodeReplError as error:
            return [Failure(str(error), error.exit_code)]

    async def _run_magics(self, lines: Sequence[str]) -> Sequence[Outcome]:
        """Runs magics up to the first that fails; what was done before it is told all the same."""
        outcomes: list[Outcome] = []
        for line in lines:
            try:
                outcomes += await self._run_magic(line)
            except NodeReplError as error:
                if not outcomes:
                    raise
                return [*outcomes, Failure(str(error), error.exit_code)]
        return outcomes

    async def _run_magic(self, line: str) -> Sequence[Outcome]:
        theme = self.preferences.theme
        try:
            outcomes = await run_magic(line, self._context)
            for outcome in outcomes:
                if isinstance(outcome, UseTheme):
                    self._console.set_theme(load_theme(outcome.name, self._themes))
        except NodeReplError:
            self.preferences.theme = theme
            raise
        return outcomes

    async def run_snippet(self, code: str) -> Execution:
        """Runs one snippet as one request. Returns how it ended. Raises ServiceError."""
        self.snippets.append(code)
        self.last = execution = await self._runner.run(code)
        if execution.number is not None and execution.value is not None:
            self._numbers[code] = execution.number
        return execution

    async def warm_up(self) -> None:
        """Opens the session and makes it ready for the first snippet. Raises NodeReplError."""
        await self._runner.install()

    async def _execute(self, code: str) -> Execution:
        session: Session = await self._backend.session()
        return await session.execute(code, input_type=self.preferences.input_type, timeout=self.preferences.timeout)


def _failed(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) or (isinstance(outcome, Execution) and outcome.status is not Status.OK)
