"""The appearance of an outcome: Outcome -> pieces of styled text, for stdout (data) or stderr
(messages).

The text is unchanged; console.py makes it safe for a terminal. This module does no I/O.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate, takewhile
from typing import Literal

from noderepl.outcome import (
    Execution,
    Failure,
    FileList,
    Media,
    Outcome,
    Output,
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
from noderepl.terminal.pieces import Part, Piece, Rendered, Stream

STYLED_AT_MOST = 100_000
"""Characters; a longer value or stack is shown whole in one style, because lexing it would take too
long.
"""
NARROWEST = 20
"""Columns; the last column of a table is not wrapped to fewer."""
# A carriage return and the like do not end a line: they are shown as controls.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
WIDEST = 80
"""Columns; cells of a column are padded to its widest cell, and to no more than these."""
DETAILS = 40
"""The maximum number of characters for a file's size and age."""
AGES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
PRIMITIVES = ("string", "number", "boolean", "bigint", "symbol", "undefined", "object", "function")
"""The kernel's name of a thrown value that is not an Error: its typeof (NEL)."""


def render(outcome: Outcome, *, width: int, styled: bool = True) -> Rendered:
    """Returns an outcome as the prompt shows it; an instruction to the prompt (Leave, Prefill) has
    no text.

    width: of the terminal, in columns; 0 for no limit. styled: whether to split values and stacks
    with their lexers, which are not imported otherwise.
    """
    match outcome:
        case Execution():
            return Rendered(tuple(_execution(outcome, styled)))
        case Output(text, stream, number):
            return _one(stream, *_output(text, stream, number))
        case Text(text):
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
    """Returns the output of a snippet for a script, unchanged."""
    return _one(output.stream, Piece("", output.text))


def render_plain(execution: Execution, *, with_value: bool, styled: bool = False) -> Rendered:
    """Returns a snippet's outcome for a script: stdout unchanged, the value only on request,
    messages on stderr.

    with_value: whether to print the value, as `node -p` does: a string as such, any other value as
    util.inspect writes it.
    """
    stdout = "" if execution.streamed else execution.stdout
    parts = [_part("stdout", Piece("", stdout)), *_words(execution, styled, stderr_ends=False)]
    if with_value and execution.error is None and not execution.media:
        parts.append(_part("stdout", Piece("", _printed(execution.value) + "\n")))
    return Rendered(tuple(parts))


def extent(outcome: Outcome) -> int:
    """Returns the approximate number of characters of an outcome, as an estimate of the rendering
    time.
    """
    match outcome:
        case Execution():
            value = "" if outcome.value is None else outcome.value.text
            errors = [*outcome.late, *([outcome.error] if outcome.error else [])]
            texts = [
                outcome.stdout,
                outcome.stderr,
                value,
                *outcome.notes,
                *(one.stack or one.message for one in errors),
            ]
            return sum(map(len, texts)) + sum(len(one.data) for one in outcome.media)
        case Output(text) | Text(text) | Words(text) | Failure(text):
            return len(text)
        case Table(header, rows):
            return sum(len(cell) for row in (header, *rows) for cell in row)
        case FileList(files):
            return sum(len(file.name) + DETAILS for file in files)
    return 0


def thrown(error: Thrown, *, styled: bool = True) -> tuple[Piece, ...]:
    """Returns a thrown error: its stack with the user's frames first and without the kernel's, else
    its name and message.
    """
    if stack := user_first(error.stack).rstrip():
        return tuple(_lexed("stack", stack, styled))
    if error.name in PRIMITIVES:
        return (
            Piece("error-name", "Uncaught"),
            Piece("", " "),
            *_lexed("value", error.message, styled),
        )
    return tuple(_lexed("stack", ": ".join(filter(None, (error.name, error.message))), styled))


def human_size(size: int) -> str:
    """Returns a number of bytes for display: 999 B, 1.2 kB, 3.4 MB; a kB is 1000 B."""
    if size < 1000:
        return f"{size} B"
    number, units = size / 1000, ["TB", "GB", "MB", "kB"]
    while round(number, 1) >= 1000 and len(units) > 1:
        number /= 1000
        units.pop()
    return f"{number:.1f} {units[-1]}"


def human_age(modified: datetime, now: datetime) -> str:
    """Returns the age of something in its largest unit: 3 s ago, 2 h ago; "now" within a second or
    in the future.
    """
    seconds = int((now - modified).total_seconds())
    return next(
        (f"{seconds // length} {unit} ago" for length, unit in AGES if seconds >= length), "now"
    )


