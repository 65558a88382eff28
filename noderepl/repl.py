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
from importlib import import_module
from pathlib import Path
from typing import TextIO, cast

from noderepl.dispatcher import Dispatcher, open_console
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
from noderepl.sessions.run import with_backend
from noderepl.sessions.store import sessions_directory
from noderepl.settings import Settings, state_directory
from noderepl.terminal.console import Console
from noderepl.terminal.early_prompt import EarlyPrompt
from noderepl.terminal.hangup import is_hung_up, is_there
from noderepl.terminal.job_control import stop
from noderepl.terminal.streams import use_colour
from noderepl.terminal.themes import theme_directories, theme_names
from noderepl.toolbar import toolbar
from noderepl.user_programs import UserPrograms

REMOTE_NAMES_SECONDS = 2.0
# Seconds in which a slow terminal may accept the rest: before a stop, at exit, after a signal.
STOP_SECONDS, LEAVE_SECONDS, SIGNAL_SECONDS = 1.0, 2.0, 0.3
Before = Callable[[Dispatcher, Console], Coroutine[None, None, int]]


def run_repl(settings: Settings, before: Before, early: EarlyPrompt) -> int:
    """Runs the prompt until the user leaves it.

    before: called before the first prompt, in the same session. early: the early prompt, which is
    on the screen. Returns the exit code. Raises NodeReplError if the prompt cannot open.
    """
    return with_backend(
        settings, partial(_run, settings, before, early), spares=1, state=sessions_directory()
    )


async def _run(settings: Settings, before: Before, early: EarlyPrompt, backend: Backend) -> int:
    backend.start()
    # In a thread, so that the event loop can start Node.js meanwhile.
    await asyncio.to_thread(import_module, "noderepl.terminal.prompt")
    console = open_console(settings)
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
        from noderepl.terminal.completion import SnippetCompleter
        from noderepl.terminal.history import SnippetHistory
        from noderepl.terminal.keyboard import Keyboard
        from noderepl.terminal.prompt import Prompt
        from noderepl.terminal.screen_output import ScreenOutput

        self._settings = settings
        self._backend = backend
        self._console = console
        self._used = asyncio.Event()
        self._input = Keyboard(sys.stdin)
        self._output = ScreenOutput.open(cast("TextIO", console.screen()))
        self._history = SnippetHistory(
            state_directory(),
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
        self._foreground = Foreground(console, self._dispatcher.executor, backend, self._keys)
        self._answers = AnswerLine(console.show_typed, self._foreground.answer)
        self._programs = UserPrograms(self._input, console, self._foreground)
        self._failures = Failures(console, backend.about, lambda: self._prompt)
        completer = SnippetCompleter(
            magics=(*MAGICS, *NODE_COMMANDS),
            themes=partial(theme_names, theme_directories(settings)),
            remote_files=partial(backend.file_names, REMOTE_NAMES_SECONDS),
            live=self._dispatcher.executor.offers,
            typed=lambda: self._dispatcher.snippets,
            directory=Path(),
        )
        self._prompt = Prompt(
            input_=self._input,
            output=self._output,
            history=self._history,
            completer=completer,
            values=self._dispatcher.executor.previews,
            is_magic=is_magic,
            toolbar=partial(toolbar, backend, self._dispatcher),
            style=lambda: console.theme.style,
            stop=self._stop,
            edit=self._programs.edit_typed,
            editing_mode=settings.editing_mode,
            colour=use_colour(settings.color, os.environ, is_terminal=True),
            # Called while the line editor paints, when nothing else can be shown.
            fallbacks=Fallbacks(
                lambda error: asyncio.get_running_loop().call_soon(self._failures.show_above, error)
            ),
        )
        executor, above = self._dispatcher.executor, self._prompt.show_above
        self._late = LateOutput(console, self._foreground, executor, above, self._answers.open)

    async def run(self, before: Before, early: EarlyPrompt) -> int:
        """Runs `before`, then reads and runs lines until the user leaves. Returns the exit code."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failures.take)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        loop.add_signal_handler(signal.SIGCONT, self._resume)
        for notice in self._notices():
            self._take(early)
            self._console.words(notice, warning=True)
        painted = asyncio.Event()
        works = (self._warm_up(painted), self._count_down())
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
            self._dispatcher.lifetime.stop_keepalive()
            await self._dispatcher.executor.close()
        return ExitCode.OK

    def _notices(self) -> Sequence[str]:
        notices = (self._backend.notice, self._backend.registry.notice, self._dispatcher.resumed)
        return [notice for notice in notices if notice and not self._settings.quiet]

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
                prefill = next(
                    (
                        on_own_line(self._input, one.text)
                        for one in outcomes
                        if isinstance(one, Prefill)
                    ),
                    "",
                )
            self._used.set()
            is_left = any(isinstance(outcome, Leave) for outcome in outcomes)
            editor = any(isinstance(outcome, EditorMode) for outcome in outcomes)

    async def _answer(self, text: str) -> Sequence[Outcome]:
        """Runs one input and shows its outcomes. Returns them."""
        if trouble := self._history.trouble():
            self._console.words(f"The history is not saved: {trouble}.", warning=True)
        if trouble := self._backend.registry.trouble():
            self._console.words(trouble, warning=True)
        outcomes = await self._foreground.run(self._run(text)) or ()
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

        acts = (self._interrupt, self._suspend, self._answers)
        return waiting_keys(self._input, self._output, *acts)

    def _stop(self) -> None:
        """Stops this process after the terminal has accepted what was shown."""
        self._console.drain(STOP_SECONDS)
        stop()

    def _suspend(self) -> None:
        """Handles Ctrl-Z: restores the terminal and stops until the shell continues this process. A
        running snippet continues.
        """
        if self._prompt.is_open:
            self._prompt.show_above(self._stop)
            return
        self._console.end_status()
        self._output.disable_bracketed_paste()
        self._output.flush()
        with self._input.cooked_mode():
            self._stop()
        self._output.enable_bracketed_paste()
        self._output.flush()

    def _resume(self) -> None:
        """Handles SIGCONT after a stop without preparation: takes the terminal back."""
        # The same signal arrives with a hang-up, after which there is no terminal.
        with suppress(OSError, termios.error):
            self._input.raw_mode().__enter__()  # the enclosing block restores it
            if self._prompt.is_open:
                self._prompt.paint_anew()
            else:
                self._output.enable_bracketed_paste()
                self._output.flush()

    def _show_late(self, outcome: Outcome) -> None:
        self._late.show(outcome)

    async def _edit(self, text: str) -> str:
        return await self._programs.edit(text)

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
            case Prefill() | EditorMode() | Leave() | UseTheme():
                pass
            case _:
                await self._programs.show(outcome)

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
