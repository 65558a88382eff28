"""The prompt's loop: read, run, show, again, until Ctrl-D; whatever a line does, the prompt comes back."""

from __future__ import annotations

import asyncio
import gc
import os
import shlex
import signal
import subprocess
import tempfile
import termios
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.attention import Attention
from noderepl.backend import Backend, with_backend
from noderepl.client.identifier import shortened
from noderepl.dispatch import Dispatcher, open_console, sessions_directory, theme_directories
from noderepl.errors import ExitCode, LocalFileError, NodeReplError
from noderepl.magics import MAGICS, NODE_COMMANDS, is_magic, without_identifier
from noderepl.outcome import ClearScreen, EditorMode, Failure, Leave, Outcome, Page, Prefill, UseTheme
from noderepl.settings import Settings, state_directory
from noderepl.terminal.console import Console, use_colour
from noderepl.terminal.early import EarlyPrompt
from noderepl.terminal.escapes import visible
from noderepl.terminal.gone import is_hung_up, is_there
from noderepl.terminal.stopping import stop, stopping_at_once
from noderepl.terminal.themes import theme_names

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples


REMOTE_NAMES_SECONDS = 2.0
Before = Callable[[Dispatcher, Console], Coroutine[None, None, int]]


def run_repl(settings: Settings, before: Before, early: EarlyPrompt) -> int:
    """Runs the prompt until it is left.

    before: what runs ahead of the first prompt, in the same session. early: what stands for the prompt so far. Returns
    the exit code. Raises NodeReplError only for what keeps the prompt from opening.
    """
    return with_backend(settings, partial(_run, settings, before, early), spares=1, state=sessions_directory())


async def _run(settings: Settings, before: Before, early: EarlyPrompt, backend: Backend) -> int:
    backend.start()
    # In a thread, so that the loop is free to start Node.js meanwhile.
    await asyncio.to_thread(import_module, "noderepl.terminal.prompt")
    repl = Repl(settings, backend, open_console(settings))
    return await repl.run(before, early)


