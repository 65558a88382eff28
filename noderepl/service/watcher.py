"""The watcher that ends the worker of a session that takes more of the machine than it may.

Memory and processes are looked at from outside, several times a second while a snippet runs, and files are counted
beside that, as they may be many. No limit of the kernel serves without cgroups: RLIMIT_AS and RLIMIT_DATA count what V8
only reserves (Node 24 does not start below 1 GiB of either), RLIMIT_NPROC counts threads, and not those of root. What
the kernel does limit is set in channel.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from noderepl.service.processes import Process, all_processes, family, memory_of, with_variable
from noderepl.service.sandbox import Ceilings, in_words
from noderepl.service.worker import Worker

_INTERVAL = 0.2
_INTERVALS_WHEN_IDLE = 10
# How much of the time the watcher may spend on counting a session's files.
_SHARE_OF_TIME = 0.05
_COUNTERS = 2
# Processor time is told in hundredths of a second, in which much can be written unseen: seconds that a count holds.
_COUNT_HOLDS = 2.0
_BLOCK = 512
# What a file is counted as at least: an empty one takes an inode, and counting it takes time.
_ENTRY = 4096


@dataclass(frozen=True, slots=True)
class Files:
    """What a session's files take.

    disk: bytes of all on disk, at least _ENTRY for each. full: those that reached a single file's ceiling, by inode
    and last change.
    """

    disk: int
    full: frozenset[tuple[int, int]]


@dataclass(slots=True)
class _Watched:
    """A worker, the directory of its session's files, and what was last seen of them.

    family: its processes. is_counting: its files are being counted. is_counted: its processes did nothing since that
    began. count_at: when the files may be counted again, on the monotonic clock. recount_at: when they are, while a
    snippet runs, even if its processes seem to have done nothing.
    """

    worker: Worker
    place: Path
    files: Files
    family: dict[int, Process] = field(default_factory=dict)
    is_counting: bool = False
    is_counted: bool = False
    count_at: float = 0.0
    recount_at: float = 0.0


class Watcher:
    """Watches all workers of a pool. `watch()` each; `close()` at the end."""

    def __init__(self, ceilings: Ceilings) -> None:
        self._ceilings = ceilings
        self._watched: list[_Watched] = []
        self._task: asyncio.Task[None] | None = None
        self._counts: set[asyncio.Task[None]] = set()
        # Their own, as the threads of all others may be busy with files for long.
        self._looking = ThreadPoolExecutor(1)
        self._counting = ThreadPoolExecutor(_COUNTERS)

    async def watch(self, worker: Worker, place: Path) -> None:
        """Watch a worker until it ends. place: the directory that its session's files are in."""
        files, _ = await self._measure(place)
        self._watched.append(_Watched(worker, place, files))
        self._task = self._task or asyncio.create_task(self._look_regularly())

    def close(self) -> None:
        """Stop watching."""
        for task in (*self._counts, *([self._task] if self._task is not None else [])):
            task.cancel()
        for threads in (self._looking, self._counting):
            threads.shutdown(wait=False, cancel_futures=True)

    async def _look_regularly(self) -> None:
        passed = 0
        while True:
            await asyncio.sleep(_INTERVAL)
            passed += 1
            self._watched = [watched for watched in self._watched if watched.worker.ended is None]
            is_busy = any(watched.worker.busy for watched in self._watched)
            if not self._watched or not (is_busy or passed >= _INTERVALS_WHEN_IDLE):
                continue
            passed = 0
            # Whatever hinders a look, the next one may succeed: who does not look has no ceilings.
            with contextlib.suppress(Exception):
                loop = asyncio.get_running_loop()
                for worker, words in await loop.run_in_executor(self._looking, self._look, list(self._watched)):
                    worker.exceed(words)
            self._begin_counts()

    def _look(self, all_watched: list[_Watched]) -> list[tuple[Worker, str]]:
        processes = all_processes()
        homes = [home for watched in all_watched if (home := watched.worker.home) is not None]
        of_home = with_variable("HOME", homes) if homes else {}
        found = []
        for watched in all_watched:
            before, watched.family = watched.family, family(processes, watched.worker.pid)
            for orphan in of_home.get(watched.worker.home or "", set()) - watched.family.keys():
                watched.family |= family(processes, orphan)
            watched.is_counted = watched.is_counted and watched.family == before
            words = self._excess(watched.family)
            if words is not None:
                found.append((watched.worker, words))
        return found

    def _excess(self, processes: dict[int, Process]) -> str | None:
        """What is too much of processes and memory, in words."""
        limit = self._ceilings
        if len(processes) > limit.processes:
            return f"it ran more than {limit.processes} processes at a time (start fewer)"
        if sum(map(memory_of, processes)) > limit.memory:
            return f"it took more than {in_words(limit.memory)} of memory (--memory allows more)"
        return None

    def _begin_counts(self) -> None:
        """Have files counted where processes did something; nobody waits for it, a session may have very many."""
        now = time.monotonic()
        for watched in self._watched:
            holds = watched.is_counted and not (watched.worker.busy and now >= watched.recount_at)
            if holds or watched.is_counting or now < watched.count_at:
                continue
            watched.is_counting = watched.is_counted = True
            watched.recount_at = now + _COUNT_HOLDS
            task = asyncio.create_task(self._count(watched))
            self._counts.add(task)
            task.add_done_callback(self._counts.discard)

    async def _count(self, watched: _Watched) -> None:
        try:
            files, seconds = await self._measure(watched.place)
        except OSError:
            watched.is_counted = False
        else:
            watched.count_at = time.monotonic() + seconds / _SHARE_OF_TIME
            before, watched.files = watched.files, files
            words = self._excess_of_files(before, files)
            if words is not None:
                watched.worker.exceed(words)
        finally:
            watched.is_counting = False

    def _excess_of_files(self, before: Files, now: Files) -> str | None:
        limit = self._ceilings
        # One that is above already must be able to delete what it has.
        if now.disk > max(limit.disk, before.disk):
            return f"its files took more than {in_words(limit.disk)}, each {_ENTRY >> 10} KiB at least (delete some)"
        # The kernel lets a file grow up to the ceiling only, so one that reached it was to be larger.
        return limit.too_large if now.full - before.full else None

    async def _measure(self, place: Path) -> tuple[Files, float]:
        """What the files take, and the seconds that it took to count them."""

        def timed() -> tuple[Files, float]:
            began = time.monotonic()
            files = measure(place, self._ceilings.file)
            return files, time.monotonic() - began

        return await asyncio.get_running_loop().run_in_executor(self._counting, timed)


def measure(place: Path, ceiling: int) -> Files:
    """What all that is below a directory takes; links are not followed. ceiling: bytes of a single file.

    Raises OSError if this process has too many files open to tell.
    """
    disk, full, waiting = 0, set(), [str(place)]
    while waiting:
        with _missing_passed_over(), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    disk += max(status.st_blocks * _BLOCK, _ENTRY)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif status.st_size >= ceiling:
                        full.add((status.st_ino, status.st_mtime_ns))
    return Files(disk, frozenset(full))


@contextlib.contextmanager
def _missing_passed_over() -> Iterator[None]:
    """Pass over what is gone, locked or nested too deep."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
