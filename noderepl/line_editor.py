"""The line editor of the prompt, with the terminal's keys, the history and Ctrl-Z.

Its import takes as long as the rest of the start, so that it is opened late: the first line may run
before. This module imports it only then.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from noderepl.dispatcher import Dispatcher
from noderepl.foreground import Foreground
from noderepl.internal_error import Fallbacks
from noderepl.sessions.backend import Backend
from noderepl.settings import Settings
from noderepl.suspension import Suspension
from noderepl.terminal.background import Background
from noderepl.terminal.console import Console
from noderepl.terminal.history_file import HistoryFile
from noderepl.terminal.streams import use_colour
from noderepl.terminal.themes import theme_directories, theme_names
from noderepl.theme_fitting import ThemeFitting
from noderepl.toolbar import toolbar
from noderepl.user_programs import UserPrograms

if TYPE_CHECKING:
    from noderepl.terminal.answer_line import AnswerLine
    from noderepl.terminal.completion import SnippetCompleter
    from noderepl.terminal.history import SnippetHistory
    from noderepl.terminal.keyboard import Keyboard
    from noderepl.terminal.prompt import Prompt
    from noderepl.terminal.screen_output import ScreenOutput

REMOTE_NAMES_SECONDS = 10.0


class LineEditor:
    """The line editor, from open() on.

    interrupt: handles Ctrl-C while a line runs. `.prompt`, `.input`, `.history`: its parts.
    """

    prompt: Prompt
    input: Keyboard
    history: SnippetHistory
    _output: ScreenOutput
    _answers: AnswerLine
    _suspension: Suspension
    _fitting: ThemeFitting

    def __init__(
        self,
        settings: Settings,
        backend: Backend,
        console: Console,
        interrupt: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._backend = backend
        self._console = console
        self._interrupt = interrupt
        self._is_there = asyncio.Event()
        # Of the line that runs while the line editor is opened.
        self._line_keys: ExitStack | None = None
        self._asks_for_keys: bool | None = None

    async def open(
        self,
        dispatcher: Dispatcher,
        foreground: Foreground,
        programs: UserPrograms,
        fallbacks: Fallbacks,
        *,
        history: HistoryFile,
        unread: bytes,
    ) -> None:
        """Imports and opens the line editor, which then reads the keys of a line that runs; does
        nothing if it is open.

        fallbacks: as for Prompt. history: the file of the history. unread: what was read from the
        terminal.
        """
        if self.is_open:
            return
        await asyncio.to_thread(import_module, "noderepl.terminal.prompt")
        from noderepl.terminal.answer_line import AnswerLine
        from noderepl.terminal.history import SnippetHistory
        from noderepl.terminal.keyboard import Keyboard
        from noderepl.terminal.screen_output import ScreenOutput

        console = self._console
        self._output = output = ScreenOutput.open(cast("TextIO", console.screen()))

        def fit_theme(background: Background) -> None:
            dispatcher.fit_theme(background)
            self.prompt.refresh()

        self._fitting = ThemeFitting(console, self._settings.color, output, fit_theme)
        self.input = Keyboard(sys.stdin, self._fitting.take, unread)
        self._suspension = Suspension(console, self.input, output, lambda: self.prompt)
        self._answers = AnswerLine(console.show_typed, foreground.answer)
        self.history = SnippetHistory(history)
        self.prompt = self._new_prompt(dispatcher, programs, fallbacks)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._suspension.suspend)
        loop.add_signal_handler(signal.SIGCONT, self._suspension.resume)
        self.ask_background()
        self._is_there.set()
        if self._line_keys is not None:
            self._open_keys(self._line_keys)
            if self._asks_for_keys is not None:
                self._answers.open(self._asks_for_keys)

    def _new_prompt(
        self, dispatcher: Dispatcher, programs: UserPrograms, fallbacks: Fallbacks
    ) -> Prompt:
        from noderepl.magics import is_magic
        from noderepl.terminal.prompt import Prompt

        console, settings = self._console, self._settings
        return Prompt(
            input_=self.input,
            output=self._output,
            history=self.history,
            completer=self._completer(dispatcher),
            values=dispatcher.executor.previews,
            is_magic=is_magic,
            toolbar=partial(toolbar, self._backend, dispatcher),
            style=lambda: console.theme.style,
            stop=self._suspension.stop,
            edit=programs.edit_typed,
            toggles=dispatcher.preferences,
            settings=settings,
            colour=use_colour(settings.color, os.environ, is_terminal=True),
            fallbacks=fallbacks,
        )

    def _completer(self, dispatcher: Dispatcher) -> SnippetCompleter:
        from noderepl.magics import MAGICS, NODE_COMMANDS
        from noderepl.terminal.completion import SnippetCompleter

        return SnippetCompleter(
            magics=(*MAGICS, *NODE_COMMANDS),
            themes=partial(theme_names, theme_directories(self._settings)),
            remote_files=partial(self._backend.file_names, REMOTE_NAMES_SECONDS),
            live=dispatcher.executor.offers,
            typed=lambda: dispatcher.snippets,
            sessions=lambda: filter(None, (one.name for one in self._backend.registry.known())),
            directory=Path(),
        )

    @contextmanager
    def keys(self) -> Iterator[None]:
        """Reads keys inside the block, Ctrl-C among them, as soon as the line editor is there."""
        with ExitStack() as keys:
            if self.is_open:
                self._open_keys(keys)
            else:
                self._line_keys = keys
            try:
                yield
            finally:
                self._line_keys = None

    def _open_keys(self, keys: ExitStack) -> None:
        from noderepl.terminal.typeahead import waiting_keys

        acts = (self._interrupt, self._suspension.suspend, self._answers)
        keys.enter_context(waiting_keys(self.input, self._output, *acts))

    @property
    def is_open(self) -> bool:
        """Whether open() has ended."""
        return self._is_there.is_set()

    @property
    def is_reading(self) -> bool:
        """Whether the prompt is on the screen."""
        return self.is_open and self.prompt.is_open

    def abort(self, error: BaseException) -> bool:
        """Ends the reading of a line, which raises the error. Returns whether one is read."""
        return self.is_open and self.prompt.abort(error)

    async def show_above(self, write: Callable[[], None]) -> None:
        """Calls `write` so that its output appears above the prompt, which may not be there yet."""
        await self._is_there.wait()
        await self.prompt.show_above(write)

    def ask(self, has_keys: bool) -> None:
        """Lets the user answer the running snippet; see AnswerLine.open()."""
        if self.is_open:
            self._answers.open(has_keys)
        else:
            self._asks_for_keys = has_keys

    def refresh(self) -> None:
        """Repaints the prompt if it is on the screen."""
        if self.is_open:
            self.prompt.refresh()

    def ask_background(self) -> None:
        """Asks the terminal for its background if the theme depends on it."""
        self._fitting.ask()
