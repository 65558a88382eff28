"""A line -> outcomes: a magic runs here, a snippet in the session. The one way that the prompt and scripts share."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from noderepl.backend import Backend
from noderepl.errors import LocalFileError, NodeReplError, ServiceError, SessionLost, SessionReplaced
from noderepl.javascript.npm_lines import NpmLines, npm_lines
from noderepl.journal import Event, Journal, Snippet
from noderepl.kept import KEEP
from noderepl.lifetime import Lifetime, span
from noderepl.magics import Context, Preferences, is_magic, run_magic
from noderepl.outcome import Execution, Failure, Outcome, Prefill, Status, UseTheme, Words
from noderepl.settings import Settings, state_directory
from noderepl.snippets import Snippets
from noderepl.terminal.console import Console
from noderepl.terminal.themes import load_theme, shipped_directory, theme_summaries

if TYPE_CHECKING:
    from noderepl.client.session import Session

ENDED = "What you gave up on has come to its end."
Result = TypeVar("Result")


def theme_directories(settings: Settings) -> Sequence[Path]:
    """Where themes are: the user's own directory, which wins, and the shipped one."""
    return (settings.directory / "themes", shipped_directory())


def sessions_directory() -> Path | None:
    """Where sessions are written down that can be resumed; None for a user without a home."""
    place = state_directory()
    return None if place is None else place / "sessions"


def open_console(settings: Settings) -> Console:
    """The console of this process, in the colours that are configured. Raises ConfigError for a bad theme."""
    with settings.blame("theme"):
        theme = load_theme(settings.theme, theme_directories(settings))
    return Console(sys.stdout, sys.stderr, theme=theme, color=settings.color, environ=os.environ)


