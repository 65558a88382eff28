"""The code that lists, packs, unpacks and removes files in a session, and its reports;
session_files.js has the other half.

This module sends nothing itself.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypeVar

from msgspec import Meta

from noderepl.errors import MalformedAnswer
from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import Amount, Check, Count, Unfit, Word, decode

MOST_ENTRIES = 100_000
"""The maximum number of files and directories of one transfer or listing."""
# Of the names that the archives of one directory leave out.
_MOST_CHARACTERS = 16_000_000
EXCLUDED = ("node_modules", ".git")
"""Directories that a transfer leaves out unless they are named."""
# In place of a report: it is in the file that the request has named.
IN_FILE = "files-file"
_REPORT = re.compile(r"files-([\w-]{2,})", re.ASCII)

Kind = Literal["directory", "file", "link", "special"]
Names = Annotated[list[Word], Meta(max_length=MOST_ENTRIES)]


class Entry(NamedTuple):
    """A file or directory. size: in bytes. modified: ms since 1970."""

    path: Word
    kind: Kind
    size: Count
    modified: Amount


@dataclass(frozen=True, slots=True)
class Left:
    """What is left out. excluded: the names of excluded directories. unreadable: paths. vanished:
    the number of files that were removed meanwhile; links, special: of symbolic links, and of
    pipes, sockets and devices.
    """

    excluded: Names = field(default_factory=list)
    unreadable: Names = field(default_factory=list)
    vanished: Count = 0
    links: Count = 0
    special: Count = 0

    def with_vanished(self) -> Left:
        """Returns the same with one more file that was removed meanwhile."""
        return replace(self, vanished=self.vanished + 1)

    def with_more(self, later: Left) -> Left:
        """Returns the same with what a later archive of the same files leaves out. Raises
        MalformedAnswer if that is more than a directory can have.
        """
        unreadable = list(dict.fromkeys([*self.unreadable, *later.unreadable]))
        if len(unreadable) > MOST_ENTRIES or sum(map(len, unreadable)) > _MOST_CHARACTERS:
            raise MalformedAnswer("the session has sent too many names of unreadable files")
        return replace(later, unreadable=unreadable, vanished=self.vanished + later.vanished)


@dataclass(frozen=True, slots=True)
class Found:
    """A listing: the root, as "", and what is below it, sorted by path; empty if there is none."""

    entries: Annotated[list[Entry], Meta(max_length=MOST_ENTRIES)]
    left: Left


@dataclass(frozen=True, slots=True)
class Packed:
    """An archive. next: the path and the offset where the next archive begins, None after the last.
    files, bytes: of all archives together. size: of the archive, in bytes.
    """

    next: tuple[Word, Count] | None
    files: Count
    bytes: Count
    size: Count
    left: Left


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An archive was unpacked."""


@dataclass(frozen=True, slots=True)
class Removed:
    """files, directories: how many there are. missing: paths that do not exist. done: whether they
    were removed.
    """

    missing: Names
    files: Count
    directories: Count
    done: bool


@dataclass(frozen=True, slots=True)
class Failed:
    """The work has failed and changed nothing. failure: the system's error code, or a word of
    session_files.js. file: its path, may be "".
    """

    failure: Word
    file: Word


Report = TypeVar("Report", Found, Packed, Unpacked, Removed)
_FAILED: Check[Failed] = Check(Failed)


def request(action: str, report: str, arguments: Mapping[str, object]) -> str:
    """Returns JavaScript whose value is the report of an action, or IN_FILE.

    action: find, pack, unpack or remove. report: the file for a long report. arguments: as
    session_files.js describes them.
    """
    source = Path(__file__).with_suffix(".js").read_text("utf-8").rstrip().removesuffix(";")
    fields = {"action": action, "report": report, "most": MOST_ENTRIES, **arguments}
    return f"{source}({json.dumps(fields)})"


def report_in(text: str) -> str | None:
    """Returns the encoded report in the inspect text or JSON of a value; None if there is none."""
    found = _REPORT.search(text)
    return found[1] if found else None


def read_report(kind: type[Report], encoded: str | bytes) -> Report | Failed | None:
    """Returns a report; None if it is unreadable. encoded: JSON in base64url."""
    try:
        data = encoded.encode() if isinstance(encoded, str) else encoded
        decoded = decode(base64.urlsafe_b64decode(data + b"=" * (-len(data) % 4)))
        if isinstance(decoded, dict) and "failure" in decoded:
            return _FAILED.read(decoded)
        found: Report = Check[Report](kind).read(decoded)
    except (Unfit, ValueError):
        return None
    return found
