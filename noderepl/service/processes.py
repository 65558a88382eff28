"""The processes of this machine, as Linux' /proc tells them: who descends from whom, and what they take.

Elsewhere there is no /proc and no process is seen. Ends nothing, decides nothing.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PRIVATE = re.compile(rb"^(?:RssAnon|RssShmem|VmSwap):\s+(\d+) kB", re.MULTILINE)

# It is gone, or another user's where /proc hides those. Any other error says nothing of the process.
_UNSEEN = (errno.ENOENT, errno.ESRCH, errno.EACCES, errno.EPERM)


@dataclass(frozen=True, slots=True)
class Process:
    """One process. parent: its parent's id. ticks: processor time used. is_dead: it only waits to be collected."""

    parent: int
    ticks: int
    is_dead: bool


def all_processes() -> dict[int, Process]:
    """Every process of the machine by its id: some milliseconds where there are hundreds.

    Raises OSError, as all functions here, if /proc cannot be read.
    """
    return {pid: process for pid in _ids() if (process := _read(pid)) is not None}


def family(processes: dict[int, Process], root: int) -> dict[int, Process]:
    """The process `root` and all that descend from it; those whose parent ended first are not among them."""
    children: dict[int, list[int]] = {}
    for pid, process in processes.items():
        children.setdefault(process.parent, []).append(pid)
    found, waiting = {}, [root]
    while waiting:
        pid = waiting.pop()
        if pid in processes and pid not in found:
            found[pid] = processes[pid]
            waiting += children.get(pid, ())
    return found


def memory_of(pid: int) -> int:
    """The bytes of memory that are in use and not backed by a file, swapped or not; 0 for a process that is gone."""
    with _unseen_passed_over():
        return sum(int(size) for size in _PRIVATE.findall((_PROC / str(pid) / "status").read_bytes())) * 1024
    return 0


def with_variable(name: str, values: Collection[str]) -> dict[str, set[int]]:
    """The living processes of this user started with the environment variable `name`, by which of `values` it had."""
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
        yield from (int(place.name) for place in _PROC.iterdir() if place.name.isdigit())


def _read(pid: int) -> Process | None:
    try:
        # pathlib would take half of the time that all of this takes.
        descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
    except OSError as error:
        if error.errno in _UNSEEN:
            return None
        raise
    try:
        status = os.read(descriptor, 1024)
    except OSError as error:
        if error.errno in _UNSEEN:
            return None
        raise
    finally:
        os.close(descriptor)
    if not status:  # it ended just now
        return None
    # The command's name before these may hold spaces and parentheses.
    state, parent, *rest = status[status.rindex(b")") + 2 :].split()
    return Process(int(parent), int(rest[9]) + int(rest[10]), state in (b"Z", b"X"))