def one_line(text: str, columns: int = 0) -> str:
    """Returns text for a part of a line: characters that would break the line are shown as other
    controls are.

    columns: the maximum width, with `...` at the end of truncated text; 0 for no limit.
    """
    shown = visible(text, colour=False).replace("\n", r"\x0a").replace("\t", r"\x09")
    if not columns or _columns(shown) <= columns:
        return shown
    taken = accumulate(map(_columns, shown))
    return shown[: sum(1 for _ in takewhile(lambda width: width <= columns - 3, taken))] + "..."


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
    elif not (
        execution.stdout
        or execution.stderr
        or execution.error
        or execution.media
        or execution.notes
    ):
        yield _part("stderr", Piece("value-undefined", "undefined\n"))


def _words(execution: Execution, styled: bool, *, stderr_ends: bool = True) -> Iterator[Part]:
    """Yields the parts of an execution for stderr; an error begins on a new line."""
    stderr = "" if execution.streamed else without_kernel(execution.stderr)
    if stderr_ends or execution.error:
        stderr = _ended(stderr)
    pieces = [Piece("stderr", stderr)]
    for error in execution.late:
        pieces += [Piece("warning", "Uncaught in the background:\n")]
        pieces += [*thrown(error, styled=styled), Piece("", "\n")]
    pieces += map(_media, execution.media)
    if execution.error:
        pieces += [*thrown(execution.error, styled=styled), Piece("", "\n")]
    pieces += [Piece("warning", _ended(note)) for note in execution.notes]
    yield _part("stderr", *pieces)


def _output(text: str, stream: Stream, number: int | None) -> Iterator[Piece]:
    """Yields a snippet's output; unless it is the running snippet, its lines begin with its
    number.
    """
    if number is None:
        yield Piece(stream, text)
        return
    for line in _LINE.findall(text):
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
    # A text with its own colours is not split: it would lose them.
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
    widths = [max(_aligned(column)) for column in zip(*rows, strict=True)]
    for file, (name, size, age) in zip(files, rows, strict=True):
        yield Piece("directory-name" if file.is_directory else "file-name", name)
        details = f"{' ' * (widths[0] - _columns(name))}  {size:>{widths[1]}}  {age:>{widths[2]}}"
        yield Piece("file-detail", details.rstrip() + "\n")


def _aligned(cells: Iterable[str]) -> Iterator[int]:
    """The columns of cells; one that is too wide does not push apart those above and below it."""
    return (min(_columns(cell), WIDEST) for cell in cells)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[Piece]:
    cells = [[one_line(cell) for cell in row] for row in ([header, *rows] if header else rows)]
    count = max(map(len, cells), default=0)
    widths = [
        max(_aligned(row[i] for row in cells if i < len(row)), default=0) for i in range(count)
    ]
    indent = sum(widths[:-1]) + 2 * (count - 1)
    for number, row in enumerate(cells):
        padded = [*row, *[""] * (count - len(row))]
        line = "".join(
            cell + " " * (widths[i] - _columns(cell) + 2) for i, cell in enumerate(padded[:-1])
        )
        last = _cut(padded[-1], width - indent) if width - indent >= NARROWEST else padded[-1:]
        text = (line + f"\n{' ' * indent}".join(last)).rstrip()
        yield Piece("table-header" if header and number == 0 else "", text + "\n")


def _cut(text: str, width: int) -> Sequence[str]:
    """Returns a text in lines of at most `width` characters."""
    # textwrap needs quadratic time for words that are longer than a line.
    return textwrap.wrap(re.sub(rf"\S{{{width}}}(?=\S)", r"\g<0> ", text), width)


def _columns(text: str) -> int:
    """Returns the number of terminal columns of a text."""
    if text.isascii():
        return len(text)
    # It takes 60 ms to import, and most output is ASCII.
    from wcwidth import wcswidth, wcwidth

    width = wcswidth(text)
    # A control, such as a tab, has no width of its own.
    return width if width >= 0 else sum(abs(wcwidth(character)) for character in text)


def _wrapped(text: str, width: int) -> str:
    if not width:
        return _ended(text)
    lines: list[str] = []
    for line in visible(text, colour=False).split("\n"):
        fits = _columns(line) <= width
        lines += (
            [line]
            if fits
            else textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
        )
    return _ended("\n".join(lines))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
