"""The disk usage of a session's files, counted from outside without following a link, and the
processes of a session.

This module only measures. Every function blocks and must run in a thread.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import threading
from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import field
from pathlib import Path

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.deleted import deleted_files
from noderepl.service.processes import (
    Process,
    all_processes,
    children_of,
    family,
    with_variable,
)
from noderepl.service.worker import Worker

_BLOCK = 512
# The minimum size that a file counts as: an empty file takes an inode, and counting it takes time.
ENTRY = 4096
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NO_MORE_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)


@dataclass(frozen=True, slots=True)
class Files:
    """The disk usage of a session's files.

    disk: bytes of all files on disk, at least ENTRY for each. full: those that reached the limit of
    a single file, by inode and last change. is_complete: whether these are all files, and no
    deleted file hides its size.
    """

    disk: int
    full: frozenset[tuple[int, int]]
    is_complete: bool = True


@dataclass(slots=True)
class Watched:
    """A worker, the directory of its session's files, and their last measurements.

    family: its processes. ticks: the processor time that they had used when their memory was last
    measured, in hundredths of a second. memory_at: the time at which it is measured again even if
    they seem idle, on the monotonic clock. is_counting: whether its files are being counted.
    is_counted: whether its processes have been idle since the count began. count_at: the earliest
    time of the next count, on the monotonic clock. recount_at: the time of the next count while a
    snippet runs, even if its processes seem idle. The other fields are of the last count while its
    processes were stopped. taken: the maximum of the bytes that it used. grown_at: the value of
    DiskGuard.grown. unexplained: bytes in use on the file system that were not counted files of a
    session, at the last time when it hid no file. lock: of the thread that stops the processes.
    """

    worker: Worker
    place: Path
    files: Files
    family: dict[int, Process] = field(default_factory=dict)
    ticks: int = 0
    memory_at: float = 0.0
    is_counting: bool = False
    is_counted: bool = False
    count_at: float = 0.0
    recount_at: float = 0.0
    taken: int = 0
    grown_at: int = 0
    unexplained: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def families(workers: Sequence[Worker]) -> list[dict[int, Process]]:
    """Returns the processes of each worker. Raises OSError if /proc cannot be read."""
    processes = all_processes()
    children = children_of(processes)
    homes = [home for worker in workers if (home := worker.home) is not None]
    of_home = with_variable("HOME", homes) if homes else {}
    found = []
    for worker in workers:
        own = family(processes, worker.pid, children)
        for orphan in of_home.get(worker.home or "", set()) - own.keys():
            own |= family(processes, orphan, children)
        found.append(own)
    return found


@dataclass(frozen=True, slots=True)
class Used:
    """What all processes use on a file system: bytes, and entries, that is, files and directories;
    0 entries if the file system does not report them.
    """

    bytes: int
    entries: int

    def growth_since(self, before: Used) -> int:
        """Returns the maximum of bytes that may have been taken since, as measure() counts them;
        freed space is not subtracted.
        """
        entries = max(0, self.entries - before.entries)
        return max(0, self.bytes - before.bytes) + ENTRY * entries


def used(place: Path) -> Used:
    """Returns the usage of a directory's file system. Raises OSError."""
    whole = os.statvfs(place)
    return Used(
        (whole.f_blocks - whole.f_bfree) * whole.f_frsize, max(0, whole.f_files - whole.f_ffree)
    )


def measure(
    place: Path, limit: int, processes: Collection[int], *, most: float, unlock: bool
) -> Files:
    """Returns the disk usage of everything below a directory, and of deleted files of its file
    system that `processes` use.

    limit: bytes of a single file. most: bytes at which the count may stop. unlock: whether to open
    directories without permissions temporarily, which requires that nothing of the session runs;
    otherwise PermissionError is raised. Raises OSError if there are too many open files to inspect,
    or if directories were moved meanwhile.
    """
    disk, full, is_complete = 0, set[tuple[int, int]](), True
    for status in _below(place, unlock=unlock):
        disk += max(status.st_blocks * _BLOCK, ENTRY)
        if status.st_size >= limit and not stat.S_ISDIR(status.st_mode):
            full.add((status.st_ino, status.st_mtime_ns))
        if disk > most:
            break
    else:
        deleted, is_complete = deleted_files(processes, place.stat().st_dev)
        disk += deleted
    return Files(disk, frozenset(full), is_complete)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A directory. locked: its mode before it was unlocked, None if it was not locked."""

    descriptor: int
    locked: int | None = None

    @property
    def identity(self) -> tuple[int, int]:
        status = os.fstat(self.descriptor)
        return status.st_dev, status.st_ino

    def close(self) -> None:
        os.close(self.descriptor)

    def leave(self) -> None:
        """Locks it again, and closes it."""
        if self.locked is not None:
            os.fchmod(self.descriptor, self.locked)
        self.close()


def _below(place: Path, *, unlock: bool) -> Iterator[os.stat_result]:
    """Yields the status of everything below a directory.

    Only the present directory is open, at any depth. The way back is `..`, which cannot be a link.
    """
    present = _Opened(os.open(place, _DIRECTORY))
    # For each directory above: its identity, the mode to restore, and the names that are still to
    # be entered.
    above: list[tuple[tuple[int, int], int | None, list[str]]] = []
    try:
        waiting = yield from _entries(present.descriptor)
        while waiting or above:
            if waiting:
                entered = _enter(present.descriptor, waiting.pop(), unlock=unlock)
                if entered is not None:
                    above.append((present.identity, present.locked, waiting))
                    present.close()
                    present = entered
                    waiting = yield from _entries(present.descriptor)
                continue
            identity, locked, waiting = above.pop()
            present = _back(present, identity, locked)
    finally:
        with contextlib.suppress(OSError):
            while any(locked is not None for _, locked, _ in above):
                identity, locked, _ = above.pop()
                present = _back(present, identity, locked)
        present.leave()


def _back(present: _Opened, identity: tuple[int, int], locked: int | None) -> _Opened:
    """Returns to the directory from which `present` was entered. Raises OSError if that is another
    one now.
    """
    above = _Opened(os.open("..", _DIRECTORY, dir_fd=present.descriptor), locked)
    if above.identity != identity:
        above.close()
        raise OSError(errno.ESTALE, "a directory was moved while it was counted")
    present.leave()
    return above


def _entries(directory: int) -> Generator[os.stat_result, None, list[str]]:
    """Yields the status of each entry; returns the names of directories."""
    names = []
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    if stat.S_ISDIR(status.st_mode):
                        names.append(entry.name)
                    yield status
    except FileNotFoundError:
        pass  # the directory was deleted
    return names


def _enter(parent: int, name: str, *, unlock: bool) -> _Opened | None:
    """Opens a directory; None if it is gone or is not a directory any more. Raises
    PermissionError.
    """
    try:
        descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    except PermissionError:
        if not (unlock and sys.platform == "linux"):
            raise
    except OSError as error:
        if error.errno in _NO_MORE_DESCRIPTORS:
            raise
        return None
    else:
        if os.geteuid() == 0 or os.fstat(descriptor).st_mode & stat.S_IXUSR:
            return _Opened(descriptor)
        os.close(descriptor)
        if not unlock:
            raise PermissionError(errno.EACCES, "a directory cannot be entered")
    # A path through a descriptor cannot be replaced by a link.
    descriptor = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        itself = Path(f"/proc/self/fd/{descriptor}")
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        itself.chmod(0o700)
        return _Opened(os.open(itself, os.O_RDONLY | os.O_DIRECTORY), mode)
    finally:
        os.close(descriptor)
