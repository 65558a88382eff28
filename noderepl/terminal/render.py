"""What an outcome looks like: Outcome -> pieces of styled text, for stdout (data) or stderr (words). Pure.

The text is as it came; making it safe for a terminal is the console's part.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from noderepl.outcome import (
    Execution,
    Failure,
    FileList,
    Media,
    Outcome,
    Output,
    Page,
    RemoteFile,
    Saved,
    Table,
    Text,
    Thrown,
    Uploaded,
    Value,
    Words,
)
from noderepl.terminal.escapes import visible
from noderepl.terminal.frames import user_first, without_kernel

STYLED_AT_MOST = 100_000
"""Characters; a longer value or stack is shown whole in one style: lexing it would take longer than a person waits."""
NARROWEST = 20
"""Columns; a table's last column is not wrapped to fewer."""
AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
PRIMITIVES = ("string", "number", "boolean", "bigint", "symbol", "undefined", "object", "function")
"""What the kernel names a thrown value that is no Error: its typeof (NEL)."""

Stream = Literal["stdout", "stderr"]


class Piece(NamedTuple):
    """Some text in one style. style: a meaning's name, "" for none."""

    style: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """Pieces for one stream: data for stdout, words for stderr."""

    stream: Stream
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """What to write, in order, to both streams."""

    parts: tuple[Part, ...] = ()

    @property
    def stdout(self) -> str:
        """All the data, without style."""
        return self._text("stdout")

    @property
    def stderr(self) -> str:
        """All the words, without style."""
        return self._text("stderr")

    def _text(self, stream: Stream) -> str:
        return "".join(piece.text for part in self.parts if part.stream == stream for piece in part.pieces)


def render(outcome: Outcome, *, width: int, styled: bool = True) -> Rendered:
    """An outcome as the prompt shows it; one that is an instruction to the prompt (Leave, Prefill) shows nothing.

    width: of the terminal, in columns; 0 where lines have no end. styled: whether values and stacks are cut in pieces
    by their lexers, which are not loaded otherwise.
    """
    match outcome:
        case Execution():
            return Rendered(tuple(_execution(outcome, styled)))
        case Output(text, stream, number):
            return _one(stream, *_output(text, stream, number))
        case Text(text) | Page(text):
            return _one("stdout", Piece("", _ended(text)))
        case Table(header, rows):
            return _one("stdout", *_table(header, rows, width))
        case FileList(files=()):
            return _one("stderr", Piece("note", "no files\n"))
        case FileList(files, now):
            return _one("stdout", *_files(files, now))
        case Words(text, warning):
            return _one("stderr", Piece("warning" if warning else "note", _wrapped(text, width)))
        case Failure(text):
            return _one("stderr", Piece("failure", _wrapped(text, width)))
        case Saved(path, size):
            return _one("stderr", Piece("note", f"Saved {path} ({human_size(size)}).\n"))
        case Uploaded(name, size):
            return _one("stderr", Piece("note", f"Uploaded {name} ({human_size(size)}).\n"))
    return Rendered()


def render_output(output: Output) -> Rendered:
    """What a snippet wrote, for a script: exactly as it came."""
    return _one(output.stream, Piece("", output.text))


def render_plain(execution: Execution, *, with_value: bool, styled: bool = False) -> Rendered:
    """A snippet's outcome for a script: stdout exactly as it came, the value only where asked for, words on stderr.

    with_value: whether the value is printed, as `node -p` does: a string as it is, else as util.inspect has it.
    """
    stdout = "" if execution.streamed else execution.stdout
    parts = [_part("stdout", Piece("", stdout)), *_words(execution, styled, stderr_ends=False)]
    if with_value and execution.error is None and not execution.media:
        parts.append(_part("stdout", Piece("", _printed(execution.value) + "\n")))
    return Rendered(tuple(parts))


def thrown(error: Thrown, *, styled: bool = True) -> tuple[Piece, ...]:
    """What a snippet threw: its stack with the user's frames first and the kernel's gone, else its name and message."""
    if stack := user_first(error.stack).rstrip():
        return tuple(_lexed("stack", stack, styled))
    if error.name in PRIMITIVES:
        return (Piece("error-name", "Uncaught"), Piece("", " "), *_lexed("value", error.message, styled))
    return tuple(_lexed("stack", ": ".join(filter(None, (error.name, error.message))), styled))


def human_size(size: int) -> str:
    """A number of bytes for people: 999 B, 1.2 kB, 3.4 MB; a kB is 1000 B."""
    if size < 1000:
        return f"{size} B"
    number, units = size / 1000, ["TB", "GB", "MB", "kB"]
    while round(number, 1) >= 1000 and len(units) > 1:
        number /= 1000
        units.pop()
    return f"{number:.1f} {units[-1]}"


def human_age(modified: datetime, now: datetime) -> str:
    """How long ago something was, in its largest unit: 3 s ago, 2 h ago; "now" within a second or in the future."""
    seconds = int((now - modified).total_seconds())
    return next((f"{seconds // length} {unit} ago" for length, unit in AGES if seconds >= length), "now")


