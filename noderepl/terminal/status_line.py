"""The line below the output while something runs, rewritten in place and removed before other
output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from noderepl.terminal.drawing import Drawing
from noderepl.terminal.line_parts import LinePart, fitted
from noderepl.terminal.pieces import Piece
from noderepl.terminal.progress_bar import progress_bar
from noderepl.terminal.streams import Stream
from noderepl.terminal.tables import one_line

CLEAR_LINE = "\r\x1b[K"
SPINNER, ASCII_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"
FRAMES_PER_SECOND = 5


def frame(seconds: float, encoding: str) -> str:
    """Returns the picture of a spinner after a time. encoding: of the terminal."""
    frames = SPINNER if encoding.lower().replace("-", "") == "utf8" else ASCII_SPINNER
    return frames[int(seconds * FRAMES_PER_SECOND) % len(frames)]


class StatusLine:
    """One line of a terminal. stream: the terminal; without one nothing is shown. drawing: draws
    for it. is_free: returns whether the cursor is at the beginning of an empty line.
    """

    def __init__(self, stream: Stream, drawing: Drawing, is_free: Callable[[], bool]) -> None:
        self._stream = stream
        self._drawing = drawing
        self._is_free = is_free
        self._line = ""
        self._has_bar = False

    def progress(self, label: str, done: int, total: int | None) -> None:
        """Shows the progress of a transfer; see Console.progress()."""
        if not self._stream.can_move:
            return
        if total is not None and done >= total:
            self.end()
            return
        self._has_bar = True
        self._write(progress_bar(label, done, total, self._stream.columns()))

    def step(self, text: str, is_line: bool = False) -> None:
        """Shows the progress in words. is_line: whether it is written, as a line that stays, if
        the stream is not a terminal.
        """
        if self._stream.can_move:
            self._has_bar = True
            self._write(self._words(text))
        elif is_line and text:
            self._stream.write([*self._drawing.safe([Piece("note", text)], self._stream), "\n"])

    def show(self, status: str | Sequence[LinePart]) -> None:
        """Shows a status, unless there is progress, or the terminal has not accepted everything."""
        if (
            self._stream.can_move
            and not self._has_bar
            and self._is_free()
            and not self._stream.is_waiting
        ):
            if isinstance(status, str):
                self._write(self._words(status))
            else:
                parts = fitted(status, self._stream.columns() - 2)
                self._write([Piece("toolbar", " "), *parts])

    def end(self) -> None:
        """Removes the line."""
        self._has_bar = False
        if self._line:
            self._line = ""
            self._stream.write([CLEAR_LINE])

    def forget(self) -> None:
        """Notes that the terminal does not have the line."""
        self._line = ""

    def _words(self, text: str) -> list[Piece]:
        return [Piece("note", one_line(text, max(self._stream.columns() - 1, 10)))]

    def _write(self, pieces: Iterable[Piece]) -> None:
        line = CLEAR_LINE + "".join(self._drawing.safe(pieces, self._stream))
        if line != self._line:
            self._line = line
            self._stream.write([line])
