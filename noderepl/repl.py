"""The interactive loop: reads a line, runs it, and shows its outcomes, until Ctrl-D."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import termios
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from noderepl.banner import banner, notices
from noderepl.dispatcher import Dispatcher
from noderepl.display import open_console
from noderepl.errors import ExitCode, NodeReplError
from noderepl.failures import MOST_FAILURES, Failures, must_propagate
from noderepl.foreground import Foreground
from noderepl.internal_error import Fallbacks, supervised
from noderepl.late_output import LateOutput
from noderepl.magics import MAGICS, NODE_COMMANDS, is_magic, without_identifier
from noderepl.outcome import (
    ClearScreen,
    EditorMode,
    Failure,
    Leave,
    Outcome,
    Prefill,
    UseTheme,
)
from noderepl.sessions.backend import Backend
from noderepl.settings import Settings, state_directory
from noderepl.suspension import Suspension
from noderepl.terminal.background import Background
from noderepl.terminal.console import Console
from noderepl.terminal.early_prompt import EarlyPrompt
from noderepl.terminal.hangup import is_hung_up, is_there
from noderepl.terminal.streams import use_colour
from noderepl.terminal.themes import theme_directories, theme_names
from noderepl.theme_fitting import ThemeFitting
from noderepl.toolbar import session_parts, toolbar
from noderepl.user_programs import UserPrograms

if TYPE_CHECKING:
    from noderepl.terminal.completion import SnippetCompleter

REMOTE_NAMES_SECONDS = 10.0
# The first prompt waits so long for the trial of the sandbox.
TRIAL_SECONDS = 1.0
# A trial of each bubblewrap ends in less time than this.
MOST_TRIAL_SECONDS = 60.0
# Seconds in which a slow terminal may accept the rest: at exit, after a signal.
LEAVE_SECONDS, SIGNAL_SECONDS = 2.0, 0.3
Before = Callable[[Dispatcher, Console], Coroutine[None, None, int]]


async def run(settings: Settings, before: Before, early: EarlyPrompt, backend: Backend) -> int:
    """Runs the prompt. before: called before the first prompt, in the same session. early: the
    early prompt, which is on the screen. Returns the exit code. Raises NodeReplError if the prompt
    cannot open.
    """
    console = open_console(settings, at_prompt=True)
    patience = SIGNAL_SECONDS
    try:
        code = await Repl(settings, backend, console).run(before, early)
        patience = LEAVE_SECONDS
        return code
    finally:
        console.close(patience)


class Repl:
    """The prompt of one run. Must be constructed inside a running event loop, on a terminal."""

    def __init__(self, settings: Settings, backend: Backend, console: Console) -> None:
        from noderepl.terminal.answer_line import AnswerLine
        from noderepl.terminal.history import SnippetHistory
        from noderepl.terminal.keyboard import Keyboard
        from noderepl.terminal.prompt import Prompt
        from noderepl.terminal.screen_output import ScreenOutput

        self._settings = settings
        self._backend = backend
        self._console = console
        self._used = asyncio.Event()
        self._output = ScreenOutput.open(cast("TextIO", console.screen()))
        self._fitting = ThemeFitting(console, settings.color, self._output, self._fit_theme)
        self._input = Keyboard(sys.stdin, self._fitting.take)
        self._suspension = Suspension(console, self._input, self._output, lambda: self._prompt)
        self._history = SnippetHistory(
            state_directory(),
            label=backend.label,
            redact=without_identifier,
            is_kept=lambda: self._dispatcher.preferences.keeps_history,
        )
        self._dispatcher = Dispatcher(
            backend,
            settings,
            console,
            entries=self._history.entries,
            edit=self._edit,
            show=self._show_late,
            room=self._room,
            at_prompt=True,
        )
        fallbacks = Fallbacks(self._show_soon)
        executor = self._dispatcher.executor
        parts = fallbacks.instead(partial(session_parts, backend, self._dispatcher), list)
        self._foreground = Foreground(console, executor, backend, self._keys, parts)
        self._answers = AnswerLine(console.show_typed, self._foreground.answer)
        self._programs = UserPrograms(self._input, console, self._foreground)
        self._failures = Failures(console, backend.about, lambda: self._prompt)
        self._prompt = Prompt(
            input_=self._input,
            output=self._output,
            history=self._history,
            completer=self._completer(),
            values=self._dispatcher.executor.previews,
            is_magic=is_magic,
            toolbar=partial(toolbar, backend, self._dispatcher),
            style=lambda: console.theme.style,
            stop=self._suspension.stop,
            edit=self._programs.edit_typed,
            toggles=self._dispatcher.preferences,
            settings=settings,
            colour=use_colour(settings.color, os.environ, is_terminal=True),
            fallbacks=fallbacks,
        )
        above = self._prompt.show_above
        self._late = LateOutput(console, self._foreground, executor, above, self._answers.open)

    def _completer(self) -> SnippetCompleter:
        from noderepl.terminal.completion import SnippetCompleter

        return SnippetCompleter(
            magics=(*MAGICS, *NODE_COMMANDS),
            themes=partial(theme_names, theme_directories(self._settings)),
            remote_files=partial(self._backend.file_names, REMOTE_NAMES_SECONDS),
            live=self._dispatcher.executor.offers,
            typed=lambda: self._dispatcher.snippets,
            sessions=lambda: filter(None, (one.name for one in self._backend.registry.known())),
            directory=Path(),
        )

    async def run(self, before: Before, early: EarlyPrompt) -> int:
        """Runs `before`, then reads and runs lines until the user leaves. Returns the exit code."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failures.take)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGTSTP, self._suspension.suspend)
        loop.add_signal_handler(signal.SIGCONT, self._suspension.resume)
        self._fitting.ask()
        is_tried = await self._backend.try_sandbox(TRIAL_SECONDS)
        early.show_banner(banner(self._backend, self._settings, self._console.size()[0]))
        for notice in notices(self._backend, self._dispatcher, self._settings):
            self._take(early)
            self._console.words(notice, warning=True)
        painted = asyncio.Event()
        works = [self._warm_up(painted), self._count_down()]
        if not is_tried:
            works.append(self._show_late_notice())
        behind = [supervised(asyncio.create_task(work)) for work in works]
        try:
            async with self._failures.surviving():
                await self._foreground.run(before(self._dispatcher, self._console))
                await self._foreground.settle()
            with suppress(EOFError):
                await self._loop(early, painted)
            if not is_there(self._input.fileno()):
                self._backend.cut_off()
            elif (words := await self._dispatcher.farewell()) and not self._settings.quiet:
                self._console.words(words)
        except (OSError, termios.error) as error:
            if not is_hung_up(error):
                raise
            self._backend.cut_off()
            return ExitCode.HUNG_UP
        finally:
            self._console.hurry()
            for task in behind:
                task.cancel()
            self._late.close()
            await self._dispatcher.close()
        return ExitCode.OK

    async def _loop(self, early: EarlyPrompt, painted: asyncio.Event) -> None:
        from noderepl.terminal.typeahead import on_own_line

        prefill, editor, is_left, unread = "", False, False, 0
        while not is_left:
            self._failures.count = 0
            try:
                text = await self._prompt.read(
                    prefill=prefill,
                    editor=editor,
                    opened=partial(self._take, early),
                    painted=painted.set,
                )
            except KeyboardInterrupt:
                self._drop_output()
                prefill, editor = "", False
                continue
            except EOFError:
                raise
            except (Exception, asyncio.CancelledError) as error:
                unread += 1
                if must_propagate(error) or unread >= MOST_FAILURES:
                    raise
                self._failures.show(error)
                continue
            outcomes: Sequence[Outcome] = ()
            prefill, unread = "", 0
            async with self._failures.surviving():
                outcomes = await self._answer(text)
                texts = [one.text for one in outcomes if isinstance(one, Prefill)]
                prefill = on_own_line(self._input, texts[0]) if texts else ""
            self._used.set()
            is_left = any(isinstance(outcome, Leave) for outcome in outcomes)
            editor = any(isinstance(outcome, EditorMode) for outcome in outcomes)

    async def _answer(self, text: str) -> Sequence[Outcome]:
        """Runs one input and shows its outcomes. Returns them."""
        if trouble := self._history.trouble():
            self._console.words(f"The history is not saved: {trouble}.", warning=True)
        if trouble := self._backend.registry.trouble():
            self._console.words(trouble, warning=True)
        outcomes = await self._foreground.run(self._run(text), below_input=True) or ()
        await self._foreground.settle()
        return outcomes

    async def _run(self, text: str) -> Sequence[Outcome]:
        outcomes = await self._dispatcher.run_line(text)
        await self._late.flushed()
        for outcome in outcomes:
            async with self._failures.surviving():
                await self._show(outcome)
        return outcomes

    def _take(self, early: EarlyPrompt) -> None:
        """Replaces the early prompt by the line editor."""
        self._output.write_raw(early.taken())
        self._output.flush()

    def _keys(self) -> AbstractContextManager[None]:
        from noderepl.terminal.typeahead import waiting_keys

        acts = (self._interrupt, self._suspension.suspend, self._answers)
        return waiting_keys(self._input, self._output, *acts)

    def _fit_theme(self, background: Background) -> None:
        self._dispatcher.fit_theme(background)
        self._prompt.refresh()

    def _show_soon(self, error: BaseException) -> None:
        """Shows an error of a function that the line editor calls while it paints, when nothing
        else can be shown.
        """
        asyncio.get_running_loop().call_soon(self._failures.show_above, error)

    def _show_late(self, outcome: Outcome) -> None:
        self._late.show(outcome)

    async def _edit(self, *text: str) -> str:
        return await self._programs.edit(*text)

    async def _room(self) -> None:
        await self._late.room()

    def _interrupt(self) -> None:
        """Ctrl-C while a line runs, or while output above the prompt is written."""
        if self._late.is_awaited:
            self._drop_output()
            return
        self._foreground.interrupt()
        is_busy = self._foreground.is_running or self._foreground.is_elsewhere
        if not is_busy and not self._prompt.abort(KeyboardInterrupt()):
            self._drop_output()

    def _drop_output(self) -> None:
        """Drops the output that the screen does not have yet."""
        self._console.leave_output()
        self._console.hurry()
        self._console.ease()
        self._late.drop()

    async def _show(self, outcome: Outcome) -> None:
        match outcome:
            case ClearScreen():
                self._console.clear()
            case UseTheme():
                self._fitting.ask()
            case Prefill() | EditorMode() | Leave():
                pass
            case _:
                await self._programs.show(outcome)

    async def _show_late_notice(self) -> None:
        """Shows the notice of the sandbox after its trial. Node.js starts after that too, so that
        no snippet runs before.
        """
        from prompt_toolkit.application import run_in_terminal

        await self._backend.try_sandbox(MOST_TRIAL_SECONDS)
        if (notice := self._backend.notice) and not self._settings.quiet:
            await run_in_terminal(partial(self._console.words, notice, warning=True))

    async def _warm_up(self, painted: asyncio.Event) -> None:
        """Opens the session in the background, after the prompt is on the screen; shows a failure
        at once.
        """
        from prompt_toolkit.application import run_in_terminal

        await painted.wait()
        try:
            await self._dispatcher.warm_up()
        except NodeReplError as error:
            await run_in_terminal(partial(self._console.show, Failure(str(error), error.exit_code)))
        # Excludes the imported modules from garbage collection: without this, a full collection
        # delays a key now and then.
        gc.freeze()
        self._used.set()
        self._prompt.refresh()

    async def _count_down(self) -> None:
        """Repaints the toolbar when the text of the remaining time changes."""
        lifetime, shown = self._dispatcher.lifetime, ("", False)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._used.wait(), lifetime.until_next())
            self._used.clear()
            await lifetime.learn()
            if shown != (shown := (lifetime.countdown(), lifetime.is_keepalive_on)):
                self._prompt.refresh()
