"""The only writer: data to stdout, words to stderr, safe for a terminal, in colour where that is wanted.

prompt_toolkit is loaded only when something is written in colour. Must not decide what an outcome looks like.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Literal, TextIO

from noderepl.outcome import Execution, Outcome, Output, Words
from noderepl.terminal.escapes import visible
from noderepl.terminal.gone import drop_rest
from noderepl.terminal.paint import Paint, colour_depth
from noderepl.terminal.render import Part, Piece, Rendered, human_size, one_line, render, render_output, render_plain
from noderepl.terminal.themes import Theme

Colour = Literal["auto", "always", "never"]
BAR = 30
CLEAR_LINE, CLEAR_SCREEN = "\r\x1b[K", "\x1b[H\x1b[2J\x1b[3J"


def use_colour(setting: Colour, environ: Mapping[str, str], is_terminal: bool) -> bool:
    """Whether to colour what goes to a stream.

    setting: always and never are obeyed. On auto, NO_COLOR (not empty) says no, then FORCE_COLOR (not empty; 0 is no)
    decides, then it is whether the stream is a terminal that is not dumb.
    """
    if setting != "auto":
        return setting == "always"
    if environ.get("NO_COLOR"):
        return False
    if force := environ.get("FORCE_COLOR"):
        return force != "0"
    return is_terminal and environ.get("TERM") != "dumb"


class Console:
    """Both streams of the process.

    stdout, stderr: where data and words go. theme: the colours. color: the setting, see use_colour. environ: the user's
    environment. What a stream no longer takes, as its reader went away (`| head -1`), is dropped; `.unwritable` tells.
    """

    def __init__(
        self, stdout: TextIO, stderr: TextIO, *, theme: Theme, color: Colour, environ: Mapping[str, str]
    ) -> None:
        self._environ = environ
        self._theme = theme
        self._paint: Paint | None = None
        self._stdout = _Stream(stdout, color, environ)
        self._stderr = _Stream(stderr, color, environ)
        self._passing = ""
        self._has_bar = False
        self._open: _Stream | None = None

    @property
    def theme(self) -> Theme:
        """The theme in use."""
        return self._theme

    @property
    def unwritable(self) -> OSError | None:
        """Why stdout takes no more, once it does not."""
        return self._stdout.failure

    def set_theme(self, theme: Theme) -> None:
        """Uses another theme from now on."""
        self._theme, self._paint = theme, None

    def value_columns(self) -> int:
        """The columns that a value may take: the terminal's, and where there is none as many as util.inspect takes."""
        return self._stdout.columns() or 128

    def show(self, outcome: Outcome) -> None:
        """Writes an outcome as the prompt shows it, below what a snippet wrote on a line that it has not ended."""
        is_own = isinstance(outcome, Output) and outcome.number is None
        if self._open is not None and not is_own:
            self._open.write(["\n"])
            self._open = None
        if isinstance(outcome, Output) and is_own and outcome.text:
            stream = self._stdout if outcome.stream == "stdout" else self._stderr
            self._open = None if outcome.text.endswith("\n") else stream
        self._write(render(outcome, width=self._stdout.columns(), styled=self._stdout.colour or self._stderr.colour))

    def show_plain(self, execution: Execution, *, with_value: bool) -> None:
        """Writes a snippet's outcome as scripts want it; with_value: its value too, as `node -p` does."""
        self._write(render_plain(execution, with_value=with_value, styled=self._stderr.colour))

    def show_output(self, output: Output) -> None:
        """Writes what a snippet wrote as scripts want it."""
        self._write(render_output(output))

    def data(self, text: str) -> None:
        """Writes text to stdout: unchanged, unless a terminal must be kept safe from it."""
        self._write(Rendered((Part("stdout", (Piece("", text),)),)))

    def words(self, text: str, *, warning: bool = False) -> None:
        """Writes a sentence to stderr."""
        self.show(Words(text, warning))

    def progress(self, label: str, done: int, total: int | None) -> None:
        """Shows how far something is, in one line of a terminal, rewritten in place; gone when done or at other words.

        label: what. done, total: bytes; total is None where it is unknown.
        """
        if not self._stderr.can_move:
            return
        if total is not None and done >= total:
            self.end_passing()
            return
        self._has_bar = True
        self._pass(_progress_bar(label, done, total, self._stderr.columns()))

    def status(self, text: str) -> None:
        """Shows what is going on in one line of a terminal, where no progress bar does; gone at other words."""
        if self._stderr.can_move and not self._has_bar and self._open is None:
            self._pass_words(text)

    def step(self, text: str) -> None:
        """Shows how far something is, in words, as progress() does; no status takes its place."""
        if self._stderr.can_move:
            self._has_bar = True
            self._pass_words(text)

    def end_passing(self) -> None:
        """Takes a progress bar or a status away."""
        self._has_bar = False
        if self._passing:
            self._passing = ""
            self._stderr.write([CLEAR_LINE])

    def _pass_words(self, text: str) -> None:
        self._pass([Piece("note", one_line(text, max(self._stderr.columns() - 1, 10)))])

    def _pass(self, pieces: Iterable[Piece]) -> None:
        line = CLEAR_LINE + "".join(self._safe(pieces, self._stderr))
        if line != self._passing:
            self._passing = line
            self._stderr.write([line])

    def clear(self) -> None:
        """Empties the screen, where stdout is one."""
        if self._stdout.can_move:
            self._stdout.write([CLEAR_SCREEN])

    def _write(self, rendered: Rendered) -> None:
        self.end_passing()
        for part in rendered.parts:
            stream = self._stdout if part.stream == "stdout" else self._stderr
            stream.write(self._safe(part.pieces, stream))

    def _safe(self, pieces: Iterable[Piece], stream: _Stream) -> Iterable[str]:
        """The texts to write: a terminal's are made safe, a pipe's are as they came."""
        for style, text in pieces:
            safe = Piece(style, visible(text, colour=stream.colour) if stream.is_terminal else text)
            yield self._painted(safe) if stream.colour and style else safe.text

    def _painted(self, piece: Piece) -> str:
        if self._paint is None:
            self._paint = Paint(self._theme, colour_depth(self._environ))
        return self._paint(piece)


