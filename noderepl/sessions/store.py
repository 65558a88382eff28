"""The records of sessions that can be resumed, one file each in the state directory. This module
does not interpret their events.

The first line of a file is JSON that identifies the session (the identifier is a secret: mode
0600); each further line is one event. The file is created atomically and only appended to. A
process that uses the session locks its file, and the system releases the lock when the process
ends, however it ends: a session whose file has no lock is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, BinaryIO

from noderepl.client.identifier import check_identifier
from noderepl.errors import LocalFileError, UsageError
from noderepl.lazy_dataclasses import dataclass
from noderepl.settings import state_directory

# No pool keeps an idle session for longer than an hour (DOC-POOL), and none keeps one in use for
# days.
KEEP = {"event": "keep"}
"""The event of a session that the user keeps."""
_UNFINISHED_SECONDS = 86_400
STALE_SECONDS = 7 * 24 * 3600
# The maximum size of a file, and of its first line; the maximum number of its events, and of the
# values in all of them.
MOST_BYTES = 64 << 20
MOST_HEAD_BYTES = 64 << 10
MOST_EVENTS = 200_000
MOST_VALUES = 1_500_000


@dataclass(frozen=True, slots=True)
class About:
    """The identity of a session. made: whether noderepl made the identifier, and therefore deletes
    the session on exit.
    """

    endpoint: str
    identifier: str = field(repr=False)
    made: bool


class Record:
    """The file of one session, locked by this process. about: the session. events: the content of
    the file when it was opened. `.skipped`: damaged files that last_record() has left out for it.
    """

    def __init__(
        self, path: Path, file: BinaryIO, about: About, events: tuple[Mapping[str, Any], ...] = ()
    ) -> None:
        self._path = path
        self._file = file
        self.about = about
        self.events = events
        self.skipped: tuple[Path, ...] = ()
        self.idle = max(0.0, time.time() - os.fstat(file.fileno()).st_mtime)
        """The seconds since the last use of the session, at the time when the file was opened."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Appends an event, completely or not at all. Raises OSError."""
        file, rest = self._file.fileno(), _line(event)
        before = os.fstat(file).st_size
        try:
            while rest:
                rest = rest[os.write(file, rest) :]
        except OSError:
            os.ftruncate(file, before)
            os.lseek(file, 0, os.SEEK_END)
            raise

    def touch(self) -> None:
        """Records that the session was used now. Raises OSError."""
        os.utime(self._file.fileno())

    def drop(self) -> None:
        """Deletes the file: the session has ended."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        self.close()

    def reread(self) -> Record:
        """Returns this record with all its events, for another use of the session in this process.
        Raises LocalFileError if it is damaged.
        """
        return _read(self._path, self._file)

    def damaged(self) -> LocalFileError:
        """Closes the file; returns the error that says that its events make no sense."""
        self.close()
        return _damaged(self._path)

    def close(self) -> None:
        """Releases the session, so that it can be resumed."""
        with contextlib.suppress(OSError):
            self._file.close()


def new_record(directory: Path, about: About) -> Record:
    """Creates the file of a session and removes stale files. Raises OSError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path, file in _free(directory):
        with file, contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS or _is_of(file, about):
                path.unlink()
    for path in directory.glob("*.new"):  # of a run that was killed before it renamed the file
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _UNFINISHED_SECONDS:
                path.unlink()
    path = directory / f"{os.urandom(8).hex()}.jsonl"
    unfinished = path.with_suffix(".new")
    file = os.fdopen(
        os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600), "r+b"
    )
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.write(
            _line({"endpoint": about.endpoint, "identifier": about.identifier, "made": about.made})
        )
        file.flush()
        unfinished.rename(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        file.close()
        raise
    return Record(path, file, about)


def last_record(
    directory: Path, endpoint: str, check: Callable[[Record], object] = lambda _: None
) -> Record | None:
    """Locks the record of the endpoint's free session that was used last; None if there is none.

    check: raises LocalFileError for a record whose events make no sense, which it closes. Raises
    LocalFileError if only damaged files might be that record; otherwise they are left out.
    """
    damaged: list[tuple[Path, LocalFileError]] = []
    for path in sorted(directory.glob("*.jsonl"), key=modified, reverse=True):
        # One at a time: there may be more files than a process may open.
        if (file := _locked(path)) is None:
            continue
        taken: Record | None = None
        try:
            with contextlib.suppress(OSError, ValueError, UsageError):
                if read_about(file).endpoint != endpoint:
                    continue
            record = _read(path, file)
            check(record)
            taken = record
        except LocalFileError as error:
            damaged.append((path, error))
        finally:
            if taken is None:
                file.close()
        if taken is not None:
            taken.skipped = tuple(one for one, _ in damaged)
            return taken
    if damaged:
        raise damaged[0][1]
    return None


def damaged_files(directory: Path) -> Sequence[Path]:
    """Returns the free files that tell no session, those used last first."""
    found = []
    for path in sorted(directory.glob("*.jsonl"), key=modified, reverse=True):
        if (file := _locked(path)) is not None:
            with file:
                try:
                    read_about(file)
                except (OSError, ValueError, UsageError):
                    found.append(path)
    return found


def read_record(path: Path) -> Record | None:
    """Locks a record and returns it; None if it is locked or does not exist. Raises LocalFileError
    if it is damaged.
    """
    if (file := _locked(path)) is None:
        return None
    taken: Record | None = None
    try:
        taken = _read(path, file)
        return taken
    finally:
        if taken is None:
            file.close()


def modified(path: Path) -> float:
    """Returns the time of a record's last use, in seconds; 0 if it does not exist."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _free(directory: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yields the free files, locked by this process."""
    for path in directory.glob("*.jsonl"):
        if (file := _locked(path)) is not None:
            yield path, file


def _locked(path: Path) -> BinaryIO | None:
    """Returns the open file of a session, locked by this process; None if another process has
    locked it or it does not exist.
    """
    try:
        file = path.open("r+b", buffering=0)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Its owner may have removed it between opening and locking; a pipe has no end.
        found = os.fstat(file.fileno())
        is_there = path.stat().st_ino == found.st_ino and stat.S_ISREG(found.st_mode)
    except OSError:
        is_there = False
    if is_there:
        return file
    file.close()
    return None


def _read(path: Path, file: BinaryIO) -> Record:
    """Returns the record in a file. Raises LocalFileError if it is damaged."""
    from noderepl.schema import Check, decode

    check = Check[dict[str, Any]](dict[str, str | int | float | bool | list[str] | None])
    try:
        about = read_about(file)
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise ValueError("too long")
        events: list[Mapping[str, Any]] = []
        left = MOST_VALUES
        with os.fdopen(os.dup(file.fileno()), "rb") as lines:
            lines.seek(0)
            size = len(lines.readline())
            for line in lines:
                if not line.endswith(b"\n"):  # it was being written when the process was killed
                    break
                if len(events) == MOST_EVENTS:
                    raise ValueError("too many events")
                event = check.read(decode(line, max(left, 0)))
                left -= sum(len(one) if isinstance(one, list) else 1 for one in event.values())
                events.append(event)
                size += len(line)
        if os.fstat(file.fileno()).st_size > size:
            file.truncate(size)  # This also changes the time of the last use.
        file.seek(0, os.SEEK_END)
    except (OSError, ValueError, UsageError):
        raise _damaged(path) from None
    return Record(path, file, about, tuple(events))


def _damaged(path: Path) -> LocalFileError:
    return LocalFileError(
        f"{path} is damaged, so its session cannot be resumed; remove the file to start anew"
    )


def read_about(file: BinaryIO) -> About:
    """Returns the session of a file. Raises OSError, ValueError, UsageError."""
    from noderepl.schema import Check, decode

    file.seek(0)
    head, end, _ = file.read(MOST_HEAD_BYTES).partition(b"\n")
    if not end:
        raise ValueError("no head")
    about: About = Check[About](About).read(decode(head))
    check_identifier(about.identifier)
    return about


def _is_of(file: BinaryIO, about: About) -> bool:
    try:
        found = read_about(file)
    except (OSError, ValueError, UsageError):
        return False
    return (found.endpoint, found.identifier) == (about.endpoint, about.identifier)


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"


def sessions_directory() -> Path | None:
    """Returns the directory of the records; None for a user without a home."""
    place = state_directory()
    return None if place is None else place / "sessions"
