"""Deleted files that processes have open: they use disk space, but no directory lists them. This
module only measures.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection
from dataclasses import field
from functools import cache
from pathlib import Path

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.processes import has_ended

_BLOCK = 512
# A session with more descriptors, each counted once per thread, takes too long to inspect.
_MOST_DESCRIPTORS = 1 << 17
# The same for mappings, of which a process may have 65,530 and Node.js has some hundred.
_MOST_MAPPINGS = 1 << 19


@dataclass(slots=True)
class _Found:
    """The files that the processes have open. known: the inodes of all files whose size was found,
    deleted or not. mapped: the inodes of deleted files that are mapped. sockets: the inodes of the
    inspected sockets.
    """

    device: int
    deleted: dict[int, int] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)
    mapped: set[int] = field(default_factory=set)
    sockets: set[int] = field(default_factory=set)
    descriptors: int = 0
    mappings: int = 0
    is_complete: bool = True

    @property
    def is_too_much(self) -> bool:
        """Whether the processes have more of them than can be inspected in a few seconds."""
        return self.descriptors > _MOST_DESCRIPTORS or self.mappings > _MOST_MAPPINGS


def deleted_files(processes: Collection[int], device: int) -> tuple[int, bool]:
    """Returns the size in bytes of deleted files of a file system that processes use, and whether
    it is complete.

    A process uses files and directories that it has open, that it runs, or in which it works.

    The size is incomplete where processes hide a file's: a deleted file is mapped and not open, a
    socket's queue contains descriptors, the kernel refuses to inspect a process, or the descriptors
    or mappings are too many to inspect.
    """
    found = _Found(device)
    for pid in processes:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # A thread may have its own descriptors, and the first thread may have ended before the
            # others.
            are_mappings_seen = False
            for thread in Path(f"/proc/{pid}/task").iterdir():
                # All threads have the same mappings.
                are_mappings_seen |= _inspect(
                    int(thread.name), found, mappings=not are_mappings_seen
                )
                if found.is_too_much:
                    return sum(found.deleted.values()), False
    return sum(found.deleted.values()), found.is_complete and found.mapped <= found.known


def _inspect(thread: int, found: _Found, *, mappings: bool) -> bool:
    """Counts the files that a thread uses. mappings: whether to include mapped files. Returns
    whether there were any.
    """
    try:
        with os.scandir(f"/proc/{thread}/fd") as descriptors:
            for descriptor in descriptors:
                with contextlib.suppress(FileNotFoundError):
                    _inspect_descriptor(thread, descriptor, found)
                if found.is_too_much:
                    return False
        # A program may unmap itself, and then no mapping shows its file.
        for link in ("exe", "cwd"):
            with contextlib.suppress(FileNotFoundError):
                _count_if_deleted(Path(f"/proc/{thread}/{link}").stat(), found)
        return mappings and _inspect_mappings(thread, found)
    except (FileNotFoundError, ProcessLookupError):
        pass  # the process has ended
    except PermissionError:
        if not has_ended(thread):
            found.is_complete = False
    return False


def _inspect_mappings(thread: int, found: _Found) -> bool:
    before = found.mappings
    # Not read at once: a process may have thousands of mappings with long names.
    with Path(f"/proc/{thread}/maps").open("rb") as lines:
        for line in lines:
            found.mappings += 1
            if found.is_too_much:
                break
            if line.endswith(b" (deleted)\n"):
                _, _, _, of_device, inode, _ = line.split(None, 5)
                if of_device != _device_of_memory():
                    found.mapped.add(int(inode))
    # A thread that has ended shows none.
    return found.mappings > before


def _inspect_descriptor(thread: int, descriptor: os.DirEntry[str], found: _Found) -> None:
    found.descriptors += 1
    status = descriptor.stat()
    _count_if_deleted(status, found)
    if stat.S_ISSOCK(status.st_mode) and status.st_ino not in found.sockets:
        found.sockets.add(status.st_ino)
        with Path(f"/proc/{thread}/fdinfo/{descriptor.name}").open("rb") as information:
            for line in information:
                if line.startswith(b"scm_fds:") and int(line.split()[1]) > 0:
                    found.is_complete = False


def _count_if_deleted(status: os.stat_result, found: _Found) -> None:
    is_stored = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
    if is_stored and status.st_dev == found.device:
        found.known.add(status.st_ino)
        if status.st_nlink == 0:
            found.deleted[status.st_ino] = status.st_blocks * _BLOCK


@cache
def _device_of_memory() -> bytes:
    """Returns the device, as in /proc/PID/maps, of memory that resembles a deleted file:
    memfd_create, shmget, shared mmap.
    """
    try:
        descriptor = os.memfd_create("noderepl")
    except OSError:
        return b"00:01"
    try:
        device = os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)
    return b"%02x:%02x" % (os.major(device), os.minor(device))
