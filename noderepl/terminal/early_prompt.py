"""The first prompt, on the screen before the line editor is imported, and the keyboard until then.

The import of the line editor takes longer than a prompt should. Text that is typed meanwhile is not
echoed, and the line editor reads it when it starts. A whole line runs before that: see repl.py.
This module imports the standard library only.
"""

from __future__ import annotations

import os
import select
import termios
from collections.abc import Callable
from typing import TextIO

from noderepl.signals import before_end
from noderepl.terminal.hangup import is_hung_up
from noderepl.unread import WRITE_SECONDS, drop_rest, write_within

PROMPT = "> "
ERASE_LINE = "\r\x1b[K"
PREVIOUS_LINE = "\x1b[A"
BRACKETED_PASTE, PLAIN_PASTE = "\x1b[?2004h", "\x1b[?2004l"
# The maximum number of bytes of a line that runs before the line editor is there.
LONGEST_LINE = 256


class EarlyPrompt:
    """Shows a banner and a prompt; inside its block the terminal is raw: no echo, and Ctrl-C is a
    key.

    input_, output: the terminal. banner: a line above the prompt; none if empty. visible: whether
    to show the prompt too. The prompt is removed by the text of taken() or at the end of the block,
    so that the next output replaces it. `.unread`: what was read from the terminal and must reach
    the line editor.
    """

    def __init__(self, input_: TextIO, output: TextIO, *, banner: str, visible: bool) -> None:
        self._input = input_
        self._output = output
        self._before = termios.tcgetattr(input_)
        self._banner = banner
        self._visible = self._takes_pastes = visible
        self.unread = b""

    def __enter__(self) -> EarlyPrompt:
        # Until the event loop handles signals.
        before_end(self._restore)
        raw = termios.tcgetattr(self._input)
        raw[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        raw[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        raw[6][termios.VMIN] = 1
        termios.tcsetattr(self._input, termios.TCSANOW, raw)
        # A paste that arrives before the line editor must also be one unit.
        self._write(
            (f"{self._banner}\n" if self._banner else "")
            + (BRACKETED_PASTE + PROMPT if self._visible else "")
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _restore(self) -> None:
        try:
            self._write(self.taken())
            termios.tcsetattr(self._input, termios.TCSANOW, self._before)
        except (OSError, termios.error) as error:
            if not is_hung_up(error):
                raise
            drop_rest(self._output)

    def taken(self) -> str:
        """Returns the text that removes the prompt from the screen; empty if it has been
        removed.
        """
        text = ERASE_LINE if self._visible else ""
        text += PLAIN_PASTE if self._takes_pastes else ""
        self._visible = self._takes_pastes = False
        return text

    def line(self, may_run: Callable[[str], bool]) -> str | None:
        """Returns the line that was typed, without its end; then ERASE_LINE must remove the prompt.
        None if something else was typed, or nothing.

        may_run: whether a line of printable ASCII characters runs without the line editor.
        """
        text = self.typed(may_run)
        if text is not None:
            self.unread, self._visible = b"", False
        return text

    def typed(self, may_run: Callable[[str], bool]) -> str | None:
        """Returns what line() would return, and leaves it in `.unread`."""
        if not self._visible:
            return None
        try:
            if self._has_input():
                self.unread += os.read(self._input.fileno(), LONGEST_LINE)
            # Before the terminal was raw, its driver has replaced CR by LF.
            is_all = self.unread.endswith((b"\r", b"\n")) and not self._has_input()
        except OSError:  # the line editor reports that the terminal is gone
            return None
        text = self.unread[:-1].decode("ascii", "replace")
        if not (is_all and text.isascii() and text.isprintable() and may_run(text)):
            return None
        return text

    def again(self) -> str:
        """Returns the text that shows the prompt again, below other output."""
        text = PROMPT if self._takes_pastes else BRACKETED_PASTE + PROMPT
        self._visible = self._takes_pastes = True
        return text

    def _has_input(self) -> bool:
        return bool(select.select([self._input], [], [], 0)[0])

    def show_banner(self, banner: str) -> None:
        """Puts a banner in the place of the one of the start, above the prompt. banner: fits into
        the terminal; empty for none.
        """
        if not banner:
            return
        prompt = ERASE_LINE + PROMPT if self._visible else ""
        if not self._banner:
            self._write(f"{ERASE_LINE if self._visible else ''}{banner}\n{prompt}")
        elif len(self._banner) <= len(banner):  # otherwise it is wrapped
            self._write(f"{PREVIOUS_LINE}{ERASE_LINE}{banner}\n{prompt}")

    def _write(self, text: str) -> None:
        if not text:
            return
        if not select.select([], [self._output], [], WRITE_SECONDS)[1]:
            # The console shows the prompt later, when the terminal accepts output.
            self._visible, self._banner = False, ""
            return
        encoding = self._output.encoding
        write_within(self._output, text.encode(encoding, "replace").decode(encoding))
