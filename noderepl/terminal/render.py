"""The appearance of an outcome: Outcome -> pieces of styled text, for stdout (data) or stderr
(messages).

The text is unchanged; console.py makes it safe for a terminal. This module does no I/O.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from noderepl.doctor.finding import Finding
from noderepl.lazy_patterns import lazy_pattern
from noderepl.outcome import (
    Description,
    Execution,
    Failure,
    FileList,
    Listing,
    Manual,
    Media,
    Note,
    Outcome,
    Output,
    Saved,
    Table,
    Text,
    Thrown,
    Uncaught,
    Uploaded,
    Value,
    Words,
)
from noderepl.terminal.coloured import code, lexed, with_javascript
from noderepl.terminal.escapes import visible
from noderepl.terminal.folding import PAGE_HINT, first_screen, left_out, lines_in
from noderepl.terminal.frames import folded, readable, without_kernel
from noderepl.terminal.manual import manual
from noderepl.terminal.own_lines import is_live
from noderepl.terminal.pieces import Part, Piece, Rendered, Stream
from noderepl.terminal.source_text import source
from noderepl.terminal.tables import columns_of, files_table, one_line, table
from noderepl.units import human_size

# A carriage return and the like do not end a line: they are shown as controls.
_LINE = lazy_pattern(r"[^\n]*\n|[^\n]+")
PRIMITIVES = ("string", "number", "boolean", "bigint", "symbol", "undefined", "object", "function")
"""The kernel's name of a thrown value that is not an Error: its typeof (NEL)."""


class _Look(NamedTuple):
    """How an execution is shown; as for render()."""

    width: int
    height: int
    styled: bool
    at_prompt: bool
    undefined: bool


def render(
    outcome: Outcome,
    *,
    width: int,
    height: int = 0,
    styled: bool = True,
    at_prompt: bool = False,
    undefined: bool = True,
) -> Rendered:
    """Returns an outcome as the prompt shows it; an instruction to the prompt (Leave, Prefill) has
    no text.

    width: of the terminal, in columns; 0 for no limit. height: of the terminal, to fold what takes
    more than two screens; 0 to fold nothing. styled: whether to split values and stacks with their
    lexers, which are not imported otherwise. at_prompt: whether to fold the frames of Node.js in
    the stacks of errors, and to colour their source lines. undefined: whether to show the result
    undefined.
    """
    look = _Look(width, height, styled, at_prompt, undefined)
    match outcome:
        case Execution():
            return Rendered(tuple(_execution(outcome, look)))
        case Output(text, stream, number):
            return Rendered((_part(stream, *_output(text, stream, number), has_bytes=True),))
        case Uncaught(error, number):
            return _one("stderr", *_uncaught(error, number, styled, at_prompt))
        case Note(text, number):
            return _one("stderr", *_numbered(number), Piece("note", one_line(text, width) + "\n"))
        case Text(text, is_code, file):
            return _one("stdout", *_text(text, is_code, file, look))
        case Description(entries):
            # The line editor needs none before the first question.
            from noderepl.terminal.descriptions import description

            return _one("stdout", *description(entries, width, styled=styled))
        case Table() | Finding() | Listing() | Manual():
            return _one("stdout", *_requested(outcome, width))
        case FileList(files, now):
            none = Piece("note", "no files\n")
            return _one("stdout", *files_table(files, now)) if files else _one("stderr", none)
        case Words(text, warning):
            return _one("stderr", Piece("warning" if warning else "note", _wrapped(text, width)))
        case Failure(text):
            return _one("stderr", Piece("failure", _wrapped(text, width)))
        case Saved() | Uploaded():
            return _one("stderr", Piece("note", _transferred(outcome)))
    return Rendered()


def render_output(output: Output) -> Rendered:
    """Returns the output of a snippet for a script, unchanged."""
    return Rendered((_part(output.stream, Piece("", output.text), has_bytes=True),))


