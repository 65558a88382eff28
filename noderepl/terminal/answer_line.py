"""The line that the user types while a snippet asks for input, as a terminal's driver edits it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys

_LAST_WORD = re.compile(r"\S*\s*\Z")
MOST = 100_000
"""Characters of a line."""


class AnswerLine:
    """Edits lines for a snippet.

    show: shows the line so far at the snippet's cursor, with whether it is complete. send: sends a
    line with its end, None for the end of the input. `.is_open`: whether the keys are for the
    snippet.
    """

    def __init__(
        self, show: Callable[[str, bool], None], send: Callable[[str | None], None]
    ) -> None:
        self._show = show
        self._send = send
        self._text = ""
        self._presses: list[KeyPress] = []
        self.is_open = False

    def drop(self) -> None:
        """Empties the line."""
        if self._text:
            self._text, self._presses = "", []
            self._show("", False)

    def close(self) -> Sequence[KeyPress]:
        """Takes no more keys. Returns those of the line that has not been sent."""
        self.is_open = False
        presses, self._presses, self._text = self._presses, [], ""
        return presses

    def take(self, press: KeyPress) -> bool:
        """Takes a key; one without an effect is dropped. Returns whether keys are taken."""
        if not self.is_open:
            return False
        match press.key:
            case Keys.ControlM | Keys.ControlJ:
                self._end(self._text)
            case Keys.ControlD if not self._text:
                self._send(None)
            case Keys.ControlH:
                self._change(self._text[:-1], press)
            case Keys.ControlU:
                self._change("", press)
            case Keys.ControlW:
                self._change(_LAST_WORD.sub("", self._text), press)
            case Keys.BracketedPaste:
                *lines, rest = (self._text + press.data.replace("\r", "\n")).split("\n")
                for line in lines:
                    self._end(line)
                self._change(rest, press)
            case str(key) if len(key) == 1 and not isinstance(key, Keys):
                self._change(self._text + key, press)
        return True

    def _change(self, text: str, press: KeyPress) -> None:
        self._presses.append(press)
        self._text = text[:MOST]
        self._show(self._text, False)

    def _end(self, line: str) -> None:
        self._show(line, True)
        self._text = ""
        self._presses = []
        self._send(f"{line}\n")
