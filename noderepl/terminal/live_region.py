"""The lines of a program's output on the screen, which change in place: text in, what to write out.

The program's sequences never reach the terminal: own_lines.py follows them, and what is written are
whole rows. Output without movement passes as it is. This module does no I/O.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from noderepl.terminal.escapes import COLOUR, visible
from noderepl.terminal.own_lines import OwnLines, begun, is_live

# The characters for each cell that are read again when output begins to move.
PER_CELL = 4
# The characters from which on plain output passes as it is again.
LONG = 2000


class LiveRegion:
    """The last rows of one program's output, at the end of which the cursor is.

    columns: the width of the terminal. height: the maximum number of rows that can change. colour:
    whether colours are shown. prefix: what each row begins with, safe for a terminal, of `indent`
    columns; if there is one, the cursor is always on the line below the rows. number: of the
    snippet, None for the running one.
    """

    def __init__(
        self,
        columns: int,
        height: int,
        *,
        colour: bool,
        number: int | None = None,
        prefix: str = "",
        indent: int = 0,
    ) -> None:
        self.columns, self.number = columns, number
        self._height = height
        self._width = columns - indent
        self._colour = colour
        self._prefix = prefix
        self._lines: OwnLines | None = None
        self._tail: deque[tuple[str, str]] = deque()
        self._tail_size = 0
        self._most = max(self._width, 1) * height * PER_CELL
        self._is_inside = False
        self._is_ended = True
        self._begun: dict[str, str] = {}
        self._painted: Sequence[str] = [""]
        self._ahead = 0

    @property
    def is_open(self) -> bool:
        """Whether the cursor is on a row with text."""
        return not self._is_ended if self._lines is None else bool(self._painted[-1])

    def feed(
        self, text: str, stream: str, base: str = "", plain: Callable[[str], str] = str
    ) -> str:
        """Returns what to write for more output.

        stream: the name of its stream. base: the sequence of the colour of its text. plain: returns
        text that only has colours and lines, made safe for the terminal.
        """
        text = self._begun.pop(stream, "") + text
        if cut := begun(text):
            self._begun[stream] = text[-cut:]
            text = text[:-cut]
        return self._fed(text, base, plain)

    def _fed(self, text: str, base: str, plain: Callable[[str], str]) -> str:
        if not text:
            return ""
        if self._lines is None and not is_live(text) and not (self._prefix and text[-1] != "\n"):
            self._remember(text, base)
            return plain(text)
        if self._lines is not None and len(text) >= LONG and self._is_still(text, self._lines):
            self._lines, self._is_inside = None, False
            self._remember("\n".join(self._painted), "")
            self._remember(text, base)
            return plain(text)
        lines = self._live()
        before = "\n" if self._is_inside else ""
        self._is_inside = False
        lines.feed(text if self._colour else COLOUR.sub("", text), base)
        return before + self._paint(lines)

    def _is_still(self, text: str, lines: OwnLines) -> bool:
        """Returns whether a text only continues what is on the screen."""
        is_shown = not self._prefix and not self._ahead and self._painted == self._rows(lines)
        return is_shown and lines.is_at_end and not is_live(text)

    def overlay(self, text: str) -> str:
        """Returns what to write to show text at the program's cursor, until the next output."""
        lines = self._live().copy()
        lines.feed(text)
        pushed = len(lines.gone)
        shown = self._paint(lines)
        self._ahead += pushed
        return shown

    def end(self) -> str:
        """Returns what to write to remove an overlay, and to put the cursor at the beginning of a
        line below the output.
        """
        rest, self._begun = "".join(self._begun.values()), {}
        shown = self._fed(visible(rest, colour=False), "", str)
        if self._lines is not None:
            self._lines.trim()
            shown += self._paint(self._lines)
        return shown + "\n" if self.is_open else shown

    def _live(self) -> OwnLines:
        """Returns the rows; reads again what is on the screen if nothing has moved yet."""
        if self._lines is None:
            self._lines = OwnLines(self._width, self._height)
            if not self._prefix:
                for text, base in self._tail:
                    self._lines.feed(text, base)
                self._lines.gone.clear()
            self._tail.clear()
            self._painted = self._rows(self._lines)
        return self._lines

    def _remember(self, text: str, base: str) -> None:
        """Stores plain output, as much as there is in the rows."""
        self._is_ended = text.endswith("\n")
        if self._is_inside:
            _, found, text = text.partition("\n")
            if not found:
                return
            self._is_inside = False
        self._tail.append((text, base))
        self._tail_size += len(text)
        if self._tail_size <= 2 * self._most:
            return
        while self._tail_size > self._most:
            text, base = self._tail.popleft()
            self._tail_size -= len(text)
        if not self._tail:
            self._tail.append((text[-self._most :], base))
        while self._tail:
            text, base = self._tail.popleft()
            _, found, text = text.partition("\n")
            if found:
                self._tail.appendleft((text, base))
                break
        self._tail_size = sum(len(part) for part, _ in self._tail)
        # The column is not known in the rest of a line.
        self._is_inside = not self._tail

    def _rows(self, lines: OwnLines) -> Sequence[str]:
        """Returns what is on the screen: the rows, with the one of the cursor at the end."""
        texts = [row.text for row in lines.rows]
        if not self._prefix:
            return texts
        if not texts[-1]:
            texts.pop()
        return [*(self._prefix + text for text in texts), ""]

    def _paint(self, lines: OwnLines) -> str:
        """Returns what to write to replace the painted rows by the present ones."""
        gone = [self._prefix + text for text in lines.gone]
        lines.gone.clear()
        rows = [*gone, *self._rows(lines)][self._ahead :] or [""]
        left = max(len(gone) - self._ahead, 0)
        self._ahead = max(self._ahead - len(gone), 0)
        before, self._painted = self._painted, rows[left:]
        if rows == before:
            return ""
        same = 0
        while same < min(len(rows), len(before)) and rows[same] == before[same]:
            same += 1
        if same < len(before):
            same = min(same, len(rows) - 1)
        body = "\n".join(rows[same:])
        # A row has the width that the rows are counted by, whatever the terminal makes of its
        # characters.
        body = body if body.isascii() else f"\x1b[?7l{body}\x1b[?7h"
        up = len(before) - 1 - same
        if up < 0:
            return f"\n{body}"
        return f"\r\x1b[{up}A\x1b[J{body}" if up else f"\r\x1b[J{body}"
