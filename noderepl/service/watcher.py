"""The watcher ends the worker of a session that exceeds its limits.

It checks memory and processes several times a second, while a snippet runs or the machine's memory
shrinks; a separate thread counts files, of which there may be many. Without cgroups, limits of the
kernel are not sufficient: RLIMIT_AS and RLIMIT_DATA count memory that V8 only reserves (Node 24
does not start below 1 GiB of either), and RLIMIT_NPROC counts threads, and not those of root.
channel.py sets the limits that the kernel can enforce.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from pathlib import Path

from noderepl.service.diskguard import DiskGuard
from noderepl.service.processes import Process, available_memory, memory_of
from noderepl.service.sandbox import Limits, in_words
from noderepl.service.threads import Threads
from noderepl.service.usage import ENTRY, Files, Watched, families, measure
from noderepl.service.worker import Worker

_INTERVAL = 0.2
_INTERVALS_WHEN_IDLE = 10
# Idle sessions are checked when the machine's memory shrinks by this part of a session's.
_SHARE_UNSEEN = 0.125
# The part of the time that the watcher may spend on counting files, of all busy sessions together.
_SHARE_OF_TIME = 0.05
_COUNTERS = 2
# The seconds for which a count is valid: processor time has a resolution of 10 ms, in which a
# process can write much without a visible change.
_COUNT_HOLDS = 2.0
# The same for memory, which grows faster. Most sessions of many are idle at any moment.
_MEMORY_HOLDS = 1.0


class Watcher:
    """Watches all workers of a pool. Call `watch()` for each, and `close()` at the end."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._watched: list[Watched] = []
        self._task: asyncio.Task[None] | None = None
        self._counts: set[asyncio.Task[None]] = set()
        # Separate threads, as the threads of all others may be busy with files for long.
        self._looking = Threads(1)
        self._counting = Threads(_COUNTERS)
        # One for each worker that starts: none waits for a count of another session.
        self._starting = Threads()
        self._guard = DiskGuard(disk=limits.disk, file=limits.file, excess=self._excess_of_files)

    async def settle(self, place: Path) -> None:
        """Waits until the previous worker of a session is not watched any more.

        place: as for watch().
        """
        await self._starting.run(self._guard.settle, place)

    async def watch(self, worker: Worker, place: Path) -> None:
        """Watches a worker until it ends. place: the directory of its session's files."""
        grown = self._guard.grown
        files = await self._starting.run(
            measure, place, self._limits.file, (), most=math.inf, unlock=True
        )
        watched = Watched(worker, place, files)
        self._guard.begin(watched, grown)
        self._watched.append(watched)
        self._guard.watch(self._watched)
        self._task = self._task or asyncio.create_task(self._look_regularly())

    def close(self) -> None:
        """Stops watching."""
        self._guard.close()
        for task in (*self._counts, *([self._task] if self._task is not None else [])):
            task.cancel()

    async def _look_regularly(self) -> None:
        passed, most_available = 0, 0
        while True:
            await asyncio.sleep(_INTERVAL)
            passed += 1
            available = available_memory()
            most_available = max(most_available, available)
            self._watched = [watched for watched in self._watched if watched.worker.ended is None]
            self._guard.watch(self._watched)
            is_busy = any(watched.worker.busy for watched in self._watched)
            has_shrunk = most_available - available > self._limits.memory * _SHARE_UNSEEN
            is_due = is_busy or has_shrunk or passed >= _INTERVALS_WHEN_IDLE
            if not self._watched or not is_due:
                continue
            passed, most_available = 0, available
            # After any failure, the next check may succeed: without checks there are no limits.
            with contextlib.suppress(Exception):
                look = self._looking.run(self._look, list(self._watched), has_shrunk)
                for worker, words in await look:
                    worker.exceed(words)
            self._begin_counts()

    def _look(self, all_watched: list[Watched], has_shrunk: bool) -> list[tuple[Worker, str]]:
        """Returns the workers that exceed a limit, and which. has_shrunk: whether the machine's
        memory has become less, so that the memory of idle sessions is measured too.
        """
        found, now = [], time.monotonic()
        for watched, processes in zip(
            all_watched, families([one.worker for one in all_watched]), strict=True
        ):
            before, watched.family = watched.family, processes
            watched.is_counted = watched.is_counted and watched.family == before
            ticks = sum(process.ticks for process in processes.values())
            is_idle = watched.family == before and ticks == watched.ticks
            is_known = is_idle and now < watched.memory_at and not has_shrunk
            words = self._excess_of_number(processes)
            if words is None and not is_known:
                words = self._excess_of_memory(processes)
                watched.ticks, watched.memory_at = ticks, now + _MEMORY_HOLDS
            if words is not None:
                watched.memory_at = 0.0
                found.append((watched.worker, words))
        return found

    def _excess_of_number(self, processes: dict[int, Process]) -> str | None:
        """Returns which of processes and threads exceeds its limit, in words; None if none does."""
        limits = self._limits
        if len(processes) > limits.processes:
            return f"it ran more than {limits.processes} processes at a time (start fewer)"
        if sum(process.threads for process in processes.values()) > limits.threads:
            return f"it ran more than {limits.threads} threads at a time (start fewer)"
        return None

    def _excess_of_memory(self, processes: dict[int, Process]) -> str | None:
        most = self._limits.memory
        if sum(map(memory_of, processes)) <= most:
            return None
        return f"it took more than {in_words(most)} of memory (--memory allows more)"

    def _begin_counts(self) -> None:
        """Starts counts of files for sessions whose processes were active. Does not wait, because a
        session may have very many files.
        """
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

    async def _count(self, watched: Watched) -> None:
        most = max(self._limits.disk, watched.files.disk)
        took = 0.0

        def count() -> Files:
            nonlocal took
            began = time.monotonic()
            try:
                return measure(
                    watched.place,
                    self._limits.file,
                    tuple(watched.family),
                    most=most,
                    unlock=False,
                )
            finally:
                took = time.monotonic() - began

        try:
            files = await self._counting.run(count)
        except OSError:
            watched.is_counted = False
        else:
            # The guard does not accept this count: files may have been moved during it.
            before, watched.files = watched.files, files
            words = self._excess_of_files(before, files)
            if words is not None:
                watched.worker.exceed(words)
        finally:
            busy = sum(one.worker.busy for one in self._watched)
            watched.count_at = time.monotonic() + took * max(busy, 1) / _SHARE_OF_TIME
            watched.is_counting = False

    def _excess_of_files(self, before: Files, now: Files) -> str | None:
        limits = self._limits
        # A session that is already above the limit must be able to delete files.
        if now.disk > max(limits.disk, before.disk):
            return (
                f"its files took more than {in_words(limits.disk)}, each {ENTRY >> 10} KiB at least"
                " (delete some)"
            )
        # The kernel lets a file grow only up to the limit, so a file that reached it would have
        # exceeded it.
        return limits.too_large if now.full - before.full else None
