"""The processes of this machine, from Linux' /proc: their descendants and their resources.

On other systems there is no /proc and no process is found. This module only measures.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

_PROC = Path("/proc")
_PRIVATE = lazy_pattern(rb"^(?:RssAnon|RssShmem|VmPTE|VmSwap):\s+(\d+) kB", re.MULTILINE)
# These lines, and those between them, have less than 40 characters each.
_PRIVATE_LENGTH = 400
_AVAILABLE = lazy_pattern(rb"^(?:MemAvailable|SwapFree):\s+(\d+) kB", re.MULTILINE)

# The process has ended, or belongs to another user and /proc hides it. Any other error is not about
# the process.
_UNSEEN = (errno.ENOENT, errno.ESRCH, errno.EACCES, errno.EPERM)


_ENDED = {b"Z", b"X"}


@dataclass(frozen=True, slots=True)
class Process:
    """One process. parent: its parent's id. threads: their number. is_dead: whether all its threads
    have ended and it waits to be reaped. is_stopped: whether a signal has stopped it. ticks: the
    processor time it has used, in hundredths of a second.
    """

    parent: int
    threads: int
    is_dead: bool
    is_stopped: bool
    ticks: int = field(compare=False)


def all_processes() -> dict[int, Process]:
    """Returns every process of the machine by its id; takes some milliseconds for hundreds of
    processes.

    Raises OSError, as all functions here, if /proc cannot be read.
    """
    return {pid: process for pid in _ids() if (process := _read(pid)) is not None}


Children = Mapping[int, Sequence[int]]


def children_of(processes: dict[int, Process]) -> Children:
    """Returns the children of each process that has any, for family()."""
    children: dict[int, list[int]] = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    return children


def family(
    processes: dict[int, Process], root: int, children: Children | None = None
) -> dict[int, Process]:
    """Returns the process `root` and all its descendants, except those whose parent has ended.

    children: of the processes, if they have been found before for another family.
    """
    children = children_of(processes) if children is None else children
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        if pid in processes and pid not in found:
            found[pid] = processes[pid]
            waiting += children.get(pid, ())
    return found


def has_ended(thread: int) -> bool:
    """Returns whether a thread has ended; other threads of its process may continue."""
    fields = _stat(thread)
    return fields is None or fields[0] in _ENDED


def memory_of(pid: int) -> int:
    """Returns the bytes of memory in use that are not backed by a file, swapped or not, including
    page tables.

    0 for a process that has ended.
    """
    with _unseen_passed_over():
        sizes = _memory(f"{_PROC}/{pid}/status")
        if not sizes:
            # The first thread has ended; the remaining threads have the memory.
            for thread in _threads(pid):
                with _unseen_passed_over():
                    sizes = sizes or _memory(f"{thread}/status")
        return sum(map(int, sizes)) * 1024
    return 0


def _memory(path: str) -> list[bytes]:
    status = _content(path, 8192)
    # The lines are close together, and the search in all others would take most of the time.
    start = status.find(b"\nRssAnon:") + 1
    return _PRIVATE.findall(status, start, start + _PRIVATE_LENGTH)


def available_memory() -> int:
    """Returns the bytes of memory and swap space that programs can still allocate; 0 if unknown.

    Much faster than memory_of() for all processes.
    """
    with contextlib.suppress(OSError):
        return sum(map(int, _AVAILABLE.findall((_PROC / "meminfo").read_bytes()))) * 1024
    return 0


def with_variable(name: str, values: Collection[str]) -> dict[str, set[int]]:
    """Returns the living processes of this user that were started with the environment variable
    `name`, by which of `values` it had.
    """
    wanted = {f"{name}={value}".encode(): value for value in values}
    found: dict[str, set[int]] = {value: set() for value in values}
    for pid in _ids():
        with _unseen_passed_over():
            for entry in (_PROC / str(pid) / "environ").read_bytes().split(b"\0"):
                if entry in wanted:
                    found[wanted[entry]].add(pid)
    return found


@contextlib.contextmanager
def _unseen_passed_over() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _UNSEEN:
            raise


def _ids() -> Iterator[int]:
    with contextlib.suppress(FileNotFoundError):
        # pathlib would take three times as long.
        yield from (int(name) for name in os.listdir(_PROC) if name.isdigit())  # noqa: PTH208


def _read(pid: int) -> Process | None:
    fields = _stat(pid)
    if fields is None:
        return None
    state, parent, threads = fields[0], int(fields[1]), int(fields[17])
    if state in _ENDED and threads > 1:
        # The first thread has ended, and its state does not describe the others.
        tasks = [_stat(int(place.name)) for place in _threads(pid)]
        states = {task[0] for task in tasks if task is not None} - _ENDED
        is_dead, is_stopped = not states, states == {b"T"}
    else:
        is_dead, is_stopped = state in _ENDED, state == b"T"
    return Process(parent, threads, is_dead, is_stopped, int(fields[11]) + int(fields[12]))


def _threads(pid: int) -> Iterator[Path]:
    with _unseen_passed_over():
        yield from (_PROC / str(pid) / "task").iterdir()


def _stat(thread: int) -> list[bytes] | None:
    """Returns the fields of /proc/ID/stat from the third, the state, on; None if it does not exist
    or is hidden.
    """
    try:
        status = _content(f"/proc/{thread}/stat", 1024)
    except OSError as error:
        if error.errno in _UNSEEN:
            return None
        raise
    # It is empty if the process has just ended; the command's name in it may contain spaces and
    # parentheses.
    return status[status.rindex(b")") + 2 :].split() if status else None


def _content(path: str, most: int) -> bytes:
    """Returns the first bytes of a file in /proc; pathlib would take half of the time."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, most)
    finally:
        os.close(descriptor)