class Repl:
    """One prompt for one run. Must be made inside a running event loop, on a terminal."""

    def __init__(self, settings: Settings, backend: Backend, console: Console) -> None:
        from prompt_toolkit.input import create_input
        from prompt_toolkit.output import create_output

        from noderepl.javascript.npm_lines import npm_lines
        from noderepl.javascript.syntax import is_incomplete
        from noderepl.terminal.completion import SnippetCompleter
        from noderepl.terminal.history import SnippetHistory
        from noderepl.terminal.prompt import Prompt

        self._settings = settings
        self._backend = backend
        self._console = console
        self._used = asyncio.Event()
        self._style = console.theme.style()
        self._input = create_input()
        self._output = create_output()
        self._history = SnippetHistory(state_directory(), keep=without_identifier)
        self._dispatcher = Dispatcher(
            backend, settings, console, entries=self._history.entries, edit=self._edit, show=self._show_beside
        )
        self._attention = Attention(console, self._dispatcher.runner, self._keys)
        backend.tell = self._attention.heed
        completer = SnippetCompleter(
            magics=(*MAGICS, *NODE_COMMANDS),
            themes=partial(theme_names, theme_directories(settings)),
            remote_files=self._remote_files,
            typed=lambda: self._dispatcher.snippets,
            directory=Path(),
        )
        self._prompt = Prompt(
            input_=self._input,
            output=self._output,
            history=self._history,
            completer=completer,
            is_magic=is_magic,
            is_whole=lambda text: is_magic(text) or not is_incomplete(npm_lines(text).rest),
            toolbar=self._toolbar,
            style=lambda: self._style,
            editing_mode=settings.editing_mode,
            colour=use_colour(settings.color, os.environ, is_terminal=True),
        )

    async def run(self, before: Before, early: EarlyPrompt) -> int:
        """Runs `before`, then reads and answers until the prompt is left. Returns the exit code."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._attention.interrupt)
        loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        loop.add_signal_handler(signal.SIGCONT, self._resume)
        for notice in self._notices():
            early.erase()
            self._console.words(notice, warning=True)
        painted = asyncio.Event()
        behind = [asyncio.create_task(self._warm_up(painted)), asyncio.create_task(self._count_down())]
        try:
            await self._attention.give(before(self._dispatcher, self._console))
            await self._loop(early, painted)
        except EOFError:
            self._backend.is_cut_off = not is_there(self._input.fileno())
        except (OSError, termios.error) as error:
            if not is_hung_up(error):
                raise
            self._backend.is_cut_off = True
            return ExitCode.HUNG_UP
        finally:
            for task in behind:
                task.cancel()
            self._dispatcher.lifetime.let_go()
            await self._dispatcher.runner.close()
        return ExitCode.OK

    def _notices(self) -> Sequence[str]:
        notices = (self._backend.notice, self._backend.owned.notice, self._dispatcher.resumed)
        return [notice for notice in notices if notice and not self._settings.quiet]

    async def _loop(self, early: EarlyPrompt, painted: asyncio.Event) -> None:
        prefill, editor = "", False
        while True:
            try:
                text = await self._prompt.read(prefill=prefill, editor=editor, opened=early.erase, painted=painted.set)
            except KeyboardInterrupt:
                prefill, editor = "", False
                continue
            if trouble := self._history.trouble():
                self._console.words(f"The history is not kept: {trouble}.", warning=True)
            if trouble := self._backend.owned.trouble():
                self._console.words(f"This session cannot be resumed after a crash: {trouble}.", warning=True)
            outcomes: Sequence[Outcome] = await self._attention.give(self._dispatcher.run_line(text)) or ()
            for outcome in outcomes:
                self._show(outcome)
            if any(isinstance(outcome, Leave) for outcome in outcomes):
                return
            self._used.set()
            prefill = next((self._coming_back(one.text) for one in outcomes if isinstance(one, Prefill)), "")
            editor = any(isinstance(outcome, EditorMode) for outcome in outcomes)

    def _coming_back(self, text: str) -> str:
        from noderepl.terminal.waiting import on_own_line

        return on_own_line(self._input, text)

    def _keys(self) -> AbstractContextManager[None]:
        from noderepl.terminal.waiting import waiting_keys

        return waiting_keys(self._input, self._output, self._attention.interrupt, self._suspend)

    def _suspend(self) -> None:
        """Ctrl-Z: gives the terminal back as it was and stops until the shell goes on with it; a snippet runs on."""
        if self._prompt.is_open:
            self._prompt.show_above(stop)
            return
        self._console.end_passing()
        self._output.disable_bracketed_paste()
        self._output.flush()
        with self._input.cooked_mode():
            stop()
        self._output.enable_bracketed_paste()
        self._output.flush()

    def _resume(self) -> None:
        """SIGCONT after a stop that could not be prepared for: takes the terminal again, which a shell has had."""
        # The same signal comes with a hang-up, after which nothing is left to take.
        with suppress(OSError, termios.error):
            self._input.raw_mode().__enter__()  # the block around all this ends it
            if self._prompt.is_open:
                self._prompt.paint_anew()
            else:
                self._output.enable_bracketed_paste()
                self._output.flush()

    def _show_beside(self, outcome: Outcome) -> None:
        """Shows what comes before, or after, the outcome of a line: above the prompt, where there is one."""
        if self._attention.is_given:
            self._console.show(outcome)
            self._attention.tell_time()
        else:
            self._prompt.show_above(partial(self._console.show, outcome))

    def _show(self, outcome: Outcome) -> None:
        match outcome:
            case UseTheme():
                self._style = self._console.theme.style()
            case ClearScreen():
                self._console.clear()
            case Prefill() | EditorMode() | Leave():
                pass
            case Page():
                self._page(outcome)
            case _:
                self._console.show(outcome)

    def _page(self, page: Page) -> None:
        """Shows a text in the user's pager; where there is none, as any other text."""
        pager = os.environ.get("PAGER") or "less"
        try:
            with self._input.detach(), self._input.cooked_mode(), stopping_at_once():
                safe = visible(page.text, colour=False)
                subprocess.run(shlex.split(pager), input=safe.encode(errors="replace"), check=False)
        except (OSError, ValueError):
            self._console.show(page)

    async def _warm_up(self, painted: asyncio.Event) -> None:
        """Opens the session behind the user's back, once the prompt is on screen; a failure is told at once."""
        from prompt_toolkit.application import run_in_terminal

        await painted.wait()
        try:
            await self._dispatcher.warm_up()
        except NodeReplError as error:
            await run_in_terminal(partial(self._console.show, Failure(str(error), error.exit_code)))
        # All that was imported stays; without this a full collection holds up a key now and then.
        gc.freeze()
        self._used.set()
        self._prompt.refresh()

    async def _count_down(self) -> None:
        """Paints the toolbar again when the time that the session has left reads otherwise."""
        lifetime, told = self._dispatcher.lifetime, ("", False)
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._used.wait(), lifetime.until_next())
            self._used.clear()
            await lifetime.learn()
            if told != (told := (lifetime.countdown(), lifetime.is_kept)):
                self._prompt.refresh()

    async def _remote_files(self) -> Sequence[str]:
        try:
            async with asyncio.timeout(REMOTE_NAMES_SECONDS):
                session = await self._backend.session()
                return [entry.name for entry in await session.files()]
        except (NodeReplError, TimeoutError):
            return []

    async def _edit(self, text: str) -> str:
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        self._attention.is_elsewhere = True
        try:
            with self._input.detach(), self._input.cooked_mode(), stopping_at_once():
                return await asyncio.to_thread(_edited, editor, text)
        except subprocess.CalledProcessError as error:
            raise LocalFileError(f"the editor {editor!r} ended with exit code {error.returncode}") from error
        except (OSError, ValueError) as error:
            raise LocalFileError(f"the editor {editor!r} cannot be used; set VISUAL or EDITOR to another") from error
        finally:
            self._attention.is_elsewhere = False

    def _toolbar(self) -> StyleAndTextTuples:
        from prompt_toolkit.application import get_app
        from prompt_toolkit.enums import EditingMode

        parts = [self._backend.label, f"session {shortened(self._backend.identifier)}"]
        preferences = self._dispatcher.preferences
        parts += [preferences.input_type, *(["plain"] if preferences.mode == "plain" else [])]
        if self._dispatcher.runner.is_busy:
            parts.append("busy")
        if (last := self._dispatcher.last) is not None:
            parts.append(_duration(last.milliseconds))
            parts += [f"_{last.number}"] if last.number is not None and last.value is not None else []
        if get_app().editing_mode == EditingMode.VI:
            parts.append(get_app().vi_state.input_mode.value)
        lifetime = self._dispatcher.lifetime
        parts += ["kept warm"] if lifetime.is_kept else []
        shown: StyleAndTextTuples = [("class:toolbar", " " + " · ".join(parts) + " ")]
        if ending := lifetime.countdown():
            shown += [("class:toolbar", "· "), ("class:toolbar-key", f"{ending} ")]
        return shown


def _duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"


def _edited(editor: str, text: str) -> str:
    """The text after the user has had it in the editor, a command line."""
    with tempfile.TemporaryDirectory(prefix="noderepl-") as directory:
        file = Path(directory, "snippet.js")
        file.write_text(text, encoding="utf-8")
        subprocess.run([*shlex.split(editor), str(file)], check=True)
        return file.read_text(encoding="utf-8")
