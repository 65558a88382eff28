"""The directories and the worker of one identifier: snippets wait for their turn, and a worker that
ended is replaced.

This module does not depend on HTTP or on other sessions. It imports the standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.sandbox import SessionDirectories
from noderepl.service.worker import Ending, Ran, Worker


@dataclass(frozen=True, slots=True)
class Allocation:
    """The worker that answered: its guid, and whether this was its first use."""

    guid: str
    is_new: bool


# The maximum number of the snippets of a session that run or wait, and of the bytes that their code
# takes in memory.
MOST_CALLS = 100
MOST_CODE = 32 * 2**20


class SessionBusy(Exception):
    """Too many snippets wait in the session; str() is a sentence with the limit."""


class SessionEnded(Exception):
    """The session was ended while a snippet waited for its turn."""


class Session:
    """The directories and the worker of one identifier; only Pool constructs it.

    data: the directory that the session calls /mnt/data. created, accessed: in UTC. listing: one
    list of its files at a time, which may be long.
    """

    def __init__(
        self,
        directories: SessionDirectories,
        worker: asyncio.Task[Worker],
        start: Callable[[SessionDirectories], asyncio.Task[Worker]],
        created: datetime,
    ) -> None:
        self.data = directories.data
        self.created = self.accessed = created
        self.etag = str(uuid.uuid4())
        self._directories = directories
        self._worker = worker
        self._start = start
        self.listing = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._calls: dict[asyncio.Task[tuple[Ran, Allocation]], int] = {}
        self._file_calls = 0
        self._is_new = True
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a snippet runs or waits, or a file call is in progress."""
        return bool(self._calls or self._file_calls)

    @contextlib.contextmanager
    def file_call(self) -> Iterator[None]:
        """Prevents the end of the session by its cooldown during a file transfer, however slow."""
        self.take_new()
        self._file_calls += 1
        try:
            yield
        finally:
            self._file_calls -= 1

    def take_new(self) -> bool:
        """Returns whether the present worker has not been used yet, and marks it as used."""
        was_new, self._is_new = self._is_new, False
        return was_new

    def execute(self, code: str, timeout: float) -> Awaitable[tuple[Ran, Allocation]]:
        """Runs a snippet after those that arrived before it. Returns a future of its result and of
        the worker that ran it.

        timeout: seconds from the start of the snippet. A cancellation of the future does not stop
        the snippet. Raises SessionBusy; the future raises StartFailed, SessionEnded.
        """
        size = sys.getsizeof(code)
        if self._calls and (
            len(self._calls) >= MOST_CALLS or sum(self._calls.values()) + size > MOST_CODE
        ):
            raise SessionBusy(
                f"In a session at most {MOST_CALLS} snippets can run and wait, with"
                f" {MOST_CODE >> 20} MB of code."
            )
        call = asyncio.create_task(self._execute(code, timeout))
        self._calls[call] = size
        call.add_done_callback(self._calls.pop)
        return asyncio.shield(call)

    async def version(self) -> str:
        """Returns the version of Node.js that the worker reports. Raises StartFailed."""
        worker = await asyncio.shield(self._worker)
        return await asyncio.shield(worker.online)

    def end(self) -> None:
        """Prevents further snippets and workers; close() must follow."""
        self._closed = True

    async def close(self) -> None:
        """Ends the worker, and with it the running snippet; waiting snippets raise SessionEnded."""
        self.end()
        await stop(self._worker)
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _execute(self, code: str, timeout: float) -> tuple[Ran, Allocation]:
        async with self._turn:
            if self._closed:
                raise SessionEnded("The session was ended before the snippet could run.")
            if self._worker.done() and (
                self._worker.exception() or _ended_in_silence(self._worker.result())
            ):
                # Its orphans have the home of the next worker, by which they are found and ended.
                await stop(self._worker)
                self._renew()
            worker = await self._worker
            allocation = Allocation(worker.guid, self.take_new())
            ran = await worker.run(code, timeout)
            if ran.ended is not None and not self._closed:
                self._renew()
            return ran, allocation

    def _renew(self) -> None:
        self._worker = self._start(self._directories)
        self._is_new = True
        self.etag = str(uuid.uuid4())


def _ended_in_silence(worker: Worker) -> bool:
    """Returns whether the worker ended and its reason need not be reported; a limit that was
    exceeded while it was idle is reported.
    """
    return worker.ended is not None and worker.ended.ending not in (Ending.LIMIT, Ending.OUTPUT)


async def stop(worker: asyncio.Task[Worker]) -> None:
    """Ends a worker whose start may be in progress, or may have failed."""
    (outcome,) = await asyncio.gather(worker, return_exceptions=True)
    if isinstance(outcome, Worker):
        await outcome.close()
