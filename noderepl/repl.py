"""The prompt's loop: read, run, show, again, until Ctrl-D; whatever a line does, the prompt comes back."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl import __version__
from noderepl.backend import Backend, with_backend
from noderepl.client.identifier import shortened
from noderepl.dispatch import Dispatcher
from noderepl.errors import ExitCode, LocalFileError, NodeReplError
from noderepl.magics import MAGICS, NODE_COMMANDS, is_magic
from noderepl.outcome import ClearScreen, EditorMode, Failure, Leave, Outcome, Prefill, UseTheme, Words
from noderepl.settings import Settings
from noderepl.terminal.console import Console, open_console

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

STILL_RUNNING = (
    "The prompt is yours again. What was running still runs in the session, and the next snippet waits for it; "
    "%session new starts afresh."
)
REMOTE_NAMES_SECONDS = 2.0
Before = Callable[[Dispatcher, Console], Awaitable[int]]


def run_repl(settings: Settings, before: Before) -> int:
    """Runs the prompt until it is left.

    before: what runs ahead of the first prompt, in the same session. Returns the exit code. Raises NodeReplError only
    for what keeps the prompt from opening.
    """
    return with_backend(settings, partial(_run, settings, before))


async def _run(settings: Settings, before: Before, backend: Backend) -> int:
    backend.start()
    # In a thread, so that the loop is free to start Node.js meanwhile.
    await asyncio.to_thread(import_module, "noderepl.terminal.prompt")
    repl = Repl(settings, backend, open_console(settings))
    return await repl.run(before)


class Repl:
    """One prompt for one run. Must be made inside a running event loop, on a terminal."""

    def __init__(self, settings: Settings, backend: Backend, console: Console) -> None:
        import platformdirs
        from prompt_toolkit.input import create_input
        from prompt_toolkit.output import create_output

        from noderepl.javascript.syntax import is_incomplete
        from noderepl.terminal.completion import SnippetCompleter
        from noderepl.terminal.history import SnippetHistory
        from noderepl.terminal.prompt import Prompt

        self._settings = settings
        self._backend = backend
        self._console = console
        self._running: asyncio.Task[Sequence[Outcome]] | None = None
        self._editor_open = False
        self._short_identifier = ""
        self._input = create_input()
        self._output = create_output()
        self._history = SnippetHistory(platformdirs.user_state_path("noderepl", appauthor=False) / "history")
        self._dispatcher = Dispatcher(
            backend,
            settings,
            progress=console.progress,
            entries=self._history.entries,
            edit=self._edit,
            themes=console.themes,
        )
        completer = SnippetCompleter(
            magics=(*MAGICS, *NODE_COMMANDS),
            themes=console.themes,
            remote_files=self._remote_files,
            typed=lambda: self._dispatcher.snippets,
            directory=Path.cwd(),
        )
        self._prompt = Prompt(
            input_=self._input,
            output=self._output,
            history=self._history,
            completer=completer,
            is_magic=is_magic,
            is_whole=lambda text: is_magic(text) or not is_incomplete(text),
            toolbar=self._toolbar,
            style=console.style,
            editing_mode=settings.editing_mode,
        )

    async def run(self, before: Before) -> int:
        """Runs `before`, then reads and answers until the prompt is left. Returns the exit code."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._interrupt)
        if not self._settings.quiet:
            self._console.words(
                f"noderepl {__version__} · {self._backend.label} · %help lists the magics, Ctrl-D leaves"
            )
        await before(self._dispatcher, self._console)
        painted = asyncio.Event()
        warming = asyncio.create_task(self._warm_up(painted))
        try:
            await self._loop(painted)
        except EOFError:
            pass
        finally:
            warming.cancel()
        return ExitCode.OK

    async def _loop(self, painted: asyncio.Event) -> None:
        prefill, editor = "", False
        while True:
            try:
                text = await self._prompt.read(prefill=prefill, editor=editor, painted=painted.set)
            except KeyboardInterrupt:
                prefill, editor = "", False
                continue
            outcomes = await self._answer(text)
            prefill = next((outcome.text for outcome in outcomes if isinstance(outcome, Prefill)), "")
            editor = any(isinstance(outcome, EditorMode) for outcome in outcomes)
            for outcome in outcomes:
                self._show(outcome)
            if any(isinstance(outcome, Leave) for outcome in outcomes):
                return

    async def _answer(self, text: str) -> Sequence[Outcome]:
        """Runs one input while Ctrl-C is listened for. Returns what is to be shown, failures included."""
        from noderepl.terminal.waiting import waiting_keys

        self._running = asyncio.create_task(self._run_line(text))
        try:
            with waiting_keys(self._input, self._output, self._interrupt):
                return await self._running
        except NodeReplError as error:
            return [Failure(str(error), error.exit_code)]
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            return [Words(STILL_RUNNING, warning=True)]
        finally:
            self._running = None

    async def _run_line(self, text: str) -> Sequence[Outcome]:
        outcomes = await self._dispatcher.run_line(text)
        self._short_identifier = shortened((await self._backend.session()).identifier)
        return outcomes

    def _interrupt(self) -> None:
        if self._running is not None and not self._editor_open:
            self._running.cancel()

    def _show(self, outcome: Outcome) -> None:
        match outcome:
            case UseTheme(name):
                self._console.set_theme(name)
            case ClearScreen():
                self._console.clear()
            case Prefill() | EditorMode() | Leave():
                pass
            case _:
                self._console.show(outcome)

    async def _warm_up(self, painted: asyncio.Event) -> None:
        """Opens the session behind the user's back, once the prompt is on screen; a failure is told at once."""
        from prompt_toolkit.application import run_in_terminal

        await painted.wait()
        told: list[Outcome] = []
        try:
            self._short_identifier = shortened((await self._backend.session()).identifier)
        except NodeReplError as error:
            told.append(Failure(str(error), error.exit_code))
        if self._backend.notice and not self._settings.quiet:
            told.append(Words(self._backend.notice, warning=True))
        for outcome in told:
            await run_in_terminal(partial(self._console.show, outcome))
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
        with tempfile.TemporaryDirectory(prefix="noderepl-") as directory:
            file = Path(directory, "snippet.js")
            file.write_text(text, encoding="utf-8")
            command = [*shlex.split(editor), str(file)]
            self._editor_open = True
            try:
                with self._input.detach(), self._input.cooked_mode():
                    await asyncio.to_thread(subprocess.run, command, check=True)
                return file.read_text(encoding="utf-8")
            except (OSError, subprocess.CalledProcessError, UnicodeDecodeError) as error:
                raise LocalFileError(f"the editor {editor!r} did not work: {error}; set VISUAL or EDITOR") from error
            finally:
                self._editor_open = False

    def _toolbar(self) -> StyleAndTextTuples:
        from prompt_toolkit.application import get_app
        from prompt_toolkit.enums import EditingMode

        parts = [self._backend.label, f"session {self._short_identifier}" if self._short_identifier else "starting"]
        parts.append(self._dispatcher.preferences.input_type)
        if self._dispatcher.last_milliseconds is not None:
            parts.append(_duration(self._dispatcher.last_milliseconds))
        if get_app().editing_mode == EditingMode.VI:
            parts.append(get_app().vi_state.input_mode.value)
        return [("class:toolbar", " " + " · ".join(parts) + " ")]


def _duration(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.1f} s"
