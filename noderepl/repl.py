"""The interactive loop: reads a line, runs it, and shows its outcomes, until Ctrl-D.

A line that was typed before the line editor is imported runs first.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import termios
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial

from noderepl import early_line
from noderepl.banner import banner, notices
from noderepl.dispatcher import Dispatcher
from noderepl.display import open_console
from noderepl.errors import ExitCode, NodeReplError
from noderepl.failures import MOST_FAILURES, Failures, must_propagate
from noderepl.foreground import Foreground
from noderepl.internal_error import Fallbacks, supervised
from noderepl.late_output import LateOutput
from noderepl.line_editor import LineEditor
from noderepl.line_kinds import without_identifier
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
from noderepl.terminal.console import Console
from noderepl.terminal.early_prompt import EarlyPrompt
from noderepl.terminal.hangup import is_hung_up, is_there
from noderepl.terminal.history_file import HistoryFile
from noderepl.toolbar import session_parts
from noderepl.user_programs import UserPrograms

# The first prompt waits so long for the trial of the sandbox.
TRIAL_SECONDS = 1.0
# A trial of each bubblewrap ends in less time than this.
MOST_TRIAL_SECONDS = 60.0
# Seconds in which a slow terminal may accept the rest: at exit, after a signal.
LEAVE_SECONDS, SIGNAL_SECONDS = 2.0, 0.3
Before = Callable[[Dispatcher, Console], Coroutine[None, None, int]]


async def run(
    settings: Settings, before: Before | None, early: EarlyPrompt, backend: Backend
) -> int:
    """Runs the prompt. before: called before the first prompt, in the same session; None for
    nothing. early: the early prompt, which is on the screen. Returns the exit code. Raises
    NodeReplError if the prompt cannot open.
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
        self._settings = settings
        self._backend = backend
        self._console = console
        self._used = asyncio.Event()
        self._dispatcher = Dispatcher(
            backend,
            settings,
            console,
            entries=self._entries,
            edit=self._edit,
            show=self._show_late,
            room=self._room,
            at_prompt=True,
        )
        self._history = HistoryFile(
            state_directory(),
            label=backend.label,
            redact=without_identifier,
            is_kept=lambda: self._dispatcher.preferences.keeps_history,
        )
        self._fallbacks = fallbacks = Fallbacks(self._show_soon)
        executor = self._dispatcher.executor
        parts = fallbacks.instead(partial(session_parts, backend, self._dispatcher), list)
        self._editor = editor = LineEditor(settings, backend, console, self._interrupt)
        self._foreground = Foreground(console, executor, backend, editor.keys, parts)
        self._programs = UserPrograms(lambda: editor.input, console, self._foreground)
        self._failures = Failures(console, backend.about, editor)
        above = editor.show_above
        self._late = LateOutput(console, self._foreground, executor, above, editor.ask)

    async def run(self, before: Before | None, early: EarlyPrompt) -> int:
        """Runs `before`, then reads and runs lines until the user leaves. Returns the exit code."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failures.take)

        def interrupted(*_: object) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._interrupt)

        signal.signal(signal.SIGINT, interrupted)  # add_signal_handler() imports inspect
        is_tried = await self._backend.try_sandbox(TRIAL_SECONDS)
        if not (is_tried and early_line.is_there(early, self._console, self._settings)):
            await self._open_editor(early)
        early.show_banner(banner(self._backend, self._settings, self._console.size()[0]))
        for notice in (found := notices(self._backend, self._settings)):
            self._take(early)
            self._console.words(notice, warning=True)
        if found and not self._editor.is_open:
            self._console.screen().write(early.again())
        painted = asyncio.Event()
        behind: list[asyncio.Task[None]] = []
        try:
            prefill = "" if self._editor.is_open else await self._run_early(early)
            await self._open_editor(early)
            late = [] if is_tried else [self._show_late_notice()]
            works = [self._warm_up(painted), self._count_down(), *late]
            behind += [supervised(asyncio.create_task(work)) for work in works]
            if before is not None:
                async with self._failures.surviving():
                    await self._foreground.run(before(self._dispatcher, self._console))
                    await self._foreground.settle()
            with suppress(EOFError):
                await self._loop(early, painted, prefill)
            if not is_there(sys.stdin.fileno()):
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

    async def _run_early(self, early: EarlyPrompt) -> str:
        """Runs the line that was typed so far, if there is one, while the line editor is not there.
        Returns the text that returns to the prompt.
        """
        text = await early_line.take(early, self._console, self._settings)
        if text is None:
            return ""
        if (entry := self._history.entry(text)) is not None:
            self._history.add(entry)
        self._show_troubles()
        outcomes: Sequence[Outcome] = ()
        async with self._failures.surviving():
            working = asyncio.create_task(self._foreground.run(self._run(text)))
            try:
                await early_line.until_key(working)
                if not working.done():
                    await self._open_editor(early)
                outcomes = await working or ()
                if self._console.is_waiting:  # its output can be dropped by a key
                    await self._open_editor(early)
            except asyncio.CancelledError:
                working.cancel()
                await asyncio.wait([working])
                raise
            await self._foreground.settle()
        self._used.set()
        texts = [one.text for one in outcomes if isinstance(one, Prefill)]
        if not texts:
            if not self._editor.is_open:
                self._console.screen().write(early.again())
            return ""
        await self._open_editor(early)
        with self._editor.keys():
            pass  # reads what was typed meanwhile
        from noderepl.terminal.typeahead import on_own_line

        return on_own_line(self._editor.input, texts[0])

    async def _open_editor(self, early: EarlyPrompt) -> None:
        await self._editor.open(
            self._dispatcher,
            self._foreground,
            self._programs,
            self._fallbacks,
            history=self._history,
            unread=early.unread,
        )

    def _entries(self) -> Sequence[str]:
        return self._editor.history.entries()

    async def _loop(self, early: EarlyPrompt, painted: asyncio.Event, prefill: str) -> None:
        from noderepl.terminal.typeahead import on_own_line

        editor, is_left, unread = False, False, 0
        while not is_left:
            self._failures.count = 0
            try:
                text = await self._editor.prompt.read(
                    prefill=prefill,
                    editor=editor,
                    opened=partial(self._take, early),
                    painted=painted.set,
                    entered=self._dispatcher.begin,
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
                if (ahead := self._dispatcher.executor.ahead) is None:
                    continue
                text = ahead.code
            outcomes: Sequence[Outcome] = ()
            prefill, unread = "", 0
            async with self._failures.surviving():
                outcomes = await self._answer(text)
                texts = [one.text for one in outcomes if isinstance(one, Prefill)]
                prefill = on_own_line(self._editor.input, texts[0]) if texts else ""
            self._dispatcher.executor.leave()
            self._used.set()
            is_left = any(isinstance(outcome, Leave) for outcome in outcomes)
            editor = any(isinstance(outcome, EditorMode) for outcome in outcomes)

    async def _answer(self, text: str) -> Sequence[Outcome]:
        """Runs one input and shows its outcomes. Returns them."""
        self._show_troubles()
        outcomes = await self._foreground.run(self._run(text), below_input=True) or ()
        await self._foreground.settle()
        return outcomes

    def _show_troubles(self) -> None:
        if trouble := self._history.trouble():
            self._console.words(f"The history is not saved: {trouble}.", warning=True)
        if trouble := self._backend.registry.trouble():
            self._console.words(trouble, warning=True)

    async def _run(self, text: str) -> Sequence[Outcome]:
        outcomes = await self._dispatcher.run_line(text)
        await self._late.flushed()
        for outcome in outcomes:
            async with self._failures.surviving():
                await self._show(outcome)
        return outcomes

    def _take(self, early: EarlyPrompt) -> None:
        """Replaces the early prompt by the line editor."""
        self._console.screen().write(early.taken())

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
        if not is_busy and not self._editor.abort(KeyboardInterrupt()):
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
                self._editor.ask_background()
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
        from noderepl.garbage import collect_seldom

        # Otherwise a full collection delays a key now and then.
        collect_seldom()
        self._used.set()
        self._editor.refresh()

    async def _count_down(self) -> None:
        """Repaints the toolbar when the text of the remaining time changes."""
        lifetime, shown = self._dispatcher.lifetime, ("", False)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._used.wait(), lifetime.until_next())
            self._used.clear()
            await lifetime.learn()
            if shown != (shown := (lifetime.countdown(), lifetime.is_keepalive_on)):
                self._editor.refresh()
