"""The watcher that ends the worker of a session that takes more of the machine than it may.

Memory, processes and disk are looked at from outside, several times a second while a snippet runs, as no limit of the
kernel serves without cgroups: RLIMIT_AS and RLIMIT_DATA count what V8 only reserves (Node 24 does not start below 1 GiB
of either), RLIMIT_NPROC counts threads, and not those of root. What the kernel does limit is set in channel.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from noderepl.service.processes import Process, all_processes, family, memory_of
from noderepl.service.sandbox import Ceilings, in_words
from noderepl.service.worker import Worker

_INTERVAL = 0.2
_INTERVALS_WHEN_IDLE = 10
# How much of the time the watcher may spend on counting a session's files.
_SHARE_OF_TIME = 0.05
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Files:
    """What a session's files take.

    disk: bytes of all on disk. full: those that reached the ceiling of a single file, by inode and last change.
    """

    disk: int
    full: frozenset[tuple[int, int]]


@dataclass(slots=True)
class _Watched:
    """A worker, the directory of its session's files, and what was last seen of them.

    family: its processes. is_counted: they did nothing since their files were counted.
    count_at: when the files may be counted again, on the monotonic clock.
    """

    worker: Worker
    place: Path
    files: Files
    family: dict[int, Process] = field(default_factory=dict)
    is_counted: bool = False
    count_at: float = 0.0


class Watcher:
    """Watches all workers of a pool. `watch()` each; `close()` at the end."""

    def __init__(self, ceilings: Ceilings) -> None:
        self._ceilings = ceilings
        self._watched: list[_Watched] = []
        self._task: asyncio.Task[None] | None = None

    async def watch(self, worker: Worker, place: Path) -> None:
        """Watch a worker until it ends. place: the directory that its session's files are in."""
        self._watched.append(_Watched(worker, place, await asyncio.to_thread(measure, place, self._ceilings.file)))
        self._task = self._task or asyncio.create_task(self._look_regularly())

    def close(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()

    async def _look_regularly(self) -> None:
        passed = 0
        while True:
            await asyncio.sleep(_INTERVAL)
            passed += 1
            self._watched = [watched for watched in self._watched if watched.worker.ended is None]
            is_busy = any(watched.worker.busy for watched in self._watched)
            if self._watched and (is_busy or passed >= _INTERVALS_WHEN_IDLE):
                passed = 0
                for worker, words in await asyncio.to_thread(self._look, list(self._watched)):
                    worker.exceed(words)

    def _look(self, all_watched: list[_Watched]) -> list[tuple[Worker, str]]:
        processes = all_processes()
        found = []
        for watched in all_watched:
            before, watched.family = watched.family, family(processes, watched.worker.pid)
            watched.is_counted = watched.is_counted and watched.family == before
            words = self._excess(watched)
            if words is not None:
                found.append((watched.worker, words))
        return found

    def _excess(self, watched: _Watched) -> str | None:
        """What is too much, in words."""
        limit = self._ceilings
        if len(watched.family) > limit.processes:
            return f"it ran more than {limit.processes} processes at a time (start fewer)"
        if sum(map(memory_of, watched.family)) > limit.memory:
            return f"it took more than {in_words(limit.memory)} of memory (--memory allows more)"
        now = time.monotonic()
        if watched.is_counted or now < watched.count_at:
            return None
        watched.is_counted = True
        before, watched.files = watched.files, measure(watched.place, limit.file)
        watched.count_at = now + (time.monotonic() - now) / _SHARE_OF_TIME
        # One that is above already must be able to delete what it has.
        if watched.files.disk > max(limit.disk, before.disk):
            return f"its files took more than {in_words(limit.disk)} (delete some)"
        # The kernel lets a file grow up to the ceiling only, so one that reached it was to be larger.
        if watched.files.full - before.full:
            return limit.too_large
        return None


def measure(place: Path, ceiling: int) -> Files:
    """What all that is below a directory takes; links are not followed. ceiling: bytes of a single file."""
    disk, full, waiting = 0, set(), [str(place)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    disk += status.st_blocks * _BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif status.st_size >= ceiling:
                        full.add((status.st_ino, status.st_mtime_ns))
    return Files(disk, frozenset(full))
