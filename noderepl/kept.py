"""The sessions that can be resumed, one file each in the state directory; what is done in them is not its business.

A file holds a line of JSON that says which session it is (the identifier is a secret: mode 0600), and one for each
event in it. It is put in place whole and only added to from then on. Whoever uses the session holds a lock on its file,
which the system lets go when the process ends, however it does: a file without a lock is a session that nobody has.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from noderepl.errors import LocalFileError

# No pool keeps an idle session for longer than an hour (DOC-POOL), nor one in use for days.
KEEP = {"event": "keep"}
"""What is written down where the user wants the session to stay."""
STALE_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class About:
    """Which session. made: whether noderepl made it, and so deletes it on leaving."""

    endpoint: str
    identifier: str = field(repr=False)
    made: bool


class Record:
    """The file of one session that this process has. about: which session. events: what it held when it was taken."""

    def __init__(self, path: Path, file: BinaryIO, about: About, events: tuple[Mapping[str, Any], ...] = ()) -> None:
        self._path = path
        self._file = file
        self.about = about
        self.events = events
        self.idle = max(0.0, time.time() - os.fstat(file.fileno()).st_mtime)
        """Seconds since the session was last used, when the file was taken."""

    def has(self, file: BinaryIO) -> bool:
        """Whether this is the open file of the record."""
        return file is self._file

    def add(self, event: Mapping[str, Any]) -> None:
        """Writes an event down. Raises OSError."""
        self._file.write(_line(event))
        self._file.flush()

    def touch(self) -> None:
        """The session was used just now. Raises OSError."""
        os.utime(self._file.fileno())

    def drop(self) -> None:
        """The session has ended: its file goes."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        self.close()

    def close(self) -> None:
        """Lets the session go, to be resumed."""
        with contextlib.suppress(OSError):
            self._file.close()


def new_record(directory: Path, about: About) -> Record:
    """Makes the file of a session that is used from now on, and clears away what is stale. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, file in _free(directory):
        with file, contextlib.suppress(OSError, LocalFileError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS or _is_of(path, file, about):
                path.unlink()
    path = directory / f"{secrets.token_hex(8)}.jsonl"
    unfinished = path.with_suffix(".new")
    file = os.fdopen(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600), "r+b")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.write(_line({"endpoint": about.endpoint, "identifier": about.identifier, "made": about.made}))
        file.flush()
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        file.close()
        raise
    return Record(path, file, about)


def last_record(directory: Path, endpoint: str) -> Record | None:
    """Takes the session of this endpoint that was used last and that nobody has; None where there is none.

    Raises LocalFileError where a file that is damaged might be that one.
    """
    free = sorted(_free(directory), key=lambda found: os.fstat(found[1].fileno()).st_mtime, reverse=True)
    taken: Record | None = None
    try:
        for path, file in free:
            record = _read(path, file)
            if record.about.endpoint == endpoint:
                taken = record
                return taken
        return None
    finally:
        for _, file in free:
            if taken is None or not taken.has(file):
                file.close()


def _free(directory: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """The files that nobody has, locked for this process."""
    for path in directory.glob("*.jsonl"):
        try:
            file = path.open("r+b", buffering=0)
        except OSError:
            continue
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Its owner may have removed it between the opening and the lock.
            is_there = path.stat().st_ino == os.fstat(file.fileno()).st_ino
        except OSError:
            is_there = False
        if is_there:
            yield path, file
        else:
            file.close()


def _read(path: Path, file: BinaryIO) -> Record:
    """The record in a file. Raises LocalFileError where it is damaged."""
    try:
        file.seek(0)
        # A line without an end was being written when the process was killed.
        whole = file.read().rpartition(b"\n")[0]
        head, *events = [json.loads(line) for line in whole.split(b"\n")]
        match head:
            case {"endpoint": str(endpoint), "identifier": str(identifier), "made": bool(made)}:
                file.truncate(len(whole) + 1)
                file.seek(0, os.SEEK_END)
                return Record(path, file, About(endpoint, identifier, made), tuple(events))
    except (OSError, ValueError, RecursionError):
        pass
    raise LocalFileError(
        f"{path} is damaged, so the session it is about cannot be resumed; remove the file, and start without --resume"
    )


def _is_of(path: Path, file: BinaryIO, about: About) -> bool:
    found = _read(path, file).about
    return (found.endpoint, found.identifier) == (about.endpoint, about.identifier)


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"
