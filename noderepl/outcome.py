"""Everything that can be shown, as frozen dataclasses; the terminal renders them, scripts print them.

Nothing here knows HTTP, JavaScript or a screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal


class Status(StrEnum):
    """How a snippet ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"


class Outcome:
    """Base of everything that can be shown."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Value:
    """A snippet's completion value.

    text: as Node's util.inspect writes it ("'a'", "4", "Map(1) { 1 => 2 }").
    data: the same as JSON: strings unquoted, numbers, booleans and null as they are, anything else its text.
    """

    text: str
    data: object


@dataclass(frozen=True, slots=True)
class Thrown:
    """What a snippet threw. stack: all its lines, the kernel's frames included; may be empty."""

    name: str
    message: str
    stack: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A value that is not text, such as a picture. mime: its type. data: its bytes."""

    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Execution(Outcome):
    """What running one snippet gave.

    value is None where the completion value is undefined; error is set where status is not ok.
    milliseconds: how long it ran, as the prelude or the service says, else as seen from here. notes: what was done
    besides, in words for the user. late: what was thrown since the answer before and caught by nobody. number: the
    snippet's in its session, None where the prelude has not run it. lost: the session's process ended with the snippet.
    streamed: the output has been shown already, as it came.
    replaced: the service says that the session was an empty one when the snippet came, though it had been used before.
    """

    status: Status
    stdout: str = ""
    stderr: str = ""
    value: Value | None = None
    error: Thrown | None = None
    media: tuple[Media, ...] = ()
    milliseconds: int = 0
    notes: tuple[str, ...] = ()
    late: tuple[Thrown, ...] = ()
    number: int | None = None
    lost: bool = False
    replaced: bool = False
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class Output(Outcome):
    """What a snippet wrote, shown as it comes.

    stream: stdout or stderr. number: of the snippet, where another one runs by now or none; None for the one that runs.
    """

    text: str
    stream: Literal["stdout", "stderr"]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file or directory in the session. size: bytes, None if unknown. modified: with a zone, None if unknown."""

    name: str
    size: int | None = None
    modified: datetime | None = None
    is_directory: bool = False


@dataclass(frozen=True, slots=True)
class FileList(Outcome):
    """The session's files. now: when they were listed, for their ages."""

    files: tuple[RemoteFile, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Words(Outcome):
    """A sentence for the user; never data. warning: whether something needs their attention."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Failure(Outcome):
    """Something that was asked for did not happen. text: the sentence of the error. exit_code: for scripts."""

    text: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Text(Outcome):
    """Plain text that was asked for (the history, a listing); data, so it goes to stdout."""

    text: str


@dataclass(frozen=True, slots=True)
class Page(Outcome):
    """Text that was asked for whole, to be read in a pager; off a terminal it is data, so it goes to stdout."""

    text: str


@dataclass(frozen=True, slots=True)
class Table(Outcome):
    """Rows that were asked for, one cell per column; data, so it goes to stdout. header may be empty."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Saved(Outcome):
    """A file was written on this machine. size: bytes."""

    path: Path
    size: int


@dataclass(frozen=True, slots=True)
class Uploaded(Outcome):
    """A file was written in the session. name: its name there. size: bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Prefill(Outcome):
    """Text to put on the next input line, not run."""

    text: str


@dataclass(frozen=True, slots=True)
class UseTheme(Outcome):
    """The screen's colours change to the theme of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearScreen(Outcome):
    """The screen is emptied."""


@dataclass(frozen=True, slots=True)
class Leave(Outcome):
    """The prompt ends."""


@dataclass(frozen=True, slots=True)
class EditorMode(Outcome):
    """The next input is typed over many lines and runs at Ctrl-D, as after Node's .editor."""
