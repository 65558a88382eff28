"""One identifier's room and worker: snippets wait for their turn in it, and a worker that ended is replaced.

Knows no HTTP and no other session. Imports the standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from noderepl.service.sandbox import Room
from noderepl.service.worker import Ending, Ran, Worker


@dataclass(frozen=True, slots=True)
class Allocation:
    """Which worker answered: its guid, and whether nothing had been asked of it before."""

    guid: str
    is_new: bool


class SessionEnded(Exception):
    """The session was ended while a snippet waited for its turn in it."""


class Session:
    """One identifier's room and worker; made by Pool only.

    data: the directory that the session calls /mnt/data. created, accessed: when, in UTC.
    """

    def __init__(
        self,
        room: Room,
        worker: asyncio.Task[Worker],
        start: Callable[[Room], asyncio.Task[Worker]],
        created: datetime,
    ) -> None:
        self.data = room.data
        self.created = self.accessed = created
        self.etag = str(uuid.uuid4())
        self._room = room
        self._worker = worker
        self._start = start
        self._turn = asyncio.Lock()
        self._calls: set[asyncio.Task[tuple[Ran, Allocation]]] = set()
        self._file_calls = 0
        self._is_new = True
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a snippet runs or waits, or a file call is under way."""
        return bool(self._calls or self._file_calls)

    @contextlib.contextmanager
    def file_call(self) -> Iterator[None]:
        """Keep the session from its idle end while a file comes or goes, however slowly."""
        self.take_new()
        self._file_calls += 1
        try:
            yield
        finally:
            self._file_calls -= 1

    def take_new(self) -> bool:
        """Whether nothing has been asked of the present worker yet; from now on something has."""
        was_new, self._is_new = self._is_new, False
        return was_new

    async def execute(self, code: str, timeout: float) -> tuple[Ran, Allocation]:
        """Run a snippet after those that came before it; answer what it gave and which worker gave it.

        timeout: seconds, counted from when the snippet starts. Giving up on this call does not stop the snippet.
        Raises StartFailed, SessionEnded.
        """
        call = asyncio.create_task(self._execute(code, timeout))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return await asyncio.shield(call)

    async def version(self) -> str:
        """The version of Node.js that the worker reports. Raises StartFailed."""
        worker = await asyncio.shield(self._worker)
        return await asyncio.shield(worker.online)

    def end(self) -> None:
        """Begin no further snippet and start no further worker; close() is to follow."""
        self._closed = True

    async def close(self) -> None:
        """End the worker, and with it the snippet that runs; those that wait raise SessionEnded."""
        self.end()
        await stop(self._worker)
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _execute(self, code: str, timeout: float) -> tuple[Ran, Allocation]:
        async with self._turn:
            if self._closed:
                raise SessionEnded("The session was ended before the snippet could run.")
            if self._worker.done() and (self._worker.exception() or _ended_in_silence(self._worker.result())):
                self._renew()
            worker = await self._worker
            allocation = Allocation(worker.guid, self.take_new())
            ran = await worker.run(code, timeout)
            if ran.ended is not None and not self._closed:
                self._renew()
            return ran, allocation

    def _renew(self) -> None:
        self._worker = self._start(self._room)
        self._is_new = True
        self.etag = str(uuid.uuid4())


def _ended_in_silence(worker: Worker) -> bool:
    """Whether it ended and nobody needs to know why; what took too much while it was idle says so yet."""
    return worker.ended is not None and worker.ended.ending is not Ending.CEILING


async def stop(worker: asyncio.Task[Worker]) -> None:
    """End a worker that may still be starting, or may have failed to."""
    (outcome,) = await asyncio.gather(worker, return_exceptions=True)
    if isinstance(outcome, Worker):
        await outcome.close()
