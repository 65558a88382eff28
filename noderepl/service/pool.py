"""The sessions of a pool: identifier -> a room and the worker in it, with limits, expiry and a spare ready to be taken.

Knows no HTTP. Imports the standard library only, so that Node can start while Python still imports the rest.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from noderepl.service.channel import StartFailed
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
from noderepl.service.session import Session, stop
from noderepl.service.watcher import Watcher
from noderepl.service.worker import Worker

_REFILL_SECONDS = 0.02


class PoolFull(Exception):
    """All sessions are taken. active: how many there are."""

    def __init__(self, active: int) -> None:
        super().__init__(f"The pool has no session left: {active} are active.")
        self.active = active


class PoolClosed(Exception):
    """The pool was closed."""


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
        if self._sweeper is not None:
            self._sweeper.cancel()
        for identifier in list(self._sessions):
            self._drop(identifier)
        while self._ready:
            await stop(self._ready.popleft()[1])
        await asyncio.gather(*self._closing)
        self._watcher.close()
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
        try:
            how = self._sandbox.launch(self.node, room, self.place / "bin", os.environ)
            worker = await Worker.start(how)
            try:
                await self._watcher.watch(worker, room.data.parent)
            except OSError:
                await worker.close()
                raise
        except OSError as error:
            raise StartFailed(f"Node.js cannot be started: {error.strerror}.") from error
        return worker

    def _drop(self, identifier: str) -> asyncio.Task[None]:
        session = self._sessions.pop(identifier)
        session.end()
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
