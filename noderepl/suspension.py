"""Ctrl-Z at the prompt and while a line runs: the shell gets the terminal, and returns it."""

from __future__ import annotations

import termios
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from noderepl.terminal.console import Console
from noderepl.terminal.job_control import stop

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import Output

    from noderepl.terminal.prompt import Prompt

# Seconds in which a slow terminal may accept the rest.
STOP_SECONDS = 1.0


class Suspension:
    """Stops and continues this process. console, input_, output: the terminal. prompt: returns the
    line editor.
    """

    def __init__(
        self, console: Console, input_: Input, output: Output, prompt: Callable[[], Prompt]
    ) -> None:
        self._console = console
        self._input = input_
        self._output = output
        self._prompt = prompt

    def stop(self) -> None:
        """Stops this process after the terminal has accepted what was shown."""
        self._console.drain(STOP_SECONDS)
        stop()

    def suspend(self) -> None:
        """Handles Ctrl-Z: restores the terminal and stops until the shell continues this process. A
        running snippet continues.
        """
        if self._prompt().is_open:
            self._prompt().show_above(self.stop)
            return
        self._console.end_status()
        self._output.disable_bracketed_paste()
        self._output.flush()
        with self._input.cooked_mode():
            self.stop()
        self._output.enable_bracketed_paste()
        self._output.flush()

    def resume(self) -> None:
        """Handles SIGCONT after a stop without preparation: takes the terminal back from the
        shell.
        """
        # The same signal arrives with a hang-up, after which there is no terminal.
        with suppress(OSError, termios.error):
            self._input.raw_mode().__enter__()  # the enclosing block restores it
            if self._prompt().is_open:
                self._prompt().paint_anew()
            else:
                self._output.enable_bracketed_paste()
                self._output.flush()
