"""Long output at the prompt: how many rows it takes, which part of it is shown, and the number of
lines that are left out.

A *screen* is the height of the terminal. This module does no I/O.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from noderepl.lazy_patterns import lazy_pattern
from noderepl.terminal.own_lines import TAB, is_live
from noderepl.terminal.tables import columns_of

PAGE_HINT = " · %page"
# Output of more screens is folded; a snippet may write as much in this time without being folded.
SCREENS, SECONDS = 2, 10.0
# The rows below the first screen: the line of the fold, the prompt and the toolbar.
BELOW = 4
# The seconds between two changes of the live count.
COUNT_SECONDS = 0.1
# The characters of the end of folded output, of which the last lines are shown before a question.
TAIL, TAIL_LINES = 2000, 3
# The characters for each column of a line that are measured; a colour has about twenty.
PER_COLUMN = 24
_SEQUENCE = lazy_pattern(r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b[78]")
_MOVE = lazy_pattern(r"\x1b\[(\d{0,4})(?:;\d{0,4})?([ABEFHf])")


class Rows:
    """Counts the rows that a text adds to a terminal's screen.

    columns, rows: of the terminal. A text that moves up and writes over its lines adds none.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._height = max(columns, 2), max(rows, 1)
        self._column = self._above = self._total = 0

    def resize(self, columns: int, rows: int) -> None:
        """Sets the size of the terminal."""
        self._columns, self._height = max(columns, 2), max(rows, 1)

    def add(self, text: str, most: float) -> tuple[int, int]:
        """Counts whole lines of a text while they add at most `most` rows, and the rest of the text
        if it fits. Returns the number of characters and of rows that were counted.
        """
        at = rows = 0
        while at < len(text):
            end = text.find("\n", at) + 1 or len(text)
            state = self._column, self._above, self._total
            room = most - rows + 1
            longest = end if room == float("inf") else at + int(room) * self._columns * PER_COLUMN
            added = self._line(text[at : min(end, longest)], is_ended=end <= longest)
            if rows + added > most:
                self._column, self._above, self._total = state
                break
            rows += added
            at = end
        return at, rows

    def _line(self, line: str, *, is_ended: bool) -> int:
        """Counts a line, or its beginning. Returns the rows that it adds."""
        body = line.rstrip("\n")
        if "\x1b" in body:
            for number, final in _MOVE.findall(body):
                self._move(int(number or 1) or 1, final)
            body = _SEQUENCE.sub("", body)
        if "\r" in body or "\x08" in body:
            width_of = len if body.isascii() else _width
            widths = list(map(width_of, body.replace("\x08", "\r").split("\r")))
        else:
            widths = [_width(body)]
        widths[0] += self._column
        width = widths[-1]
        has_end = is_ended and line.endswith("\n")
        # A full row wraps at the next character.
        self._column = 0 if has_end or not width else (width - 1) % self._columns + 1
        needed = sum((one - 1) // self._columns for one in widths if one > self._columns) + has_end
        reused = min(needed, self._above)
        self._above -= reused
        self._total += needed - reused
        return needed - reused

    def _move(self, count: int, final: str) -> None:
        """Follows a vertical movement of the cursor."""
        highest = min(self._total, self._height - 1)
        if final in "AF":
            self._above = min(self._above + count, highest)
        elif final in "BE":
            self._above = max(self._above - count, 0)
        else:
            self._above = max(highest - (count - 1), 0)

    def inside(self, text: str, most: int) -> int:
        """Returns the number of characters at the beginning of a line that fit into rows."""
        left = most * self._columns
        at = 0
        while at < len(text):
            if found := _SEQUENCE.match(text, at):
                at = found.end()
                continue
            left -= 1 if text[at].isascii() else columns_of(text[at])
            if left < 0:
                break
            at += 1
        return at


def _width(text: str) -> int:
    return columns_of(text) + text.count("\t") * (TAB - 1)


def first_screen(text: str, columns: int, rows: int) -> int:
    """Returns the number of characters of a text that are shown: all, unless it takes more than two
    screens; then those of the first screen, up to a line end if there is one.

    columns, rows: of the terminal.
    """
    if len(text) < SCREENS * rows:
        return len(text)
    counted, _ = Rows(columns, rows).add(text, SCREENS * rows)
    if counted == len(text):
        return counted
    most = max(rows - BELOW, 1)
    counted, _ = Rows(columns, rows).add(text, most)
    return counted or Rows(columns, rows).inside(text, most)


def lines_in(text: str) -> int:
    """Returns the number of lines of a text."""
    return text.count("\n") + (not text.endswith("\n") and text != "")


def left_out(lines: int, hint: str = "") -> str:
    """Returns the line below folded text. lines: that are left out. hint: what shows them."""
    return f"… {lines:,} more line{'s' if lines != 1 else ''}{hint}"


class Fold:
    """Decides which output of the running snippet is painted as it arrives.

    Output is painted while at most two screens of it arrive in ten seconds; what is beyond is
    counted, until at most one screen arrives in ten seconds. is_stored: returns whether what is not
    painted is stored elsewhere; otherwise everything is painted. `.is_closed`: whether output is
    counted at present.
    """

    def __init__(
        self, is_stored: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._is_stored = is_stored
        self._clock = clock
        self._counted_at = float("-inf")
        self.begin()

    def begin(self) -> None:
        """Begins with the next snippet, or after a question to the user."""
        self._window: deque[tuple[float, int]] = deque()
        self._in_window = 0
        self._rows = Rows(80, 24)
        self._lines, self._tail = 0, ""
        self.is_closed = False

    def take(self, text: str, columns: int, rows: int) -> tuple[int, str]:
        """Takes output. Returns the number of lines that were left out before it, if painting
        begins again, and the part to paint now.

        columns, rows: of the terminal.
        """
        if not self._is_stored():
            return self.end(), text
        now, most = self._clock(), SCREENS * rows
        while self._window and now - self._window[0][0] > SECONDS:
            self._in_window -= self._window.popleft()[1]
        self._rows.resize(columns, rows)
        before, is_moving = self._in_window, is_live(text)
        room = max((rows if self.is_closed else most) - before, 0)
        counted, added = self._rows.add(text, float("inf") if is_moving else room)
        if counted == len(text) and added <= room and (room or not self.is_closed):
            self._arrive(now, added)
            return self.end(), text
        self._arrive(now, added if is_moving else max(lines_in(text), 1))
        if is_moving or self.is_closed:
            counted = 0
        elif counted == before == 0:
            counted = self._rows.inside(text, most)
        self.is_closed = True
        self._lines += text.count("\n", counted)
        self._tail = (self._tail + text[max(len(text) - TAIL, counted) :])[-TAIL:]
        return 0, text[:counted]

    def end(self) -> int:
        """Paints again. Returns the number of lines that were left out."""
        lines = self.lines
        self._lines, self._tail, self.is_closed = 0, "", False
        return lines

    @property
    def lines(self) -> int:
        """The number of lines that are left out at present."""
        return self._lines + (self._tail != "" and not self._tail.endswith("\n"))

    def last_lines(self) -> tuple[int, str]:
        """Paints again, because the user is asked. Returns the number of lines that were left out,
        and the last few of them, with the beginning of an unfinished one.
        """
        shown = "".join(self._tail.splitlines(keepends=True)[-TAIL_LINES:])
        lines = max(self.lines - lines_in(shown), 0)
        self.begin()
        return lines, shown

    def is_due(self) -> bool:
        """Returns whether the live count may change again."""
        now = self._clock()
        if now - self._counted_at < COUNT_SECONDS:
            return False
        self._counted_at = now
        return True

    def _arrive(self, now: float, rows: int) -> None:
        """Counts rows in the window, in parts of half a second."""
        self._in_window += rows
        if self._window and now - self._window[-1][0] < SECONDS / 20:
            self._window[-1] = (self._window[-1][0], self._window[-1][1] + rows)
        else:
            self._window.append((now, rows))
