"""The lines at the end of the screen that a snippet has written and may still change."""

from __future__ import annotations

from noderepl.outcome import Output
from noderepl.terminal.drawing import Drawing
from noderepl.terminal.live_region import LiveRegion
from noderepl.terminal.streams import Stream


class LastLines:
    """Writes the output of snippets, in place where that is possible.

    stdout, stderr: the streams of the console. drawing: draws for them.
    """

    def __init__(self, stdout: Stream, stderr: Stream, drawing: Drawing) -> None:
        self._stdout, self._stderr = stdout, stderr
        self._drawing = drawing
        self._region: LiveRegion | None = None
        self._open: Stream | None = None
        self._typed = ""

    @property
    def is_open(self) -> bool:
        """Whether the cursor is in a line of output."""
        return self._open is not None

    def write(self, output: Output) -> None:
        """Writes output that may change the last lines of its snippet."""
        region = self._region_of(output.number)
        self._stdout.put(self._drawing.output(output, region))
        if self._typed and output.number is None:
            self._stdout.write([region.overlay(self._typed)])
        self._open = self._stdout if region.is_open else None

    def follow(self, output: Output) -> None:
        """Notes output of the running snippet that is written as it is."""
        if self._region is not None:
            self.end()
        if output.text:
            stream = self._stdout if output.stream == "stdout" else self._stderr
            self._open = None if output.text.endswith("\n") else stream

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
        """Ends the last line."""
        if self._region is not None:
            self._stdout.write([self._region.end()])
        elif self._open is not None:
            self._open.write(["\n"])
        self._region = self._open = None
        self._typed = ""

    def _region_of(self, number: int | None) -> LiveRegion:
        """Returns the region of a snippet's output, a new one if other output is below the last.
        number: as of Output.
        """
        if self._region is None or not self._drawing.has(self._region, number):
            typed = self._typed
            self.end()
            self._region, self._typed = self._drawing.region(number), typed
        return self._region
