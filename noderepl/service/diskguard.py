"""A thread that enforces the disk limit of sessions between two counts of their files.

A count takes long if there are many files, but the file system reports in microseconds how many
bytes and files are in use. The thread reads that regularly, and stops a session that may have
exceeded the limit until its files are counted.

A session can hide the size of deleted files that it has open. Meanwhile it is charged for all
growth of the file system that no session's count explains.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from noderepl.service.processes import Process
from noderepl.service.usage import Files, Used, Watched, families, measure, used
from noderepl.service.worker import Worker

_INTERVAL = 0.025
_INTERVAL_WHEN_IDLE = 0.1
# The minimum growth for a new count, or this part of the limit if that is low.
_STEP = 64 << 20
_STEP_SHARE = 8
# A session is counted again after growth by this part of the limit, so that it is not charged for
# growth before it hid a file.
_RENEWAL_SHARE = 8
_PAUSE = 0.002
_PATIENCE = 2.0


class DiskGuard:
    """Watches from watch() to close(). Without /proc, outside Linux, no process can be stopped.

    disk, file: the limits, in bytes. excess: returns in words what exceeds a limit, given the
    previous count and the new one. grown: bytes by which the file system grew since the start, at
    least ENTRY for each new file; freed space is not subtracted.
    """

    def __init__(
        self, *, disk: int, file: int, excess: Callable[[Files, Files], str | None]
    ) -> None:
        self.grown = 0
        self._disk = disk
        self._file = file
        self._excess = excess
        self._step = min(_STEP, disk // _STEP_SHARE)
        self._used: Used | None = None
        # The counted bytes of each session whose files exist, also of one that has ended.
        self._counted: dict[Path, int] = {}
        # The lock of each of these sessions, of the thread that stops its processes.
        self._locks: dict[Path, threading.Lock] = {}
        self._watched: tuple[Watched, ...] = ()
        self._closed = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, watched: Watched, grown: int) -> None:
        """Adds a session whose files were counted before its processes could run.

        grown: the value of `grown` before the count. Raises OSError.
        """
        watched.lock = self._locks.setdefault(watched.place, watched.lock)
        watched.grown_at = grown
        watched.taken = self._counted[watched.place] = watched.files.disk
        watched.unexplained = self._unexplained(watched.place)

    def watch(self, watched: list[Watched]) -> None:
        """Replaces the watched sessions; the first call starts the thread, in a running loop."""
        self._watched = tuple(watched)
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            threading.Thread(target=self._run, name="noderepl-disk", daemon=True).start()

    def settle(self, place: Path) -> None:
        """Waits until no count of a session's files affects processes of its ended worker.

        A count recognizes processes by the session's home, which the next worker has too.
        """
        with self._locks.get(place, contextlib.nullcontext()):
            pass

    def close(self) -> None:
        """Stops watching."""
        self._closed.set()

    def _run(self) -> None:
        interval = _INTERVAL
        while not self._closed.wait(interval):
            watched = [one for one in self._watched if one.worker.ended is None]
            interval = _INTERVAL if any(one.worker.busy for one in watched) else _INTERVAL_WHEN_IDLE
            # After any failure, the next check may succeed.
            with contextlib.suppress(Exception):
                self._look(watched)

    def _look(self, all_watched: list[Watched]) -> None:
        if not all_watched:
            self._used = None
            return
        self._note_growth(all_watched[0])
        for watched in all_watched:
            grown = self.grown - watched.grown_at
            is_close = grown >= self._step and watched.taken + grown > self._disk
            if (
                is_close or grown >= max(self._step, self._disk // _RENEWAL_SHARE)
            ) and not watched.lock.locked():
                # A separate thread: a session can make its own count slow, and the others must
                # still be watched.
                threading.Thread(
                    target=self._count, args=(watched,), name="noderepl-count", daemon=True
                ).start()

    def _note_growth(self, any_of_them: Watched) -> None:
        now = used(any_of_them.place)
        self.grown += now.growth_since(self._used or now)
        self._used = now

    def _count(self, watched: Watched) -> None:
        """Counts the files of a session while it is stopped, and ends it if they exceed the
        limit.
        """
        # After any failure, the next check starts another count.
        with contextlib.suppress(Exception), watched.lock:
            # After its end the next worker may run, and its processes would be found too.
            if watched.worker.ended is None:
                self._count_still(watched)

    def _count_still(self, watched: Watched) -> None:
        with _standing_still(watched.worker) as (processes, wait):
            counted_at = self.grown
            while not wait():
                # A long system call continues to write; only the end of its process stops it.
                if self.grown - counted_at > self._step:
                    counted_at = self.grown
                    with contextlib.suppress(OSError):
                        self._judge(watched, processes)
            self._judge(watched, processes)

    def _judge(self, watched: Watched, processes: dict[int, Process]) -> None:
        """Counts the files of a session, and ends it if they exceed the limit. Raises OSError."""
        assert self._loop is not None
        grown, before = self.grown, watched.files
        watched.files = self._measure(watched, processes)
        watched.taken, watched.grown_at = watched.files.disk, grown
        if watched.files.is_complete:
            watched.unexplained = self._unexplained(watched.place)
        else:
            watched.taken += self._hidden(watched)
        words = self._excess(before, replace(watched.files, disk=watched.taken))
        if words is not None:
            # The reason must be recorded before the end can be; the loop may be busy meanwhile.
            self._loop.call_soon_threadsafe(watched.worker.exceed, words)
            _signal(processes, signal.SIGKILL)

    def _measure(self, watched: Watched, processes: dict[int, Process]) -> Files:
        most = max(self._disk, watched.files.disk)
        files = measure(watched.place, self._file, processes, most=most, unlock=True)
        self._counted[watched.place] = files.disk
        return files

    def _measure_still(self, watched: Watched) -> None:
        with _standing_still(watched.worker) as (processes, wait):
            while not wait():
                pass
            self._measure(watched, processes)

    def _hidden(self, watched: Watched) -> int:
        """Returns the maximum number of bytes that a session hides. Raises OSError."""
        hidden = self._unexplained(watched.place) - watched.unexplained
        if watched.files.disk + hidden > self._disk:
            # Data that others wrote since their last count is not this session's.
            for other in self._watched:
                # A session that is being counted must not be continued by this count.
                if other.lock.acquire(blocking=False):
                    try:
                        if other.worker.ended is None:
                            self._measure_still(other)
                    finally:
                        other.lock.release()
            hidden = self._unexplained(watched.place) - watched.unexplained
        return max(0, hidden)

    def _unexplained(self, place: Path) -> int:
        """Returns the bytes in use on the file system that are not counted files of a session.
        Raises OSError.
        """
        for counted in tuple(self._counted):
            if not counted.exists():
                self._counted.pop(counted, None)
                self._locks.pop(counted, None)
        return used(place).bytes - sum(tuple(self._counted.values()))


@contextlib.contextmanager
def _standing_still(worker: Worker) -> Iterator[tuple[dict[int, Process], Callable[[], bool]]]:
    """Stops a worker's processes, except those that were stopped before. Yields the processes and a
    function that returns, after a short pause, whether all are stopped or the wait is over.
    """
    stopped: dict[int, Process] = {}
    seen: dict[int, Process] = {}
    patient_until = time.monotonic() + _PATIENCE

    def stand_still() -> bool:
        found = families([worker])[0]
        new = {pid: process for pid, process in found.items() if pid not in seen}
        _signal(
            fresh := {pid: process for pid, process in new.items() if not process.is_stopped},
            signal.SIGSTOP,
        )
        seen.update(new)
        stopped.update(fresh)
        if not new and all(process.is_stopped or process.is_dead for process in found.values()):
            return True
        time.sleep(_PAUSE)
        return time.monotonic() > patient_until

    try:
        yield seen, stand_still
    finally:
        _signal(stopped, signal.SIGCONT)


def _signal(processes: dict[int, Process], number: signal.Signals) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
