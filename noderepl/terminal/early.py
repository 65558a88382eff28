"""The first prompt, on screen before the line editor is loaded, and the keyboard from then on.

The line editor takes longer to import than a person should wait for a prompt. What is typed meanwhile stays in the
terminal's buffer, is not echoed, and is read by the line editor when it comes. Imports the standard library only.
"""

from __future__ import annotations

import termios
from typing import TextIO

from noderepl.terminal.gone import drop_rest, is_hung_up

PROMPT = "> "
ERASE_LINE = "\r\x1b[K"
BRACKETED_PASTE, PLAIN_PASTE = "\x1b[?2004h", "\x1b[?2004l"


class EarlyPrompt:
    """Shows a banner and a prompt, and keeps the terminal raw inside its block: no echo, and Ctrl-C is a key.

    input_, output: the terminal. banner: a line above the prompt; none where it is empty. visible: whether to show the
    prompt too; erase() or the end of the block takes it away, so that what comes next stands in its place.
    """

    def __init__(self, input_: TextIO, output: TextIO, *, banner: str, visible: bool) -> None:
        self._input = input_
        self._output = output
        self._before = termios.tcgetattr(input_)
        self._banner = banner
        self._visible = visible

    def __enter__(self) -> EarlyPrompt:
        raw = termios.tcgetattr(self._input)
        raw[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
        raw[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
        raw[6][termios.VMIN] = 1
        termios.tcsetattr(self._input, termios.TCSANOW, raw)
        # A paste that comes before the line editor must be one unit as well.
        self._write((f"{self._banner}\n" if self._banner else "") + (BRACKETED_PASTE + PROMPT if self._visible else ""))
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.erase()
            termios.tcsetattr(self._input, termios.TCSANOW, self._before)
        except (OSError, termios.error) as error:
            if not is_hung_up(error):
                raise
            drop_rest(self._output)

    def erase(self) -> None:
        """Takes the prompt away where it is still there."""
        if self._visible:
            self._visible = False
            self._write(ERASE_LINE + PLAIN_PASTE)

    def _write(self, text: str) -> None:
        encoding = self._output.encoding
        self._output.write(text.encode(encoding, "replace").decode(encoding))
        self._output.flush()
