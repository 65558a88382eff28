"""A line -> outcomes: runs a magic here and a snippet in the session. The prompt and the scripts
share it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noderepl.display import Display
from noderepl.errors import (
    NodeReplError,
    ServiceError,
    SessionLost,
    SessionReplaced,
    SessionUnusable,
)
from noderepl.execution.executor import Executor
from noderepl.execution.output_store import OutputStore
from noderepl.javascript.npm_lines import NpmLines, npm_lines
from noderepl.line_kinds import may_be_magic
from noderepl.outcome import (
    Execution,
    Failure,
    Outcome,
    Prefill,
    Status,
    UseTheme,
    Words,
    is_failure,
)
from noderepl.preferences import Preferences
from noderepl.sessions.backend import Backend
from noderepl.sessions.lifetime import Lifetime
from noderepl.sessions.registry import LEAVING_SECONDS
from noderepl.settings import Settings
from noderepl.startup_file import StartupFile, startup_path
from noderepl.terminal.background import Background
from noderepl.terminal.console import Console
from noderepl.terminal.escapes import plain
from noderepl.threaded import SHORT

if TYPE_CHECKING:
    from noderepl.javascript import questions
    from noderepl.javascript.descriptions import Found
    from noderepl.javascript.offers import Variable
    from noderepl.magics import Context
    from noderepl.spool import Spooled

ENDED = "The abandoned snippet has finished."


class Dispatcher:
    """Runs lines one after the other in the session of a backend; runs snippets for the magics.

    settings: the initial preferences. console: shows the progress of long transfers. entries:
    returns the history. edit: opens an editor on a text. show: called with each outcome that does
    not belong to the current line. room: waits until more should be shown. at_prompt:
    whether output is shown at a prompt, on a terminal. `.preferences`: the
    options that magics change. `.snippets`: the snippets that have run. `.last`: the result of the
    last one. `.executor`: runs the snippets. `.state`: the state of the session.
    """

    def __init__(
        self,
        backend: Backend,
        settings: Settings,
        console: Console,
        *,
        entries: Callable[[], Sequence[str]],
        edit: Callable[..., Awaitable[str]],
        show: Callable[[Outcome], None] | None = None,
        room: Callable[[], Awaitable[None]] | None = None,
        at_prompt: bool = False,
    ) -> None:
        self.backend = backend
        self.state = state = backend.state
        self._show = show
        fold = console.begin_snippet if at_prompt and settings.big_output == "fold" else None
        self._stored = OutputStore(show, fold, is_on=at_prompt)
        self.preferences = Preferences(
            settings.timeout,
            settings.input,
            settings.mode,
            settings.ts,
            tty=settings.tty,
            wants_json=settings.json,
            editing_mode=settings.editing_mode,
            undefined=settings.undefined,
            preview=settings.preview,
            theme=settings.theme,
        )
        self._display = Display(console, settings, self.preferences, at_prompt=at_prompt)
        self.snippets = [snippet.code for snippet in state.snippets]
        self.last: Execution | None = None
        self.executor = Executor(
            backend,
            self.preferences,
            self._display.options,
            show=show and self._stored.show,
            room=room or console.room,
            late=self._late,
        )
        self._startup = StartupFile(
            startup_path(settings, at_prompt=at_prompt),
            self.executor,
            state,
            is_resumed=backend.registry.resumed is not None,
            show=show if show is not None and at_prompt else console.show,
        )
        known: Any = {"cooldown": backend.cooldown, "is_certain": backend.is_embedded}
        self.lifetime = Lifetime(backend.session, lambda: backend.idle, **known)
        self._settings, self._entries, self._edit = settings, entries, edit

    @cached_property
    def _context(self) -> Context:
        from noderepl.magics import Context

        return Context(
            sessions=self.backend,
            state=self.state,
            runner=self,
            screen=self._display.screen(self._entries, self._edit),
            lifetime=self.lifetime,
            preferences=self.preferences,
            environ=os.environ,
            directory=Path(),
            settings=self._settings,
        )

    def begin(self, line: str) -> None:
        """Begins to run a short snippet, for which run_line() follows; nothing is shown before."""
        is_short = line.strip() and len(line) <= SHORT
        is_snippet = is_short and not may_be_magic(line) and not npm_lines(line).commands
        if is_snippet and not self._startup.is_due:
            self.executor.begin(line)

    async def run_line(self, line: str) -> Sequence[Outcome]:
        """Runs one input: magics, a snippet, or npm lines above a snippet. Returns the outcomes to
        show. Raises NodeReplError.
        """
        self.executor.begin_line()
        try:
            outcomes = await self._run_line(line)
        except SessionLost as error:
            return self._failed(error, line)
        return [*outcomes, *self._loss(), *self._stored.trouble()]

    async def _run_line(self, line: str) -> Sequence[Outcome]:
        if may_be_magic(line):
            from noderepl.magics import is_magic

            if is_magic(line):
                lines = [part for part in line.split("\n") if part.strip()]
                return await self._run_magics(lines if all(map(is_magic, lines)) else [line])
        if (npm := npm_lines(line)).commands:
            return await self._run_npm(npm, line)
        try:
            return [await self.run_snippet(line)] if line.strip() else []
        except ServiceError as error:
            return self._failed(error, line)

    async def _run_npm(self, npm: NpmLines, line: str) -> Sequence[Outcome]:
        """Runs the npm lines, then the snippet below them. If an npm line fails, the snippet
        returns to the prompt and does not run.
        """
        outcomes: list[Outcome] = []
        if npm.passed_over:
            flags = " and ".join(npm.passed_over)
            text = f"Without {flags}: packages are installed in the session's directory."
            outcomes.append(Words(text))
        for command in npm.commands:
            outcomes += await self._attempted(self._run_magic(f"%npm {command}"), line)
            if isinstance(outcomes[-1], Prefill):
                return outcomes
            if is_failure(outcomes[-1]):
                return [*outcomes, Prefill(npm.rest)]
        return [*outcomes, *await self._attempted(self.run_line(npm.rest), npm.rest)]

    async def _attempted(self, work: Awaitable[Sequence[Outcome]], line: str) -> Sequence[Outcome]:
        """Returns the outcomes of work, or of its failure, so that the outcomes before it are also
        shown.
        """
        try:
            return await work
        except NodeReplError as error:
            return self._failed(error, line if isinstance(error, SessionLost) else None)

    async def _run_magics(self, lines: Sequence[str]) -> Sequence[Outcome]:
        """Runs magics up to the first that cannot run or is interrupted; returns all outcomes."""
        outcomes: list[Outcome] = []
        for number, line in enumerate(lines):
            try:
                outcomes += await self._run_magic(line)
                if self.executor.is_interrupted:
                    return outcomes
            except SessionLost as error:
                return [*outcomes, *self._failed(error, "\n".join(lines[number:]))]
            except NodeReplError as error:
                if not outcomes:
                    raise
                return [*outcomes, *self._failed(error)]
        return outcomes

    async def _run_magic(self, line: str) -> Sequence[Outcome]:
        from noderepl.magics import run_magic

        outcomes = await run_magic(line, self._context)
        for outcome in outcomes:
            if isinstance(outcome, UseTheme):
                self._display.use_theme(outcome.name)
        return outcomes

    def fit_theme(self, background: Background) -> None:
        """Fits the theme to the background of the terminal. Raises ConfigError."""
        self._display.fit_theme(background)

    async def run_snippet(self, code: str, *, file: str = "", **how: Any) -> Execution:
        """Runs one snippet as one request. file, how: as for Executor.run().

        Returns its Execution. Raises ServiceError.
        """
        self.snippets.append(code)
        left = self.executor.left
        try:
            return await self.rerun(code, file=file, **how)
        except (ServiceError, asyncio.CancelledError) as error:
            if self.executor.left == left and not getattr(error, "doubt", ""):
                self.snippets.pop()
            raise

    async def rerun(
        self, code: str, number: int | None = None, *, file: str = "", **how: Any
    ) -> Execution:
        """Runs a snippet of an earlier run again, as Executor.run() does. Raises ServiceError."""
        before = self.executor.is_interrupted
        await self._startup.run()
        if self.executor.is_interrupted and not before:
            raise asyncio.CancelledError
        run = self.executor.run(code, number=number or 0, file=plain(file), **how)
        self.last = await self._stored.during(run)
        return self.last

    async def has_prelude(self) -> bool:
        """Returns whether the session can run the prelude; installs it. Raises ServiceError."""
        if not self.state.has_prelude or self.backend.idle is None:
            await self.executor.install()
        return self.state.has_prelude

    async def ask(self, instrument: str, request: dict[str, object]) -> str:
        """Returns the report of an instrument that runs no snippet. Raises ServiceError."""
        return await self.executor.queries.ask(instrument, request)

    async def execute(self, code: str) -> Execution:
        """Runs code of noderepl, without a record in the journal. Raises ServiceError."""
        return await self._stored.during(self.executor.run(code, aside=True), is_aside=True)

    def stored(self, number: int | None) -> Spooled | None:
        """Returns the stored output of a snippet: see OutputStore.of()."""
        return self._stored.of(number)

    async def whole(self, number: int = 0, *, is_deep: bool = False) -> Execution:
        """Returns a value without truncation: see Queries. Raises ServiceError."""
        return await self.executor.queries.whole(number, is_deep=is_deep)

    async def variables(self) -> Sequence[Variable] | None:
        """Returns the variables of the session; None if they are not known."""
        return await self.executor.queries.variables()

    async def describe(self, path: questions.Path, specifier: str) -> Found | None:
        """Returns what the session knows of a value, None if it cannot tell. Raises ServiceError,
        UsageError.
        """
        self.executor.queries.check_idle()
        await self.executor.install()
        return await self.executor.queries.describe(path, specifier)

    async def output(self, execution: Execution) -> Sequence[Outcome]:
        """Returns the whole output of a snippet, as a page. Raises ServiceError."""
        return await self.executor.output(execution)

    def _late(self, aside: bool, came: Execution | NodeReplError) -> None:
        """Shows the result of an abandoned snippet."""
        outcomes: Sequence[Outcome]
        if isinstance(came, NodeReplError):
            outcomes = self._failed(came)
        elif aside and came.status is Status.OK:
            outcomes = [Words(ENDED, warning=True)]
        else:
            if not aside:
                self.last = came
                came = self._stored.add(came)
            outcomes = [came, *self._stored.trouble()]
        if self._show is not None:
            for outcome in [*outcomes, *self._loss()]:
                self._show(outcome)

    async def farewell(self) -> str | None:
        """Returns the sentence about a kept session that is left: until when it lives, and how to
        resume it. None if the session is not kept. Takes a bounded time.
        """
        if not (option := self.backend.registry.way_back):
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_SECONDS):
                await self.lifetime.learn()
        return f"The session is kept {self.lifetime.end()}; noderepl {option} resumes it."

    async def close(self) -> None:
        """Ends the background work, and deletes the stored output."""
        self.lifetime.stop_keepalive()
        await self.executor.close()
        self._stored.close()

    async def warm_up(self) -> None:
        """Opens the session and installs the prelude. Raises NodeReplError."""
        try:
            await self.executor.install()
        except SessionLost as error:
            lost = self.state.report()
            await self.executor.install()
            raise SessionLost(f"{error}. {lost}") from error
        finally:
            await self.lifetime.learn()
        await self._startup.run()

    def _failed(self, error: NodeReplError, line: str | None = None) -> Sequence[Outcome]:
        """Returns the outcomes of a failure: the error, the loss of the session if there is one,
        and the line as a Prefill if it has certainly not run.
        """
        outcomes: list[Outcome] = [Failure(str(error), error.exit_code)]
        if isinstance(error, SessionLost | SessionReplaced | SessionUnusable):
            outcomes.append(Words(self.state.report(), warning=True))
        if line is not None and not (isinstance(error, ServiceError) and error.doubt):
            again = error.again if isinstance(error, SessionLost) else None
            outcomes.append(Prefill(again or line))
        return outcomes

    def _loss(self) -> Sequence[Outcome]:
        """Returns the report of a lost session, once for each loss."""
        if not self.state.is_unreported:
            return []
        return [Words(self.state.report(), warning=True)]
