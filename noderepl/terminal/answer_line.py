"""The line that the user types while a snippet asks for input, as a terminal's driver edits it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys

# The keys that programs read besides text, as a terminal sends them.
_KEYS = {
    Keys.Up: "\x1b[A",
    Keys.Down: "\x1b[B",
    Keys.Right: "\x1b[C",
    Keys.Left: "\x1b[D",
    Keys.Home: "\x1b[H",
    Keys.End: "\x1b[F",
    Keys.Delete: "\x1b[3~",
    Keys.PageUp: "\x1b[5~",
    Keys.PageDown: "\x1b[6~",
    Keys.Tab: "\t",
    " ": " ",
}
MOST = 100_000
"""Characters of a line."""


def without_last_word(text: str) -> str:
    """Returns a line without its last word and the blanks behind it."""
    rest = text.rstrip()
    words = rest.rsplit(maxsplit=1)
    return rest[: len(rest) - len(words[-1])] if words else ""


class AnswerLine:
    """Edits lines for a snippet.

    show: shows the line so far at the snippet's cursor, with whether it is complete. send: sends a
    line with its end, several from a paste, a line without its end (Ctrl-D), a key, or None for the
    end of the input.
    """

    def __init__(
        self, show: Callable[[str, bool], None], send: Callable[[str | None], None]
    ) -> None:
        self._show = show
        self._send = send
        self._text = ""
        self._presses: list[KeyPress] = []
        self._is_open = self._has_keys = False

    def open(self, has_keys: bool) -> None:
        """Takes keys from here on. has_keys: whether the snippet reads each key: one that edits no
        line is then sent at once.
        """
        self._is_open, self._has_keys = True, has_keys

    def drop(self) -> None:
        """Empties the line."""
        if self._text:
            self._text, self._presses = "", []
            self._show("", False)

    def close(self) -> Sequence[KeyPress]:
        """Takes no more keys. Returns those of the line that has not been sent."""
        self._is_open = False
        presses, self._presses, self._text = self._presses, [], ""
        return presses

    def take(self, press: KeyPress) -> bool:
        """Takes a key; one without an effect is dropped. Returns whether keys are taken."""
        if not self._is_open:
            return False
        match press.key:
            case str(key) if self._has_keys and not self._text and key in _KEYS:
                self._send(_KEYS[key])
            case Keys.ControlM | Keys.ControlJ:
                self._end(self._text)
            case Keys.ControlD if not self._text:
                self._send(None)
            case Keys.ControlD:
                self._end(self._text, "")
            case Keys.ControlH:
                self._change(self._text[:-1], press)
            case Keys.ControlU:
                self._change("", press)
            case Keys.ControlW:
                self._change(without_last_word(self._text), press)
            case Keys.BracketedPaste:
                text = self._text + press.data.replace("\r", "\n")
                lines, end, rest = text.rpartition("\n")
                if end:
                    self._end(lines)
                self._change(rest, KeyPress(Keys.BracketedPaste, rest))
            case str(key) if len(key) == 1 and not isinstance(key, Keys):
                self._change(self._text + key, press)
        return True

    def _change(self, text: str, press: KeyPress) -> None:
        self._presses.append(press)
        if not text:
            self._presses = []
        self._text = text[:MOST]
        self._show(self._text, False)

    def _end(self, line: str, end: str = "\n") -> None:
        self._show(line, True)
        self._text = ""
        self._presses = []
        self._send(line + end)
