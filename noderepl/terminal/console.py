"""The only writer: data to stdout, messages to stderr, safe for a terminal, in colour if
configured.

prompt_toolkit is imported only when something is written in colour. render.py decides what an
outcome looks like.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TextIO

from noderepl.outcome import Execution, Outcome, Output, Page, Thrown, Words
from noderepl.terminal.drawing import Drawing, Drawn, page_texts
from noderepl.terminal.last_lines import LastLines
from noderepl.terminal.line_parts import LinePart
from noderepl.terminal.outcome_length import length_of
from noderepl.terminal.pictures import Pictures
from noderepl.terminal.pieces import Part, Piece, Rendered
from noderepl.terminal.render import render, render_error, render_output, render_plain
from noderepl.terminal.status_line import StatusLine, frame
from noderepl.terminal.streams import Colour, Screen, Stream, writers_of
from noderepl.terminal.themes import Theme
from noderepl.threaded import worked
from noderepl.units import human_size

CLEAR_SCREEN = "\x1b[H\x1b[2J\x1b[3J"
# Resets the colour, turns bracketed paste off, shows the cursor.
FAREWELL = b"\x1b[0m\x1b[?2004l\x1b[?25h\r\n"
# The number of bytes waiting for a slow reader above which no more output is requested.
ROOM = 1 << 20
# After Ctrl-C, a screen that has been behind for this time does not get the rest.
BEHIND_SECONDS = 0.3
# After Ctrl-C and this time, further output is dropped also if the screen is not behind.
HURRY_SECONDS = 1.0
DROPPED = "{} of output were not shown{}."


class Console:
    """The two output streams of the process.

    stdout, stderr: the streams of data and messages. theme: the colours. color: the setting, see
    use_colour. environ: the user's environment. at_failure: called when stdout cannot be written
    any more. at_prompt: as for render(). If the reader of a stream has exited (`| head -1`),
    further output is dropped, and `.unwritable` is the error. `.is_live`: whether snippets may
    change the last lines of their output. `.shows_undefined`: whether the result undefined is
    shown. In an event loop only room() and drained() wait for a slow reader.
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        theme: Theme,
        color: Colour,
        environ: Mapping[str, str],
        at_failure: Callable[[], None] = lambda: None,
        at_prompt: bool = False,
    ) -> None:
        self._at_prompt, self._environ = at_prompt, environ
        self._moved = asyncio.Event()
        writers = writers_of(stdout, stderr, self._moved, at_failure)
        self._stdout = Stream(stdout, writers[0], color, environ)
        self._stderr = Stream(stderr, writers[1], color, environ)
        self._writers = [writer for writer in dict.fromkeys(writers) if writer is not None]
        self._screen = writers[0] if self._stdout.is_terminal else None
        self._drawing = Drawing(self._stdout, self._stderr, theme, environ)
        self._pictures = Pictures(self._drawing, self._stdout, environ)
        self._last = LastLines(self._stdout, self._stderr, self._drawing, self.end_status)
        self.is_live = False
        self.shows_undefined = True
        self._is_hurried = self._is_dropping = False
        self._hurried = 0.0
        self._dropped = 0
        self._status = StatusLine(self._stderr, self._drawing, lambda: not self._last.is_open)

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self._drawing.theme

    @property
    def unwritable(self) -> OSError | None:
        """The error if stdout cannot be written any more, else None."""
        return self._stdout.failure

    def set_theme(self, theme: Theme) -> None:
        """Sets the theme."""
        self._drawing.set_theme(theme)

    def size(self) -> tuple[int, int]:
        """The columns and rows of stdout's terminal."""
        return self._stdout.columns(), self._stdout.rows()

    @property
    def can_change(self) -> bool:
        """Whether lines of stdout can change in place."""
        return self._drawing.is_live("stdout")

    def value_columns(self) -> int:
        """The columns for a value: the terminal's, and without a terminal the default of
        util.inspect.
        """
        return self._stdout.columns() or 128

    def show(self, outcome: Outcome) -> None:
        """Writes an outcome as the prompt shows it, below an unfinished line of a snippet's
        output.
        """
        if not isinstance(outcome, Output):
            self._write_end(self._drawn(outcome))
            return
        if outcome.number is None and self._drops(comes=True):
            self._dropped += len(outcome.text.encode(errors="replace"))
        elif self.is_live and self._drawing.is_live(outcome.stream):
            self._last.write(outcome)
        elif outcome.number is not None:
            self._write_end(self._drawn(outcome))
        elif (part := self._last.follow(outcome)).text:
            self._write(self._drawn(part))

    def show_typed(self, text: str, is_sent: bool) -> None:
        """Shows what the user types; see LastLines."""
        self.end_status()
        self._last.show_typed(text, is_sent=is_sent)

    def begin_snippet(self, is_stored: Callable[[], bool]) -> None:
        """Folds long output of the next snippet; see Fold."""
        self._last.begin(is_stored)

    def ask(self) -> None:
        """Shows the last lines of the output, which may be a question to the user."""
        if text := self._last.ask():
            self.show(Output(text, "stdout"))

    def leave_output(self) -> None:
        """Changes no line of the output so far; see LastLines."""
        self._last.leave()

    async def drawn(self, outcome: Outcome) -> Callable[[], None]:
        """Prepares the output of show() and its pictures. Returns the function that writes it."""
        text = await worked(self._drawn, outcome, length_of(outcome))
        return partial(self._write_end, [*text, *await self._pictures.drawn(outcome)])

    async def painted(self, outcome: Outcome) -> bytes:
        """Returns what show() would write."""
        drawn = await worked(self._drawn, outcome, length_of(outcome))
        return b"".join(data for _, data, _ in drawn)

    async def show_plain(self, execution: Execution, *, with_value: bool) -> None:
        """Writes a snippet's outcome as scripts print it, prepared in a thread if it is long.

        with_value: whether to write the value too, as `node -p` does.
        """
        styled = self._stderr.colour

        def draw(outcome: Execution) -> Sequence[Drawn]:
            rendered = render_plain(outcome, with_value=with_value, styled=styled)
            return self._drawing.parts(rendered, is_live=self.is_live)

        self._write(await worked(draw, execution, length_of(execution)))

    async def show_page(self, page: Page) -> None:
        """Writes a page to stdout, one part at a time."""
        for text in page_texts(page):
            self.data(text)
            await self.room()

    def page(self, page: Page, *, is_coloured: bool) -> Iterator[bytes]:
        """Yields a page for a pager. is_coloured: whether the pager shows colours."""
        return self._drawing.page(page, is_coloured=is_coloured)

    def show_output(self, output: Output) -> None:
        """Writes a snippet's output as scripts print it."""
        self._write(self._drawing.parts(render_output(output)))

    def show_error(self, error: Thrown) -> None:
        """Writes an uncaught error as scripts print it."""
        self._write(self._drawing.parts(render_error(error, styled=self._stderr.colour)))

    def data(self, text: str, *before: Piece) -> None:
        """Writes text to stdout, behind styled text; a terminal gets no control sequences."""
        parts = (Part("stdout", (*before, Piece("", text))),)
        self._write(self._drawing.parts(Rendered(parts)))

    async def copy(self, text: str) -> None:
        """Copies a text to the clipboard; see clipboard.copy(). Raises LocalFileError."""
        from noderepl.terminal.clipboard import copy

        terminals = (one for one in (self._stdout, self._stderr) if one.can_move)
        await copy(text, self._environ, next(terminals, None))

    def words(self, text: str, *, warning: bool = False) -> None:
        """Writes a sentence to stderr."""
        self.show(Words(text, warning))

    def progress(self, label: str, done: int, total: int | None) -> None:
        """Shows the progress in one line of a terminal, rewritten in place; removed at the end or
        before other output.

        label: the operation. done, total: bytes; total is None if it is unknown.
        """
        self._status.progress(label, done, total)

    def status(self, status: str | Sequence[LinePart]) -> None:
        """Shows the status in one line of a terminal, unless a progress bar is there; removed
        before other output.
        """
        if (shown := self._last.status(status)) is not None:
            self._status.show(shown)

    def frame(self, seconds: float) -> str:
        """Returns the picture of a spinner after a time."""
        return frame(seconds, self._stderr.stream.encoding or "")

    def step(self, text: str, is_line: bool = False) -> None:
        """Shows the progress in words, as StatusLine.step(); no status replaces it."""
        self._status.step(text, is_line)

    def end_status(self) -> None:
        """Removes a progress bar or a status."""
        self._status.end()

    def clear(self) -> None:
        """Clears the screen if stdout is a terminal."""
        self.leave_output()
        if self._stdout.can_move:
            self._stdout.write([CLEAR_SCREEN])

    def screen(self) -> Screen:
        """Returns stdout's terminal as a file for prompt_toolkit; Ctrl-C drops nothing that is
        written to it.
        """
        assert self._screen is not None
        return Screen(self._stdout.stream, self._screen)

    @property
    def is_waiting(self) -> bool:
        """Whether a reader has not accepted everything that was written."""
        return any(writer.size for writer in self._writers)

    async def room(self) -> None:
        """Gives the event loop a turn, and waits while much output waits for a slow reader, until
        hurry() at the latest.
        """
        await asyncio.sleep(0)
        while any(writer.size > ROOM for writer in self._writers) and not self._is_hurried:
            await self._move()

    async def drained(self) -> None:
        """Waits until the readers have accepted the output so far, or hurry() has dropped it.

        Output that is written meanwhile does not extend the wait, because a timer in the session
        may print forever; if stdout is a screen, neither does stderr, which may be a pipe without a
        reader.
        """
        writers = self._writers if self._screen is None else [self._screen]
        totals = [(writer, writer.total) for writer in writers]
        while any(writer.size > writer.total - total for writer, total in totals):
            self._drops()
            await self._move()

    async def _move(self) -> None:
        """Waits until a reader has accepted something, or for a moment, after which one may be
        behind.
        """
        self._moved.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(BEHIND_SECONDS):
                await self._moved.wait()

    def drain(self, seconds: float) -> None:
        """As drained(), but blocking, for at most `seconds`; called before another program gets the
        terminal.
        """
        self.leave_output()
        for writer in self._writers:
            writer.drain(seconds)

    def close(self, seconds: float) -> None:
        """Writes the waiting output for at most `seconds`, drops the rest and further output."""
        for writer in self._writers:
            writer.close(seconds, FAREWELL)

    def hurry(self) -> bool:
        """Handles Ctrl-C: until ease(), drops output that a screen that is behind has not accepted.

        Returns whether this begins now.
        """
        if not self._is_hurried:
            self._hurried = time.monotonic()
        was_dropping, self._is_hurried = self._is_dropping, True
        return self._drops() and not was_dropping

    def ease(self, hint: str = "") -> None:
        """Ends the effect of hurry() and reports how much was dropped. hint: appended to the
        sentence.
        """
        if self._dropped:
            self.words(DROPPED.format(human_size(self._dropped), hint), warning=True)
        self._dropped = 0
        self._is_hurried = self._is_dropping = False

    def _drops(self, *, comes: bool = False) -> bool:
        """Returns whether output is being dropped; begins to drop if a hurried screen is behind.

        comes: whether there is more output, which a hurried screen gets for a short time only.
        """
        if not self._is_hurried or self._screen is None:
            return False
        is_late = comes and time.monotonic() - self._hurried >= HURRY_SECONDS
        late = [writer for writer in self._writers if is_late or writer.behind() >= BEHIND_SECONDS]
        if late:
            dropped = sum([writer.drop() for writer in late])
            if dropped:
                self._dropped += dropped
                self._status.forget()
                self._last.drop()
            self._is_dropping = self._is_dropping or bool(dropped) or is_late
        return self._is_dropping

    def _drawn(self, outcome: Outcome) -> Sequence[Drawn]:
        """Returns what to write of an outcome, as the prompt shows it. May run in a thread."""
        is_styled = self._stdout.colour or self._stderr.colour
        rendered = render(
            outcome,
            width=self._stdout.columns(),
            height=self._last.rows,
            styled=is_styled,
            at_prompt=self._at_prompt,
            undefined=self.shows_undefined,
        )
        return self._drawing.parts(rendered, is_live=self.is_live)

    def _write_end(self, drawn: Sequence[Drawn]) -> None:
        """Writes the end of a snippet on a separate line; if it is short, hurry() does not drop
        it.
        """
        self._last.end()
        self._write(drawn, is_end=True)

    def _write(self, drawn: Sequence[Drawn], *, is_end: bool = False) -> None:
        self.end_status()
        for stream, data, is_short in drawn:
            stream.put(data, is_required=is_end and self._is_hurried and is_short)