class Dispatcher:
    """Runs lines one after the other in the session of a backend.

    settings: where the preferences start. console: told of long transfers. entries: what was typed before. edit: opens
    an editor on a text. show: told of what is to be shown before, or after, the outcome of a line. `.preferences` is
    what magics change; `.snippets` what has run; `.last` what came of the last; `.session()` gives the open session;
    `.runner` is what runs snippets.
    """

    def __init__(
        self,
        backend: Backend,
        settings: Settings,
        console: Console,
        *,
        entries: Callable[[], Sequence[str]],
        edit: Callable[[str], Awaitable[str]],
        show: Callable[[Outcome], None] | None = None,
    ) -> None:
        self._backend = backend
        self._console = console
        self._themes = theme_directories(settings)
        self.preferences = Preferences(settings.timeout, settings.input, settings.theme, settings.mode, settings.ts)
        self.snippets: list[str] = []
        self.last: Execution | None = None
        self._numbers: dict[str, int] = {}
        self._untold = False
        self.session = backend.session
        owned = backend.owned
        self.journal = Journal(owned.write_down, is_whole=backend.identifier in owned.made)
        if owned.resumed:
            self._recall(owned.resumed.events)
        self.runner = Snippets(
            backend,
            self.preferences,
            console.value_columns,
            show=show,
            late=self._late,
            expects_prelude=self.journal.is_ready,
        )
        self._show = show
        self.lifetime = Lifetime(backend.session, lambda: backend.idle, cooldown=backend.cooldown)
        self._context = Context(
            session=backend.session,
            use_session=self._use,
            made=owned.made,
            end=owned.end,
            keep=owned.keep,
            is_embedded=settings.endpoint is None,
            lifetime=self.lifetime,
            journal=self.journal,
            preferences=self.preferences,
            run=self.run_snippet,
            rerun=self._run,
            whole=self.runner.whole,
            last=lambda: self.last,
            numbers=self._numbers,
            execute=self._execute,
            entries=entries,
            snippets=self.snippets,
            progress=console.progress,
            step=console.step,
            edit=edit,
            themes=partial(theme_summaries, self._themes),
            environ=os.environ,
            directory=Path(),
        )

    async def run_line(self, line: str) -> Sequence[Outcome]:
        """Runs what was typed: a magic, a snippet, or lines for npm above one. Returns what is to be shown.

        Raises NodeReplError.
        """
        try:
            outcomes = await self._run_line(line)
        except SessionLost as error:
            return self._lost(error, line)
        if self._untold:
            self._untold = False
            return [*outcomes, Words(self.journal.words(), warning=True)]
        return outcomes

    async def _run_line(self, line: str) -> Sequence[Outcome]:
        if not is_magic(line):
            if (npm := npm_lines(line)).commands:
                return await self._run_npm(npm, line)
            try:
                return [await self.run_snippet(line)] if line.strip() else []
            except SessionLost:
                raise
            except SessionReplaced as error:
                return [Failure(str(error), error.exit_code), *self._losing()]
            except ServiceError as error:
                # What has certainly not run is at the prompt again.
                return [Failure(str(error), error.exit_code), *([] if error.doubt else [Prefill(line)])]
        lines = [part for part in line.splitlines() if part.strip()]
        return await self._run_magics(lines if all(map(is_magic, lines)) else [line])

    async def _run_npm(self, npm: NpmLines, line: str) -> Sequence[Outcome]:
        """Runs lines for npm, then what stands below them; where one fails, that comes back to the prompt instead."""
        outcomes: list[Outcome] = []
        if npm.passed_over:
            flags = " and ".join(npm.passed_over)
            outcomes.append(Words(f"Without {flags}: packages are installed in the session's directory."))
        for command in npm.commands:
            outcomes += await self._attempted(self._run_magic(f"%npm {command}"), line)
            if isinstance(outcomes[-1], Prefill):
                return outcomes
            if _failed(outcomes[-1]):
                return [*outcomes, Prefill(npm.rest)]
        return [*outcomes, *await self._attempted(self.run_line(npm.rest), npm.rest)]

    async def _attempted(self, work: Awaitable[Sequence[Outcome]], line: str) -> Sequence[Outcome]:
        """The outcomes of work, its failure among them, so that what was done before it is told all the same."""
        try:
            return await work
        except SessionLost as error:
            return self._lost(error, line)
        except NodeReplError as error:
            return [Failure(str(error), error.exit_code)]

    async def _run_magics(self, lines: Sequence[str]) -> Sequence[Outcome]:
        """Runs magics up to the first that fails; what was done before it is told all the same."""
        outcomes: list[Outcome] = []
        for number, line in enumerate(lines):
            try:
                outcomes += await self._run_magic(line)
            except SessionLost as error:
                return [*outcomes, *self._lost(error, "\n".join(lines[number:]))]
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

    async def run_snippet(self, code: str, *, waits: bool = False) -> Execution:
        """Runs one snippet as one request. waits: for all that it starts, too.

        Returns how it ended. Raises ServiceError.
        """
        self.snippets.append(code)
        left = self.runner.left
        try:
            return await self._run(code, waits=waits)
        except (ServiceError, asyncio.CancelledError) as error:
            if self.runner.left == left and not getattr(error, "doubt", ""):
                self.snippets.pop()
            raise

    async def _run(self, code: str, number: int | None = None, *, waits: bool = False) -> Execution:
        try:
            execution = await self._in_session(partial(self.runner.run, code, number=number, waits=waits))
        except ServiceError as error:
            if error.doubt:
                # It may have run all the same.
                self.journal.add(Snippet(code, is_ok=False))
            raise
        self._book(code, execution)
        return execution

    def _book(self, code: str, execution: Execution) -> None:
        ended = Snippet(code, execution.number, execution.status is Status.OK, execution.value is not None)
        self._heed(execution, ended)
        self.last = execution
        self._number(ended)

    def _late(self, code: str, aside: bool, came: Execution | NodeReplError) -> None:
        """Takes and tells what came of a snippet that was given up on."""
        outcomes: list[Outcome] = []
        match came:
            case Execution():
                if aside:
                    self._heed(came)
                else:
                    self._book(code, came)
                outcomes = [Words(ENDED, warning=True) if aside and came.status is Status.OK else came]
                if self._untold:
                    self._untold = False
                    outcomes.append(Words(self.journal.words(), warning=True))
            case SessionLost() | SessionReplaced():
                outcomes = [Failure(str(came), came.exit_code), *self._losing()]
            case NodeReplError():
                outcomes = [Failure(str(came), came.exit_code)]
        if self._show is not None:
            for outcome in outcomes:
                self._show(outcome)

    @property
    def resumed(self) -> str | None:
        """What to say of a session that goes on."""
        record = self._backend.owned.resumed
        if record is None:
            return None
        ran = sum(isinstance(entry, Snippet) for entry in self.journal.done)
        snippets = f"{ran} snippet{'s' if ran != 1 else ''}"
        lost = f" {self.journal.words()}" if self.journal.lost else ""
        return f"The session of {span(record.idle)} ago goes on, in which {snippets} ran.{lost}"

    async def warm_up(self) -> None:
        """Opens the session and makes it ready for the first snippet. Raises NodeReplError."""
        try:
            await self._in_session(self.runner.install)
        except SessionLost as error:
            self._lose()
            self._untold = False
            await self.runner.install()
            raise SessionLost(f"{error}. {self.journal.words()}") from error
        finally:
            if self.runner.is_ready:
                self.journal.ready()
            await self.lifetime.learn()

    async def _execute(self, code: str) -> Execution:
        execution = await self._in_session(partial(self.runner.run, code, aside=True))
        self._heed(execution)
        return execution

    async def _use(self, session: Session, is_new: bool) -> None:
        await self._backend.use(session)
        self.runner.leave()
        self.journal.begin(is_whole=is_new)
        self._numbers.clear()

    async def _in_session(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Does work in the session; once more where that was replaced and nobody can miss anything of it."""
        self._backend.owned.write_down()
        try:
            return await work()
        except SessionLost:
            if not self.journal.is_untouched:
                raise
            return await work()

    def _heed(self, execution: Execution, entry: Snippet | None = None) -> None:
        """Writes down what ran, and what was lost by its coming too late or by its end."""
        if execution.replaced:
            self._lose()
        if entry is not None:
            self.journal.add(entry)
        if execution.lost:
            self._lose()

    def _lose(self) -> None:
        self.journal.lose()
        self._numbers.clear()
        self._untold = bool(self.journal.lost)

    def _lost(self, error: SessionLost, line: str) -> Sequence[Outcome]:
        """What is told of a loss; the line that was not run for it comes back to the prompt."""
        return [Failure(str(error), error.exit_code), *self._losing(), Prefill(error.again or line)]

    def _losing(self) -> Sequence[Outcome]:
        """Takes that the session is lost; what is told of that."""
        self._lose()
        self._untold = False
        return [Words(self.journal.words(), warning=True)]

    def _number(self, entry: Snippet) -> None:
        if entry.number is not None and entry.has_value:
            self._numbers[entry.code] = entry.number

    def _recall(self, events: Sequence[Event]) -> None:
        """Goes on with what was written down of the session. Raises LocalFileError where that makes no sense."""
        try:
            self.journal.recall(event for event in events if event != KEEP)
        except ValueError as error:
            raise LocalFileError("what is kept of the session to resume is damaged; start without --resume") from error
        ran = [entry for entry in self.journal.done if isinstance(entry, Snippet)]
        self.snippets += [entry.code for entry in ran]
        for entry in ran:
            self._number(entry)


def _failed(outcome: Outcome) -> bool:
    return isinstance(outcome, Failure) or (isinstance(outcome, Execution) and outcome.status is not Status.OK)
