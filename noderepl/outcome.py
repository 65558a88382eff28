"""All outcomes, as frozen dataclasses, without HTTP, JavaScript or a screen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from noderepl.lazy_dataclasses import dataclass

Stream = Literal["stdout", "stderr"]


class Status(StrEnum):
    """How a snippet ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"


class Outcome:
    """The base of all outcomes."""

    __slots__ = ()


CUT_VALUE = "The value is longer than 15 MiB: write it to a file, and download that"


@dataclass(frozen=True, slots=True)
class Value:
    """The completion value of a snippet.

    text: as Node's util.inspect writes it ("'a'", "4", "Map(1) { 1 => 2 }"). data: the value as
    JSON: strings, numbers, booleans and null as such, any other value as its text. is_cut: whether
    the value is too long for an answer; data is then its text. json: the JSON of the value if that
    was asked for and the value is JSON. is_table: whether text is a table of it, shown whole.
    """

    text: str
    data: object
    is_cut: bool = False
    json: str | None = None
    is_table: bool = False


@dataclass(frozen=True, slots=True)
class Thrown:
    """An exception of a snippet. stack: all lines of the stack trace, the kernel's frames included;
    may be empty.
    """

    name: str
    message: str
    stack: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A value that is not text, such as a picture. mime: its media type. data: its bytes."""

    mime: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Execution(Outcome):
    """The outcome of one snippet.

    value: None if the completion value is undefined. error: set if status is not OK. milliseconds:
    the duration that the prelude or the service reports, else as measured here. notes: further
    facts, as sentences for the user. late: exceptions that were thrown since the previous answer
    and not caught. number: the number of the snippet in its session, None if the prelude has not
    run it. streamed: whether the output has already been shown as it arrived. output_files: the
    files of the session that contain the whole output, in order, if stdout and stderr contain only
    a part. guid, is_allocated, lost: the service's report of the session: its internal name,
    whether it was allocated for this snippet, and whether its process ended with the snippet.
    replaced: whether the session was empty when the snippet arrived although it had been used
    before. order: the order of stdout and stderr, as numbers of bytes by turns of both, beginning
    with stdout; () if stdout comes first. exit_status: that of a program; None for other snippets.
    has_printed: whether its value needs no printing: it has printed it, or has ended without one.
    names: the variables of the session after it, None if they are not known. node: the version of
    its Node.js, "" if it is not known. report: of the instrument that has measured it, as JSON.
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
    streamed: bool = False
    output_files: tuple[str, ...] = ()
    guid: str = ""
    is_allocated: bool = False
    replaced: bool = False
    lost: bool = False
    order: tuple[int, ...] = ()
    exit_status: int | None = None
    has_printed: bool = False
    names: tuple[str, ...] | None = None
    node: str = ""
    report: str | None = None

    def output(self) -> Sequence[Output]:
        """Returns stdout and stderr in the order in which the snippet wrote them."""
        whole = {"stdout": self.stdout, "stderr": self.stderr}
        names: tuple[Stream, Stream] = ("stdout", "stderr")
        texts = {name: text.encode("utf-8", "surrogatepass") for name, text in whole.items()}
        sizes = (sum(self.order[::2]), sum(self.order[1::2]))
        if sizes != tuple(map(len, texts.values())):
            return [Output(whole[name], name) for name in names]
        parts, at = [], dict.fromkeys(names, 0)
        for turn, size in enumerate(self.order):
            name = names[turn % 2]
            part = texts[name][at[name] : at[name] + size]
            parts.append(Output(part.decode("utf-8", "replace"), name))
            at[name] += size
        return parts


@dataclass(frozen=True, slots=True)
class Asked(Outcome):
    """The running snippet reads its standard input: the user can type a line. has_keys: whether it
    reads each key.
    """

    has_keys: bool


@dataclass(frozen=True, slots=True)
class Output(Outcome):
    """Output of a snippet, shown as it arrives.

    stream: stdout or stderr. number: the number of the snippet if it is not the running one; None
    for the running snippet.
    """

    text: str
    stream: Stream
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Uncaught(Outcome):
    """An error of an earlier snippet that nothing caught. number: of the snippet, None if it is not
    known.
    """

    error: Thrown
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Note(Outcome):
    """A sentence of the session about an earlier snippet. number: as for Uncaught."""

    text: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file or directory in the session. size: in bytes, None if unknown. modified: with a time
    zone, None if unknown.
    """

    name: str
    size: int | None = None
    modified: datetime | None = None
    is_directory: bool = False


@dataclass(frozen=True, slots=True)
class FileList(Outcome):
    """The files of the session. now: the time of the listing, for the ages of the files."""

    files: tuple[RemoteFile, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Words(Outcome):
    """A sentence for the user; never data. warning: whether it needs attention."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Failure(Outcome):
    """A failed command. text: the message of the error. exit_code: for scripts."""

    text: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Text(Outcome):
    """Plain text that was requested (the history, a listing). It is data, so it goes to stdout.

    is_code: whether it is JavaScript, which is shown in colours. file: the name of the file of this
    text, which has the colours of its kind, and goes to the pager if it is longer than the screen.
    """

    text: str
    is_code: bool = False
    file: str = ""


@dataclass(frozen=True, slots=True)
class Page(Outcome):
    """Long text that was requested, for a pager. Without a terminal it is data, so it goes to
    stdout.

    parts: the parts of the text, as UTF-8; they can be read several times. value: the inspect text
    of a value, below them.
    """

    parts: Iterable[bytes] = ()
    value: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A part of a description.

    kind: a field with its label, a paragraph of prose, a title, an item below a title (its label is
    a name), or JavaScript: code, or an indented example.
    """

    kind: Literal["field", "prose", "title", "item", "code", "example"]
    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Description(Outcome):
    """What is known of a value, for `expr?`. It is data, so it goes to stdout; a text that is
    longer than the screen goes to the pager.
    """

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Table(Outcome):
    """Rows that were requested, one cell per column. It is data, so it goes to stdout. header may
    be empty.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a Listing. title: may be empty. rows: a name and its description each."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Listing(Outcome):
    """Names with descriptions, in sections. It is data, so it goes to stdout."""

    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Manual(Outcome):
    """Paragraphs about a subject, with empty lines between them; a line that begins with four
    spaces is an example. It is data, so it goes to stdout.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Saved(Outcome):
    """A file or directory was written on this machine. size: in bytes. files: of a directory."""

    path: Path
    size: int
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Uploaded(Outcome):
    """A file or directory was written in the session, as name. size, files: as for Saved."""

    name: str
    size: int
    files: int | None = None


@dataclass(frozen=True, slots=True)
class Picture(Outcome):
    """A picture that was requested. name: of its file or result."""

    media: Media
    name: str


@dataclass(frozen=True, slots=True)
class Prefill(Outcome):
    """Text for the next input line, which does not run by itself."""

    text: str


@dataclass(frozen=True, slots=True)
class UseTheme(Outcome):
    """Sets the theme of this name."""

    name: str


@dataclass(frozen=True, slots=True)
class ClearScreen(Outcome):
    """Clears the screen."""


@dataclass(frozen=True, slots=True)
class Leave(Outcome):
    """Leaves the prompt."""


@dataclass(frozen=True, slots=True)
class EditorMode(Outcome):
    """Starts editor mode: the next input has many lines and runs at Ctrl-D, as after Node's
    .editor.
    """


def is_failure(outcome: Outcome) -> bool:
    """Returns whether something that was requested failed."""
    return isinstance(outcome, Failure) or (
        isinstance(outcome, Execution) and outcome.status is not Status.OK
    )
