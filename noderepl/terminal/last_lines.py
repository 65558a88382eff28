"""The lines at the end of the screen that a snippet has written and may still change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from noderepl.outcome import Output
from noderepl.terminal.drawing import Drawing
from noderepl.terminal.folding import PAGE_HINT, Fold, left_out
from noderepl.terminal.line_parts import LinePart
from noderepl.terminal.live_region import LiveRegion
from noderepl.terminal.pieces import Piece
from noderepl.terminal.streams import Stream
from noderepl.terminal.tables import one_line

Status = str | Sequence[LinePart]


class LastLines:
    """Writes the output of snippets, in place where that is possible.

    stdout, stderr: the streams of the console. drawing: draws for them. end_status: removes the
    status below the lines; called before something is written.
    """

    def __init__(
        self, stdout: Stream, stderr: Stream, drawing: Drawing, end_status: Callable[[], None]
    ) -> None:
        self._stdout, self._stderr = stdout, stderr
        self._drawing = drawing
        self._end_status = end_status
        self._region: LiveRegion | None = None
        self._open: Stream | None = None
        self._typed = ""
        self._fold: Fold | None = None

    def begin(self, is_stored: Callable[[], bool]) -> None:
        """Begins with the next snippet, of which long output is folded; see Fold."""
        self.end()
        self._fold = Fold(is_stored)

    @property
    def rows(self) -> int:
        """The rows of the terminal if long output is folded, else 0."""
        is_one = self._stdout.is_terminal and self._stdout.is_one(self._stderr)
        return self._stdout.rows() if self._fold is not None and is_one else 0

    def status(self, status: Status) -> Status | None:
        """Returns the status with the number of lines that are left out at present; None if it must
        not change yet.
        """
        if self._fold is None or not self._fold.is_closed:
            return status
        if not self._fold.is_due():
            return None
        count = left_out(self._fold.lines)
        return f"{count} · {status}" if isinstance(status, str) else [LinePart(count), *status]

    def ask(self) -> str:
        """Folds nothing that is written before a question to the user. Returns the last lines that
        were left out, for write() or follow(): they may be the question.
        """
        if self._fold is None:
            return ""
        lines, text = self._fold.last_lines()
        self._show_left_out(lines)
        return text

    @property
    def is_open(self) -> bool:
        """Whether the cursor is in a line of output."""
        return self._open is not None

    def write(self, output: Output) -> None:
        """Writes output that may change the last lines of its snippet."""
        output = self._taken(output)
        if output.text:
            self._end_status()
            region = self._region_of(output.number)
            self._stdout.put(self._drawing.output(output, region))
            if self._typed and output.number is None:
                self._stdout.write([region.overlay(self._typed)])
            self._open = self._stdout if region.is_open else None
        self._close()

    def follow(self, output: Output) -> Output:
        """Notes output of the running snippet that is written as it is. Returns the part to
        write.
        """
        output = self._taken(output)
        if self._region is not None:
            self._end_line()
        if output.text:
            if self._is_closed and not output.text.endswith("\n"):
                output = replace(output, text=output.text + "\n")
            stream = self._stdout if output.stream == "stdout" else self._stderr
            self._open = None if output.text.endswith("\n") else stream
        self._close()
        return output

    def show_typed(self, text: str, *, is_sent: bool) -> None:
        """Shows what the user types for the running snippet, at its cursor. is_sent: whether the
        snippet gets it, whose next output then contains it.
        """
        region = self._region_of(None)
        self._stdout.write([region.overlay(text)])
        self._open = self._stdout if region.is_open else None
        self._typed = "" if is_sent else text

    def leave(self) -> None:
        """Changes no line so far: other text may be below it, or in its place."""
        self._region = None

    def drop(self) -> None:
        """Forgets the lines: the screen does not have them, and the cursor is in an empty line."""
        self._region = self._open = None

    def end(self) -> None:
        """Ends the last line, and shows how many lines are left out."""
        self._end_line()
        if self._fold is not None:
            self._show_left_out(self._fold.end())

    def _end_line(self) -> None:
        if self._region is not None or self._open is not None:
            self._end_status()
        if self._region is not None:
            self._stdout.write([self._region.end()])
        elif self._open is not None:
            self._open.write(["\n"])
        self._region = self._open = None
        self._typed = ""

    @property
    def _is_closed(self) -> bool:
        return self._fold is not None and self._fold.is_closed

    def _taken(self, output: Output) -> Output:
        """Returns the part of output to paint now."""
        if self._fold is None or output.number is not None or not self.rows:
            return output
        lines, text = self._fold.take(output.text, self._stdout.columns(), self.rows)
        self._show_left_out(lines)
        return replace(output, text=text)

    def _close(self) -> None:
        """Ends the last line if further output is left out; what the user types stays there."""
        if self._is_closed and not self._typed:
            self._end_line()

    def _show_left_out(self, lines: int) -> None:
        if lines:
            self._end_status()
            typed = self._typed
            self._end_line()
            self._typed = typed
            text = one_line(left_out(lines, PAGE_HINT), self._stdout.columns())
            self._stdout.write(
                self._drawing.safe([Piece("value-elided", text + "\n")], self._stdout)
            )

    def _region_of(self, number: int | None) -> LiveRegion:
        """Returns the region of a snippet's output, a new one if other output is below the last.
        number: as of Output.
        """
        if self._region is None or not self._drawing.has(self._region, number):
            typed = self._typed
            end = self._end_line if number is None else self.end
            end()
            self._region, self._typed = self._drawing.region(number), typed
        return self._region
