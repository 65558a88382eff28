"""The sessions of a pool: identifier -> its directories and worker, with limits, expiry and spare
workers.

This module does not depend on HTTP. It imports the standard library only, so that Node.js can start
while Python still imports the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.service.futures import Future
from noderepl.service.launcher import Launcher
from noderepl.service.node import Node
from noderepl.service.places import begin_to_sweep, remove_trees
from noderepl.service.sandbox import SessionDirectories
from noderepl.service.session import Session, stop
from noderepl.service.spawned import Spawned, StartFailed
from noderepl.service.threads import Threads
from noderepl.service.usage import measure
from noderepl.service.watcher import Watcher
from noderepl.service.worker import Worker

if TYPE_CHECKING:
    from noderepl.service.room import Room

_SWEEP_SECONDS = 0.5
_PREPARATION_SECONDS = 30.0
Preparation = Callable[[], Awaitable[str]]


class PoolFull(Exception):
    """The pool has no free session. active: the number of sessions."""

    def __init__(self, active: int) -> None:
        super().__init__(f"The pool has no session left: {active} are active.")
        self.active = active


class PoolClosed(Exception):
    """The pool was closed."""


class Pool:
    """Node.js processes, one per session identifier.

    launcher: starts them; its process of begin() is that of the first session. cooldown: seconds
    without a call after which a session ends. max_sessions: the maximum number of sessions. spares:
    the number of spare workers, from prewarm() on; with 0 the one that prewarm() starts is not
    replaced. refill: the seconds after which a spare worker that a session took is replaced: its
    start takes processor time from the snippet that the session was allocated for. clock: returns
    monotonic seconds.
    """

    def __init__(
        self,
        launcher: Launcher,
        *,
        cooldown: float = 300.0,
        max_sessions: int = 100,
        spares: int = 0,
        refill: float = 0.02,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.cooldown = cooldown
        self.max_sessions = max_sessions
        self.created = datetime.now(UTC)
        self._launcher = launcher
        self._began = clock()
        self._watcher = Watcher(launcher.limits)
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._deadlines: dict[str, float] = {}
        # No session ends before this time.
        self._earliest = math.inf
        self._spares = spares
        self._refill = refill
        self._ready: deque[tuple[SessionDirectories, asyncio.Task[Worker]]] = deque()
        self._preparing: tuple[Path, Worker] | None = None
        self._removing = Threads()
        self._measuring = Threads()
        self._closing: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def node(self) -> Node:
        """The Node.js that the sessions run."""
        return self._launcher.node

    @property
    def is_tried(self) -> bool:
        """As Launcher.is_tried."""
        return self._launcher.is_tried

    @property
    def sandboxed(self) -> bool:
        """Whether sessions run in bubblewrap; the first call takes some milliseconds."""
        return self._launcher.sandboxed

    @property
    def notice(self) -> str | None:
        """A sentence for the user if there is no sandbox although it was not turned off, else
        None.
        """
        return self._launcher.notice

    @property
    def place(self) -> Path:
        """The directory on this machine that contains all files of the pool."""
        return self._launcher.place

    def prewarm(self, preparation: Preparation | None = None) -> None:
        """Starts the spare workers, or else one, for the next sessions; needs a running loop. A
        failure is reported by the next session, which fails too.

        preparation: returns a snippet that the first worker runs before its session does, for a
        pool that has had no session: one that replaces a lost session must be empty.
        """
        with contextlib.suppress(StartFailed):
            self._fill(preparation)

    async def spare(self) -> Worker:
        """Returns the worker of the next new session, after it is online. Raises StartFailed,
        PoolClosed.
        """
        if self._closed:
            raise PoolClosed("The pool is closed.")
        self._fill()
        worker = await asyncio.shield(self._ready[0][1])
        await asyncio.shield(worker.online)
        return worker

    async def session(self, identifier: str) -> Session:
        """Returns the session of this identifier, and allocates it if necessary; resets its
        cooldown. Raises PoolFull, PoolClosed, StartFailed.
        """
        if self._closed:
            raise PoolClosed("The pool is closed.")
        self._sweep()
        session = self._sessions.get(identifier)
        if session is None:
            if len(self._sessions) >= self.max_sessions:
                raise PoolFull(len(self._sessions))
            directories, worker = self._take_spare()
            session = self._sessions[identifier] = Session(
                directories, worker, self._start, self._moment()
            )
            self._sweeper = self._sweeper or asyncio.create_task(self._sweep_regularly())
        self.touch(identifier)
        return session

    def find(self, identifier: str) -> Session | None:
        """Returns the session of this identifier, None if there is none; allocates nothing."""
        self._sweep()
        return self._sessions.get(identifier)

    async def room(self, identifier: str) -> Room:
        """Returns the room for files in the session of this identifier, which may be new."""
        from noderepl.service.room import Room

        limits, session, used = self._launcher.limits, self.find(identifier), 0
        if session is not None:
            place, most = session.data.parent, limits.disk
            with contextlib.suppress(OSError):
                counted = self._measuring.run(
                    measure, place, limits.file, (), most=most, unlock=False
                )
                used = (await counted).disk
        return Room(limits.file, limits.disk, used)

    def touch(self, identifier: str) -> None:
        """Resets the cooldown of this session."""
        if identifier in self._sessions:
            deadline = self._deadlines[identifier] = self._clock() + self.cooldown
            self._earliest = min(self._earliest, deadline)
            self._sessions[identifier].accessed = self._moment()

    def expires(self, session: Session) -> datetime:
        """Returns when the session ends without further calls."""
        return session.accessed + timedelta(seconds=self.cooldown)

    def sessions(self) -> dict[str, Session]:
        """Returns all sessions by identifier, oldest first."""
        self._sweep()
        return dict(self._sessions)

    async def stop(self, identifier: str) -> bool:
        """Ends a session and deletes its files. Returns False if there is none."""
        self._sweep()
        if identifier not in self._sessions:
            return False
        await asyncio.shield(self._drop(identifier))
        return True

    async def node_version(self) -> str:
        """Returns the version of Node.js that the pool's workers report. Raises StartFailed."""
        if not self._ready and self._sessions:
            return await next(iter(self._sessions.values())).version()
        return await (await self.spare()).online

    async def close(self) -> None:
        """Ends all sessions with all their processes. May be called again.

        Their files are deleted too; if that takes longer than two seconds, a separate process
        continues it.
        """
        self._closed = True
        self._launcher.stop()
        for later in (self._sweeper, self._sweeping):
            if later is not None:
                later.cancel()
        for identifier in list(self._sessions):
            self._drop(identifier)
        while self._ready:
            await self._end_preparation(self._ready[0][0].data)
            await stop(self._ready.popleft()[1])
        await asyncio.gather(*self._closing)
        self._watcher.close()
        await self._removing.run(self._launcher.close)

    def _fill(self, preparation: Preparation | None = None) -> None:
        while len(self._ready) < max(self._spares, 1) and not self._closed:
            if self._sweeping is None:
                # Not at once: a killed pool may have left many files, and the prompt has not been
                # painted yet.
                loop = asyncio.get_running_loop()
                self._sweeping = loop.call_later(_SWEEP_SECONDS, begin_to_sweep)
            first = self._launcher.take_first()
            directories, started = first or (self._launcher.create_directories(), None)
            self._ready.append((directories, self._start(directories, preparation, started)))
            preparation = None

    def _take_spare(self) -> tuple[SessionDirectories, asyncio.Task[Worker]]:
        self._fill()
        taken = self._ready.popleft()
        if self._spares:
            asyncio.get_running_loop().call_later(self._refill, self.prewarm)
        return taken

    def _moment(self) -> datetime:
        return self.created + timedelta(seconds=self._clock() - self._began)

    def _start(
        self,
        directories: SessionDirectories,
        preparation: Preparation | None = None,
        started: Future[Spawned] | None = None,
    ) -> asyncio.Task[Worker]:
        if self._closed:
            raise PoolClosed("The pool is closed.")
        return asyncio.create_task(self._start_prepared(directories, preparation, started))

    async def _start_prepared(
        self,
        directories: SessionDirectories,
        preparation: Preparation | None,
        started: Future[Spawned] | None,
    ) -> Worker:
        worker = await self._start_watched(directories, started)
        if preparation is not None:
            self._preparing = directories.data, worker
            try:
                await worker.run(await preparation(), _PREPARATION_SECONDS)
            finally:
                self._preparing = None
        return worker

    async def _start_watched(
        self, directories: SessionDirectories, started: Future[Spawned] | None
    ) -> Worker:
        try:
            if started is None:
                await self._watcher.settle(directories.data.parent)
                started = self._launcher.start(directories)
            worker = await Worker.start(started)
            try:
                await self._watcher.watch(worker, directories.data.parent)
            except OSError:
                await worker.close()
                raise
        except OSError as error:
            raise StartFailed(f"Node.js cannot be started: {error.strerror}.") from error
        return worker

    async def _end_preparation(self, data: Path) -> None:
        """Ends the worker with this /mnt/data if it runs its preparation: Node.js may hang."""
        if self._preparing is not None and self._preparing[0] == data:
            await self._preparing[1].close()

    def _drop(self, identifier: str) -> asyncio.Task[None]:
        session = self._sessions.pop(identifier)
        session.end()
        del self._deadlines[identifier]
        task = asyncio.create_task(self._dismantle(session))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return task

    async def _dismantle(self, session: Session) -> None:
        await self._end_preparation(session.data)
        await session.close()
        if not self._closed:  # otherwise the removal of the pool's place includes them
            with contextlib.suppress(OSError):
                await self._removing.run(remove_trees, [session.data.parent])

    def _sweep(self) -> None:
        now = self._clock()
        if now < self._earliest:
            return
        for identifier, session in list(self._sessions.items()):
            if session.busy:
                self._deadlines[identifier] = now + self.cooldown
            elif self._deadlines[identifier] <= now:
                self._drop(identifier)
        self._earliest = min(self._deadlines.values(), default=math.inf)

    async def _sweep_regularly(self) -> None:
        while True:
            await asyncio.sleep(min(self.cooldown, 5.0))
            self._sweep()