class _Stream:
    """One text stream, written as far as its reader listens."""

    def __init__(self, stream: TextIO, color: Colour, environ: Mapping[str, str]) -> None:
        self._stream = stream
        self.failure: OSError | None = None
        self.is_terminal = stream.isatty()
        self.colour = use_colour(color, environ, self.is_terminal)
        self.can_move = self.is_terminal and environ.get("TERM") != "dumb"

    def columns(self) -> int:
        """The terminal's width; 0 where it is none."""
        if not self.is_terminal:
            return 0
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except OSError:
            return 80

    def write(self, texts: Iterable[str]) -> None:
        """Writes and flushes all texts."""
        if self.failure is not None:
            return
        try:
            self._put("".join(texts))
            self._stream.flush()
        except OSError as error:
            self.failure = error
            drop_rest(self._stream)

    def _put(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            # As Node.js does: half a surrogate pair becomes U+FFFD. What the encoding has no sign for becomes "?".
            whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            encoding = self._stream.encoding
            self._stream.write(whole.encode(encoding, "replace").decode(encoding))


def _progress_bar(label: str, done: int, total: int | None, columns: int) -> list[Piece]:
    if total is None:
        return [Piece("note", f"{one_line(label, max(columns - 20, 10))} "), Piece("progress", human_size(done))]
    filled = BAR * done // total
    numbers = f" {100 * done // total:3} % of {human_size(total)}"
    shown = one_line(label, max(columns - BAR - len(numbers) - 2, 10))
    bar = [Piece("progress", "#" * filled), Piece("progress-rest", "." * (BAR - filled))]
    return [Piece("note", f"{shown} "), *bar, Piece("note", numbers)]
