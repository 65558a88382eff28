"""The two output streams of the process for the console and prompt_toolkit: whether they take
colour, and whether they share a writer.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, TextIO

from noderepl.lazy_patterns import lazy_pattern
from noderepl.terminal.escapes import SLICE
from noderepl.terminal.writer import Writer

# No screen has more; a terminal may report any number up to 65535, and prompt_toolkit fills every
# cell.
MOST_COLUMNS, MOST_ROWS = 2000, 500
PROGRAMS = ("TERM", "COLORTERM", "NO_COLOR", "FORCE_COLOR")
_WORD = lazy_pattern(r"[\w.+-]{1,64}", re.ASCII)
Colour = Literal["auto", "always", "never"]


def use_colour(setting: Colour, environ: Mapping[str, str], is_terminal: bool) -> bool:
    """Returns whether to colour the output of a stream.

    setting: always and never decide alone. With auto, NO_COLOR (not empty) turns colour off, then
    FORCE_COLOR (not empty; 0 is off) decides, and else colour is on if the stream is a terminal
    that is not dumb.
    """
    if setting != "auto":
        return setting == "always"
    if environ.get("NO_COLOR"):
        return False
    if force := environ.get("FORCE_COLOR"):
        return force != "0"
    return is_terminal and environ.get("TERM") != "dumb"


def programs_environment(setting: Colour, environ: Mapping[str, str]) -> Mapping[str, str | None]:
    """Returns the variables by which programs of a session decide on colours, None for unset ones:
    those of the user's terminal, or none of colours if the prompt shows none.
    """
    given = {name: environ.get(name) for name in PROGRAMS}
    known = {name: one if one and _WORD.fullmatch(one) else None for name, one in given.items()}
    if not use_colour(setting, environ, is_terminal=True):
        return known | {"NO_COLOR": "1", "FORCE_COLOR": "0"}
    return known | {"NO_COLOR": None}


class Screen:
    """A terminal as the text file on which prompt_toolkit paints."""

    def __init__(self, stream: TextIO, writer: Writer) -> None:
        self._stream = stream
        self._writer = writer
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        """Queues text. Raises OSError if the terminal is gone."""
        self._writer.put(text.encode(self.encoding, "replace"), is_required=True)
        if self._writer.failure is not None:
            raise self._writer.failure
        return len(text)

    def flush(self) -> None:
        """Does nothing: queued text is written as the terminal accepts it."""

    def fileno(self) -> int:
        """Returns the descriptor, for the terminal's size."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Returns True."""
        return True


class Stream:
    """One text stream, written as its reader accepts it. writer: None if it has no descriptor."""

    def __init__(
        self, stream: TextIO, writer: Writer | None, color: Colour, environ: Mapping[str, str]
    ) -> None:
        self.stream = stream
        self._writer = writer
        self.is_terminal = stream.isatty()
        self.colour = use_colour(color, environ, self.is_terminal)
        self.can_move = self.is_terminal and environ.get("TERM") != "dumb"

    @property
    def failure(self) -> OSError | None:
        """The error after which the stream cannot be written any more, else None."""
        return self._writer.failure if self._writer else None

    @property
    def is_waiting(self) -> bool:
        """Whether data waits for the reader."""
        return self._writer is not None and self._writer.size > 0

    def columns(self) -> int:
        """The terminal's width, MOST_COLUMNS at most; 0 without a terminal."""
        if not self.is_terminal:
            return 0
        try:
            return min(os.get_terminal_size(self.stream.fileno()).columns or 80, MOST_COLUMNS)
        except OSError:
            return 80

    def rows(self) -> int:
        """The terminal's height, MOST_ROWS at most."""
        try:
            return min(os.get_terminal_size(self.stream.fileno()).lines or 24, MOST_ROWS)
        except OSError:
            return 24

    def is_one(self, other: Stream) -> bool:
        """Returns whether both streams are one terminal, pipe or file."""
        return self._writer is not None and self._writer is other._writer

    def write(self, texts: Iterable[str]) -> None:
        """Writes all texts."""
        self.put(self.encoded(texts))

    def encoded(self, texts: Iterable[str], *, has_bytes: bool = False) -> bytes:
        """Returns all texts as bytes for put(). has_bytes: see pieces.Part."""
        return _encoded("".join(texts), self._encoding, has_bytes)

    def put(self, data: bytes, *, is_required: bool = False) -> None:
        """Writes the bytes of encoded(). is_required: whether hurry() must not drop them."""
        if self._writer is None:
            self.stream.write(data.decode(self._encoding))
            self.stream.flush()
        else:
            self._writer.put(data, is_required=is_required)

    @property
    def _encoding(self) -> str:
        return self.stream.encoding or "utf-8"


def _encoded(text: str, encoding: str, has_bytes: bool) -> bytes:
    try:
        return text.encode(encoding, "surrogateescape" if has_bytes else "strict")
    except UnicodeEncodeError:
        # As in Node.js, a lone surrogate becomes U+FFFD. A character that the encoding does not
        # have becomes "?".
        return (
            text.encode("utf-16", "surrogatepass")
            .decode("utf-16", "replace")
            .encode(encoding, "replace")
        )


def writers_of(
    stdout: TextIO, stderr: TextIO, moved: asyncio.Event, at_failure: Callable[[], None]
) -> tuple[Writer | None, Writer | None]:
    """Returns the writers of both streams: one for both if they are the same terminal, pipe or
    file.
    """
    first, second = _descriptor(stdout), _descriptor(stderr)
    out = None if first is None else Writer(first, moved=moved, at_failure=at_failure)
    if first is not None and second is not None and _are_one(first, second):
        return out, out
    return out, None if second is None else Writer(second, moved=moved)


def _are_one(first: int, second: int) -> bool:
    """Returns whether two descriptors are the same file; /dev/tty is another name of a terminal."""
    if os.path.samestat(os.fstat(first), os.fstat(second)):
        return True
    return (
        os.isatty(first)
        and os.isatty(second)
        and "/dev/tty" in (os.ttyname(first), os.ttyname(second))
    )


def _descriptor(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except OSError:  # a text file in memory
        return None


def batches(texts: Iterable[str]) -> Iterator[Sequence[str]]:
    """Yields texts in groups that are large enough for one system call each."""
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= SLICE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
