"""The output that the prelude stores in files of the session; prelude/output.js has the other half.
This module does no I/O.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from msgspec import Meta

from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Asked, Execution, Note, Output, Thrown, Uncaught
from noderepl.schema import Check, Count, decode

# Why a part of the output is not shown.
DROPPED = "The snippet wrote more than 128 MB; the rest was dropped."
MISSING = "Part of the output is missing: its file in the session is gone or unreadable."
NOT_READ = "The rest of the output was not read; %page --output shows it."
# The maximum number of files of one request; prelude/output.js has the same number.
MOST_PIECES = 2000
# The maximum number of events in a piece: prelude/output.js counts each as 32 of a million
# characters. Each is a list of three values.
MOST_EVENTS = 40_000
MOST_VALUES = 4 * MOST_EVENTS + 1
# Writes of a snippet whose order an answer has; prelude/output.js has half of that number.
MOST_TURNS = 10_000
Pieces = Annotated[int, Meta(ge=0, le=MOST_PIECES)]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes that a snippet wrote, by stream."""

    stdout: Count
    stderr: Count


@dataclass(frozen=True, slots=True)
class Written:
    """The output in an answer.

    pieces: the number of the request's files so far; if any, they contain all output of its
    snippet. before: the files of the previous request. bytes: what the snippet wrote. dropped:
    whether there was more than the session stores. order: see outcome.Execution.
    """

    pieces: Pieces
    before: Pieces
    bytes: Sizes
    dropped: bool
    order: Annotated[tuple[Count, ...], Meta(max_length=MOST_TURNS)] = ()

    def exceeds(self, execution: Execution) -> bool:
        """Returns whether the snippet wrote more than came with the answer."""
        return self.bytes.stdout > size_of(execution.stdout) or self.bytes.stderr > size_of(
            execution.stderr
        )


Event = Output | Uncaught | Note | Asked
Kind = Literal["stdout", "stderr", "uncaught", "note", "input"]
_EVENTS: Check[list[tuple[int, Kind, str]]] = Check(
    Annotated[list[tuple[Count, Kind, str]], Meta(max_length=MOST_EVENTS)]
)
_THROWN: Check[Thrown] = Check(Thrown)


def piece_name(request: int, number: int) -> str:
    """Returns the file name of a piece of a request's output. number: from 0."""
    return f".noderepl-output-{request}-{number}"


def interrupt_name(request: int) -> str:
    """Returns the name of the file that interrupts a request's snippet."""
    return f".noderepl-interrupt-{request}"


def answer_name(request: int, number: int) -> str:
    """Returns the name of the file with an answer to a request's snippet. number: from 0."""
    return f".noderepl-input-{request}-{number}"


def read_piece(data: bytes) -> Sequence[Event]:
    """Returns the events of a piece, oldest first. Raises Unfit if it is invalid."""
    events = _EVENTS.read(decode(data, MOST_VALUES))
    return [_event(number or None, kind, text) for number, kind, text in events]


def _event(number: int | None, kind: Kind, text: str) -> Event:
    if kind == "input":
        return Asked(text == "keys")
    if kind == "uncaught":
        return Uncaught(_THROWN.read(decode(text)), number)
    return Note(text, number) if kind == "note" else Output(_with_bytes(text), kind, number)


def size_of(text: str) -> int:
    """Returns the number of bytes of a text, as the prelude counts them."""
    return len(bytes_of(text))


def bytes_of(text: str) -> bytes:
    """Returns the bytes of output: UTF-8, and a byte for each surrogate from U+DC80 to U+DCFF."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _with_bytes(text: str) -> str:
    """Returns a text without surrogates that stand for no byte."""
    return text if text.isascii() else bytes_of(text).decode("utf-8", "surrogateescape")


def beyond(text: str, written: Iterable[str]) -> str:
    """Returns the kernel's text without the written texts, in order; it may be truncated."""
    whole = "".join(written)
    if whole.startswith(text):
        return ""
    if text.startswith(whole):
        return text[len(whole) :]
    rest: list[str] = []
    at = 0
    for part in written:
        if len(text) - at <= len(part) and part.startswith(text[at:]):
            return "".join(rest)
        found = text.find(part, at)
        if found < 0:
            break
        rest.append(text[at:found])
        at = found + len(part)
    return "".join([*rest, text[at:]])
