"""The sessions of a pool: identifier -> a room and the worker in it, with limits, expiry and a spare ready to be taken.

Knows no HTTP. Imports the standard library only, so that Node can start while Python still imports the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from noderepl.service.node import Node
from noderepl.service.sandbox import (
    DISK,
    FILE,
    MEMORY,
    PROCESSES,
    Ceilings,
    Mode,
    Room,
    Sandbox,
    remove_tree,
    write_tools,
)
from noderepl.service.watcher import Watcher
from noderepl.service.worker import Ending, Ran, Worker

_REFILL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Allocation:
    """Which worker answered: its guid, and whether nothing had been asked of it before."""

    guid: str
    is_new: bool


class PoolFull(Exception):
    """All sessions are taken. active: how many there are."""

    def __init__(self, active: int) -> None:
        super().__init__(f"The pool has no session left: {active} are active.")
        self.active = active


class PoolClosed(Exception):
    """The pool was closed."""


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

    async def close(self) -> None:
        """End the worker, and with it the snippet that runs; those that wait raise SessionEnded."""
        self._closed = True
        await _stop(self._worker)
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


class Pool:
    """Real Node.js processes, one per session identifier.

    node: what runs. cooldown: seconds without a call after which a session ends. max_sessions: how many may be.
    spares: how many workers to keep ready, from prewarm() on; with 0 the one that prewarm() starts is not replaced.
    sandbox: auto uses bubblewrap where it works, require starts with it only, off does without. egress: whether
    sessions reach the network. memory, processes, file, disk: what one session may take, as in Ceilings.
    clock: seconds, monotonic. Raises NoSandbox where sandbox or egress cannot be had.
    """

    def __init__(
        self,
        node: Node,
        *,
        cooldown: float = 300.0,
        max_sessions: int = 100,
        spares: int = 0,
        sandbox: Mode = "auto",
        egress: bool = True,
        memory: int = MEMORY,
        processes: int = PROCESSES,
        file: int = FILE,
        disk: int = DISK,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.node = node
        self.cooldown = cooldown
        self.max_sessions = max_sessions
        self.created = datetime.now(UTC)
        self._began = clock()
        self._sandbox = Sandbox(sandbox, egress=egress, ceilings=Ceilings(memory, processes, file, disk))
        self._watcher = Watcher(self._sandbox.ceilings)
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._deadlines: dict[str, float] = {}
        self._spares = spares
        self._ready: deque[tuple[Room, asyncio.Task[Worker]]] = deque()
        self._closing: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._closed = False
        self._rooms = 0

    @property
    def sandboxed(self) -> bool:
        """Whether sessions are kept in by bubblewrap; the first look costs a few milliseconds."""
        return self._sandbox.obstacle is None

    @property
    def notice(self) -> str | None:
        """A sentence for the user where there is no sandbox though nobody said that there should be none."""
        return self._sandbox.notice

    def prewarm(self) -> None:
        """Start the spare workers, or else one, for the next sessions to take; needs a running loop."""
        while len(self._ready) < max(self._spares, 1) and not self._closed:
            room = self._create_room()
            self._ready.append((room, self._start(room)))

    async def spare(self) -> Worker:
        """The worker that the next new session takes, once it is online. Raises StartFailed, PoolClosed."""
        if self._closed:
            raise PoolClosed("The pool is closed.")
        self.prewarm()
        worker = await asyncio.shield(self._ready[0][1])
        await asyncio.shield(worker.online)
        return worker

    async def session(self, identifier: str) -> Session:
        """The session of this identifier, allocated if there is none; counts as use. Raises PoolFull, PoolClosed."""
        if self._closed:
            raise PoolClosed("The pool is closed.")
        self._sweep()
        session = self._sessions.get(identifier)
        if session is None:
            if len(self._sessions) >= self.max_sessions:
                raise PoolFull(len(self._sessions))
            room, worker = self._take_spare()
            session = self._sessions[identifier] = Session(room, worker, self._start, self._moment())
            self._sweeper = self._sweeper or asyncio.create_task(self._sweep_regularly())
        self.touch(identifier)
        return session

    def find(self, identifier: str) -> Session | None:
        """The session of this identifier if there is one; allocates nothing."""
        self._sweep()
        return self._sessions.get(identifier)

    def touch(self, identifier: str) -> None:
        """Begin this session's idle time anew."""
        if identifier in self._sessions:
            self._deadlines[identifier] = self._clock() + self.cooldown
            self._sessions[identifier].accessed = self._moment()

    def expires(self, session: Session) -> datetime:
        """When the session ends if nothing is asked of it."""
        return session.accessed + timedelta(seconds=self.cooldown)

    def sessions(self) -> dict[str, Session]:
        """All sessions by identifier, oldest first."""
        self._sweep()
        return dict(self._sessions)

    async def stop(self, identifier: str) -> bool:
        """End a session and delete its files; False if there is none."""
        self._sweep()
        if identifier not in self._sessions:
            return False
        await asyncio.shield(self._drop(identifier))
        return True

    async def node_version(self) -> str:
        """The version of Node.js that the pool's workers report. Raises StartFailed."""
        if not self._ready and self._sessions:
            return await next(iter(self._sessions.values())).version()
        return await (await self.spare()).online

    async def close(self) -> None:
        """End all sessions; no process and no file is left. May be called again."""
        self._closed = True
        self._watcher.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
        for identifier in list(self._sessions):
            self._drop(identifier)
        while self._ready:
            await _stop(self._ready.popleft()[1])
        await asyncio.gather(*self._closing)
        if "place" in self.__dict__:
            place = self.__dict__.pop("place")
            await asyncio.to_thread(remove_tree, place)

    @cached_property
    def place(self) -> Path:
        """The directory on this machine that all of the pool's files are in."""
        place = Path(tempfile.mkdtemp(prefix="noderepl-")).resolve()
        write_tools(place / "bin", self.node)
        return place

    def _create_room(self) -> Room:
        self._rooms += 1
        return Room.create(self.place / str(self._rooms))

    def _take_spare(self) -> tuple[Room, asyncio.Task[Worker]]:
        self.prewarm()
        taken = self._ready.popleft()
        if self._spares:
            # Starting a process takes the processor from the snippet that the new session was made for.
            asyncio.get_running_loop().call_later(_REFILL_SECONDS, self.prewarm)
        return taken

    def _moment(self) -> datetime:
        return self.created + timedelta(seconds=self._clock() - self._began)

    def _start(self, room: Room) -> asyncio.Task[Worker]:
        if self._closed:
            raise PoolClosed("The pool is closed.")
        return asyncio.create_task(self._start_watched(room))

    async def _start_watched(self, room: Room) -> Worker:
        how = self._sandbox.launch(self.node, room, self.place / "bin", os.environ)
        worker = await Worker.start(how)
        await self._watcher.watch(worker, room.data.parent)
        return worker

    def _drop(self, identifier: str) -> asyncio.Task[None]:
        session = self._sessions.pop(identifier)
        del self._deadlines[identifier]
        task = asyncio.create_task(_dismantle(session))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task

    def _sweep(self) -> None:
        now = self._clock()
        for identifier, session in list(self._sessions.items()):
            if session.busy:
                self._deadlines[identifier] = now + self.cooldown
            elif self._deadlines[identifier] <= now:
                self._drop(identifier)

    async def _sweep_regularly(self) -> None:
        while True:
            await asyncio.sleep(min(self.cooldown, 5.0))
            self._sweep()


async def _dismantle(session: Session) -> None:
    await session.close()
    await asyncio.to_thread(remove_tree, session.data.parent)


def _ended_in_silence(worker: Worker) -> bool:
    """Whether it ended and nobody needs to know why; what took too much while it was idle says so yet."""
    return worker.ended is not None and worker.ended.ending is not Ending.CEILING


async def _stop(worker: asyncio.Task[Worker]) -> None:
    """End a worker that may still be starting, or may have failed to."""
    (outcome,) = await asyncio.gather(worker, return_exceptions=True)
    if isinstance(outcome, Worker):
        await outcome.close()