def render_plain(execution: Execution, *, with_value: bool, styled: bool = False) -> Rendered:
    """Returns a snippet's outcome for a script: stdout unchanged, the value only on request,
    messages on stderr.

    with_value: whether to print the value, as `node -p` does: a string as such, any other value as
    util.inspect writes it.
    """
    ended: tuple[Stream, ...] = ("stderr",) if execution.error or execution.late else ()
    parts = [*_written(execution, "", ended=ended)]
    parts += [_error(error, styled) for error in execution.late]
    parts += _words(replace(execution, late=()), styled)
    if with_value and execution.error is None and not execution.media:
        parts.append(_part("stdout", Piece("", _printed(execution.value) + "\n")))
    return Rendered(tuple(parts))


def render_value(text: str, *, styled: bool) -> Iterable[Piece]:
    """Returns the inspect text of a value for a pager; nothing for an empty text."""
    return [*lexed("value", without_kernel(text), styled), Piece("", "\n")] if text else []


def render_error(error: Thrown, *, styled: bool = False) -> Rendered:
    """Returns an uncaught error of a script, as Node.js reports it."""
    return Rendered((_error(error, styled),))


def thrown(error: Thrown, *, styled: bool = True, at_prompt: bool = False) -> tuple[Piece, ...]:
    """Returns a thrown error: its stack for a reader, else its name and message. at_prompt: as for
    render().
    """
    if stack := readable(error.stack).rstrip():
        if not at_prompt:
            return tuple(lexed("stack", stack, styled))
        return tuple(with_javascript(lexed("stack", folded(stack), styled)))
    if error.name in PRIMITIVES:
        return (
            Piece("error-name", "Uncaught"),
            Piece("", " "),
            *lexed("value", error.message, styled),
        )
    return tuple(lexed("stack", ": ".join(filter(None, (error.name, error.message))), styled))


def _text(text: str, is_code: bool, file: str, look: _Look) -> Iterable[Piece]:
    if not file:
        return code(_ended(text), look.styled and is_code)
    # A pipe gets the text of a file unchanged.
    shown = _ended(text.replace("\r\n", "\n")) if look.width else text
    return source(shown, file, look.styled)


def _requested(outcome: Table | Finding | Listing | Manual, width: int) -> Iterator[Piece]:
    match outcome:
        case Table(header, rows):
            return table(header, rows, width)
        case Finding():
            from noderepl.terminal.findings import finding  # few runs need it

            return finding(outcome, width)
    return manual(outcome, width)


def _transferred(outcome: Saved | Uploaded) -> str:
    from noderepl.file_names import shown_name

    if isinstance(outcome, Saved):
        done = f"Saved {shown_name(outcome.path)}"
    else:
        done = f"Uploaded {shown_name(outcome.name)}"
    if outcome.files is None:
        return f"{done} ({human_size(outcome.size)}).\n"
    files = f"{outcome.files:,} file{'s' if outcome.files != 1 else ''}"
    where = "Saved" if done == "Saved ." else f"{done}:"
    return f"{where} {files} ({human_size(outcome.size)}).\n"


def _one(stream: Stream, *pieces: Piece) -> Rendered:
    return Rendered((_part(stream, *pieces),))


def _part(stream: Stream, *pieces: Piece, has_bytes: bool = False, is_last: bool = False) -> Part:
    return Part(stream, tuple(piece for piece in pieces if piece.text), has_bytes, is_last)


