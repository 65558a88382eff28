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
from noderepl.service.sandbox import Ceilings
from noderepl.service.worker import Worker

_INTERVAL = 0.2
_INTERVALS_WHEN_IDLE = 10
# How much of the time the watcher may spend on counting a session's files.
_SHARE_OF_TIME = 0.05
_BLOCK = 512


@dataclass(slots=True)
class _Watched:
    """A worker, the directory of its session's files, and what was last seen of them.

    disk: bytes. family: its processes. is_counted: they did nothing since their files were counted.
    count_at: when the files may be counted again, on the monotonic clock.
    """

    worker: Worker
    place: Path
    disk: int
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
        self._watched.append(_Watched(worker, place, await asyncio.to_thread(disk_use, place)))
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
                found.append((watched.worker, f"The session was ended because {words}"))
        return found

    def _excess(self, watched: _Watched) -> str | None:
        """What is too much, in words."""
        limit = self._ceilings
        if len(watched.family) > limit.processes:
            return f"it ran more than {limit.processes} processes at a time (start fewer)"
        if sum(map(memory_of, watched.family)) > limit.memory:
            return f"it took more than {_in_words(limit.memory)} of memory (--memory allows more)"
        now = time.monotonic()
        if watched.is_counted or now < watched.count_at:
            return None
        watched.is_counted = True
        before, watched.disk = watched.disk, disk_use(watched.place)
        watched.count_at = now + (time.monotonic() - now) / _SHARE_OF_TIME
        # One that is above already must be able to delete what it has.
        if watched.disk > max(limit.disk, before):
            return f"its files took more than {_in_words(limit.disk)} (delete some)"
        return None


def disk_use(place: Path) -> int:
    """The bytes on disk of all that is below a directory; links are not followed."""
    total, waiting = 0, [str(place)]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    total += entry.stat(follow_symlinks=False).st_blocks * _BLOCK
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return total


def _in_words(size: int) -> str:
    return f"{size >> 30} GiB" if size % (1 << 30) == 0 else f"{size >> 20} MiB"