def one_line(text: str, columns: int = 0) -> str:
    """Text for a place in a line: what would break the line is shown as other controls are.

    columns: of a terminal, what it is cut to, with `...` at the end; 0 for no limit.
    """
    shown = visible(text, colour=False).replace("\n", r"\x0a").replace("\t", r"\x09")
    if not columns or _columns(shown) <= columns:
        return shown
    while shown and _columns(shown) > columns - 3:
        shown = shown[:-1]
    return f"{shown}..."


def _one(stream: Stream, *pieces: Piece) -> Rendered:
    return Rendered((_part(stream, *pieces),))


def _part(stream: Stream, *pieces: Piece) -> Part:
    return Part(stream, tuple(piece for piece in pieces if piece.text))


def _execution(execution: Execution, styled: bool) -> Iterator[Part]:
    if not execution.streamed:
        yield _part("stdout", Piece("stdout", _ended(execution.stdout)))
    yield from _words(execution, styled)
    if execution.value is not None:
        value = without_kernel(execution.value.text)
        yield _part("stdout", *_lexed("value", value, styled), Piece("", "\n"))
    elif not (execution.stdout or execution.stderr or execution.error or execution.media or execution.notes):
        yield _part("stderr", Piece("value-undefined", "undefined\n"))


def _words(execution: Execution, styled: bool, *, stderr_ends: bool = True) -> Iterator[Part]:
    """What of an execution goes to stderr; an error's words begin on a line of their own."""
    stderr = "" if execution.streamed else without_kernel(execution.stderr)
    if stderr_ends or execution.error:
        stderr = _ended(stderr)
    pieces = [Piece("stderr", stderr)]
    for error in execution.late:
        pieces += [Piece("warning", "Thrown in the background, and caught by nobody:\n")]
        pieces += [*thrown(error, styled=styled), Piece("", "\n")]
    pieces += map(_media, execution.media)
    if execution.error:
        pieces += [*thrown(execution.error, styled=styled), Piece("", "\n")]
    pieces += [Piece("warning", _ended(note)) for note in execution.notes]
    yield _part("stderr", *pieces)


def _output(text: str, stream: Stream, number: int | None) -> Iterator[Piece]:
    """What a snippet wrote; where it is not the one that runs, its lines begin with its number."""
    if number is None:
        yield Piece(stream, text)
        return
    for line in text.splitlines(keepends=True):
        yield Piece("note", f"[{number}] ")
        yield Piece(stream, _ended(line))


def _printed(value: Value | None) -> str:
    if value is None:
        return "undefined"
    if isinstance(value.data, str) and value.data != value.text:
        return value.data
    return without_kernel(value.text)


def _media(media: Media) -> Piece:
    if media.mime == "text/plain":
        return Piece("stdout", _ended(media.data.decode("utf-8", "replace")))
    size = human_size(len(media.data))
    return Piece("note", f"[{one_line(media.mime)}, {size}: %save --result FILE writes it]\n")


def _lexed(kind: Literal["value", "stack"], text: str, styled: bool) -> Iterable[Piece]:
    # A text that brings its own colours keeps them: cut in pieces it would lose them.
    if not styled or len(text) > STYLED_AT_MOST or "\x1b" in text:
        return [Piece("", text)]
    from noderepl.terminal import lexers

    lexer = lexers.InspectLexer() if kind == "value" else lexers.StackLexer()
    return (Piece(*pair) for pair in lexers.styled(lexer, text))


def _files(files: Sequence[RemoteFile], now: datetime) -> Iterator[Piece]:
    rows = [
        (
            one_line(file.name) + "/" * file.is_directory,
            "" if file.size is None or file.is_directory else human_size(file.size),
            "" if file.modified is None else human_age(file.modified, now),
        )
        for file in files
    ]
    widths = [max(map(_columns, column)) for column in zip(*rows, strict=True)]
    for file, (name, size, age) in zip(files, rows, strict=True):
        yield Piece("directory-name" if file.is_directory else "file-name", name)
        details = f"{' ' * (widths[0] - _columns(name))}  {size:>{widths[1]}}  {age:>{widths[2]}}"
        yield Piece("file-detail", details.rstrip() + "\n")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[Piece]:
    cells = [[one_line(cell) for cell in row] for row in ([header, *rows] if header else rows)]
    count = max(map(len, cells), default=0)
    widths = [max((_columns(row[i]) for row in cells if i < len(row)), default=0) for i in range(count)]
    indent = sum(widths[:-1]) + 2 * (count - 1)
    for number, row in enumerate(cells):
        padded = [*row, *[""] * (count - len(row))]
        line = "".join(cell + " " * (widths[i] - _columns(cell) + 2) for i, cell in enumerate(padded[:-1]))
        last = textwrap.wrap(padded[-1], width - indent) if width - indent >= NARROWEST else padded[-1:]
        text = (line + f"\n{' ' * indent}".join(last)).rstrip()
        yield Piece("table-header" if header and number == 0 else "", text + "\n")


def _columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _wrapped(text: str, width: int) -> str:
    if not width:
        return _ended(text)
    lines: list[str] = []
    for line in visible(text, colour=False).split("\n"):
        fits = _columns(line) <= width
        lines += [line] if fits else textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
    return _ended("\n".join(lines))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