def _execution(execution: Execution, look: _Look) -> Iterator[Part]:
    width, height = look.width, look.height
    yield from _written(execution, "stdout", ended=("stdout", "stderr"), width=width, height=height)
    yield from _words(execution, look.styled, look.at_prompt)
    if execution.value is not None:
        value = without_kernel(execution.value.text)
        is_folded = height and not execution.value.is_table
        end = first_screen(value, width, height) if is_folded else len(value)
        head, rest = value[:end], value[end:]
        line_end = "" if rest and head.endswith("\n") else "\n"
        yield _part("stdout", *lexed("value", head, look.styled), Piece("", line_end))
        yield from _left_out(rest)
    elif look.undefined and not (
        execution.stdout
        or execution.stderr
        or execution.error
        or execution.media
        or execution.notes
    ):
        yield _part("stderr", Piece("value-undefined", "undefined\n"))


def _written(
    execution: Execution, style: str, *, ended: Collection[Stream], width: int = 0, height: int = 0
) -> Iterator[Part]:
    """Yields the output of a snippet in order, unless it has been shown.

    style: of stdout. ended: the streams on which the last line of the output is ended. width,
    height: as for render().
    """
    outputs = () if execution.streamed else [one for one in execution.output() if one.text]
    whole = "".join(output.text for output in outputs) if height else ""
    left = first_screen(whole, width, height) if height else 0
    rest = whole[left:]
    for following, output in zip(reversed(range(len(outputs))), outputs, strict=True):
        is_data = output.stream == "stdout"
        text = output.text if is_data else without_kernel(output.text)
        if rest:
            text, left = text[:left], left - len(output.text)
        is_last = output.stream in ended and (not following or (rest != "" and left <= 0))
        if is_last and not is_live(text):
            text = _ended(text)
        piece = Piece(style if is_data else "stderr", text)
        yield _part(output.stream, piece, has_bytes=True, is_last=is_last)
        if rest and left <= 0:
            break
    yield from _left_out(rest)


def _left_out(text: str) -> Iterator[Part]:
    """Yields the line for the part of a text that is folded."""
    if text:
        yield _part("stdout", Piece("value-elided", f"{left_out(lines_in(text), PAGE_HINT)}\n"))


def _words(execution: Execution, styled: bool, at_prompt: bool = False) -> Iterator[Part]:
    """Yields the parts of an execution for stderr, except its output."""
    pieces: list[Piece] = []
    for error in execution.late:
        pieces += _uncaught(error, None, styled, at_prompt)
    pieces += map(_media, execution.media)
    if execution.error:
        pieces += [*thrown(execution.error, styled=styled, at_prompt=at_prompt), Piece("", "\n")]
    pieces += [Piece("warning", _ended(note)) for note in execution.notes]
    yield _part("stderr", *pieces)


def _error(error: Thrown, styled: bool) -> Part:
    return _part("stderr", *thrown(error, styled=styled), Piece("", "\n"))


def _uncaught(error: Thrown, number: int | None, styled: bool, at_prompt: bool) -> Iterator[Piece]:
    yield from _numbered(number)
    yield Piece("warning", "Uncaught in the background:\n")
    yield from thrown(error, styled=styled, at_prompt=at_prompt)
    yield Piece("", "\n")
    # The line editor needs no hints before the first error.
    from noderepl.javascript.hints import install_hint

    if hint := install_hint(error):
        yield Piece("warning", f"{hint}\n")


def _numbered(number: int | None) -> Iterator[Piece]:
    """Yields the number of the snippet to which a line belongs."""
    if number is not None:
        yield Piece("note", f"[{number}] ")


def _output(text: str, stream: Stream, number: int | None) -> Iterator[Piece]:
    """Yields a snippet's output; unless it is the running snippet, its lines begin with its
    number.
    """
    if number is None:
        yield Piece(stream, text)
        return
    for line in _LINE.findall(text):
        yield from _numbered(number)
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


def _wrapped(text: str, width: int) -> str:
    if not width:
        return _ended(text)
    lines: list[str] = []
    for line in visible(text, colour=False).split("\n"):
        # An indented line is a command, which can be copied only as one line.
        fits = line.startswith("    ") or columns_of(line) <= width
        lines += (
            [line]
            if fits
            else textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
        )
    return _ended("\n".join(lines))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
