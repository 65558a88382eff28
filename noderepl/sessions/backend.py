"""Settings -> an open session, on a remote pool or on the embedded pool.

The modules above do not depend on the kind of pool.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noderepl.client.endpoint import EMBEDDED, base_url
from noderepl.client.identifier import new_identifier
from noderepl.client.wire import first_dialect
from noderepl.deadlines import within
from noderepl.errors import (
    ConnectionLost,
    NodeReplError,
    NotAuthorised,
    ServiceError,
    Unreachable,
)
from noderepl.service.node import NodeNotFound, find_node
from noderepl.service.pool import Pool, PoolClosed
from noderepl.service.spawned import StartFailed
from noderepl.sessions.embedded_pool import COOLDOWN_SECONDS, embedded_pool
from noderepl.sessions.journal import Journal
from noderepl.sessions.registry import Registry
from noderepl.sessions.state import SessionState
from noderepl.sessions.store import Record
from noderepl.settings import Settings, state_directory
from noderepl.threaded import in_thread

if TYPE_CHECKING:
    import httpx

    from noderepl.client.retries import RetryListener, Waiting
    from noderepl.client.session import Session
    from noderepl.service.room import Room


class Backend:
    """Opens the session of one run and closes everything that was started for it.

    settings: the endpoint, identifier, API version and credential. Must be constructed inside a
    running event loop. pool: the embedded pool, if it is open. state, resumed: as for Registry.
    transport: replaces the network in tests. `.registry`: the sessions of this run. `.state`: the
    state of the present session. `.waiting`: the failed call that waits for a retry, None if there
    is none. Raises UsageError, PoolUnavailable, LocalFileError.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        pool: Pool | None = None,
        state: Path | None = None,
        resumed: Record | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self.registry = registry = Registry(settings, state, resumed)
        self.state = SessionState(
            Journal(registry.write_down, is_whole=registry.is_whole), registry.resumed
        )
        self.waiting: Waiting | None = None
        self._listeners: list[RetryListener] = []
        self._is_cut_off = False
        with settings.blame("api-version"):
            first_dialect(settings.api_version)
        if settings.endpoint:
            with settings.blame("endpoint"):
                base_url(settings.endpoint)
        self._pool = None if settings.endpoint else pool or embedded_pool(settings)
        self._opening: asyncio.Task[Session] | None = None

    @property
    def identifier(self) -> str:
        """The identifier of the present session, a secret."""
        return self.registry.identifier

    @property
    def label(self) -> str:
        """The endpoint's display name: `embedded`, the pool's name, or the host."""
        if self._settings.endpoint is None:
            return "embedded"
        path = [part for part in urlsplit(self._settings.endpoint).path.split("/") if part]
        if "sessionPools" in path[:-1]:
            return path[path.index("sessionPools") + 1]
        return self.host

    @property
    def host(self) -> str:
        """The host of the endpoint, with its port; empty for the embedded pool."""
        endpoint = self._settings.endpoint or ""
        return urlsplit(endpoint).netloc.rpartition("@")[2] or endpoint

    @property
    def pool(self) -> Pool | None:
        """The embedded pool, None if the pool is remote."""
        return self._pool

    @property
    def notice(self) -> str | None:
        """A warning about the embedded pool, None if there is none or it is not known yet."""
        return self._pool.notice if self._pool and self._pool.is_tried else None

    async def try_sandbox(self, seconds: float) -> bool:
        """Waits for the trial of the sandbox. Returns whether it has ended within `seconds`."""
        pool = self._pool
        if pool is not None and not pool.is_tried:
            await within(seconds, in_thread(lambda: pool.sandboxed))
        return pool is None or pool.is_tried

    @property
    def cooldown(self) -> float | None:
        """The seconds after which the pool ends an idle session; None if the service must be
        asked.
        """
        return COOLDOWN_SECONDS if self._pool else self._settings.known_cooldown

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables to set in each session."""
        return self._settings.environment

    @property
    def about(self) -> Mapping[str, str]:
        """The facts about the session for the log of an error; none is a secret."""
        session = self._current
        return {
            "pool": "embedded" if self._pool else "remote",
            "api-version": session.dialect.version if session else self._settings.api_version,
            "mode": self._settings.mode,
        }

    @property
    def _current(self) -> Session | None:
        """The session if it is open, else None."""
        opening = self._opening
        if opening is None or not opening.done() or opening.cancelled() or opening.exception():
            return None
        return opening.result()

    @property
    def idle(self) -> float | None:
        """The seconds since the last call of the session; None if it has had none in this run."""
        return self._current.idle if self._current else None

    def start(self) -> None:
        """Starts Node.js if the pool is the embedded one. Returns at once."""
        if self._pool:
            self._pool.prewarm()

    async def session(self) -> Session:
        """Returns the open session. The first call opens it, in a thread if that needs imports."""
        if self._opening is None or (self._opening.done() and self._opening.exception()):
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def ready(self) -> None:
        """Waits until the embedded pool has the worker of its first session, which reports a
        failure.
        """
        if self._pool is not None and not self._pool.sessions():
            with contextlib.suppress(StartFailed, PoolClosed):
                await self._pool.spare()

    @property
    def is_unsent(self) -> bool:
        """Whether the session has requests, but the pool has none of them."""
        return self._current is not None and self._current.is_unsent

    @property
    def is_embedded(self) -> bool:
        """Whether the pool is the embedded one."""
        return self._pool is not None

    async def room(self) -> Room | None:
        """Returns the room for files in the session; None if the pool is not the embedded one."""
        return await self._pool.room(self.identifier) if self._pool is not None else None

    async def local_node(self) -> Path | None:
        """Returns the Node.js that the embedded pool uses, or would use; None if there is none."""
        if self._pool is not None:
            return self._pool.node.path
        try:
            return (await asyncio.to_thread(find_node, self._settings.node)).path
        except NodeNotFound:
            return None

    async def use(self, identifier: str | None = None) -> str:
        """Makes another session the present one.

        identifier: of the user's session, or its name; None for a new session, which ends when
        noderepl exits. Returns the identifier. Raises UsageError if the identifier is invalid,
        LocalFileError if the record of the name is damaged.
        """
        is_new, record = identifier is None, None
        if identifier and (named := self.registry.find(identifier)):
            identifier, record = named
        session = (await self.session()).renewed(identifier or new_identifier())

        async def given() -> Session:
            return session

        self.state.begin(is_whole=is_new, record=record)
        self.registry.use(session.identifier, is_new=is_new, record=record)
        self._opening = asyncio.create_task(given())
        return session.identifier

    def on_retry(self, listener: RetryListener) -> None:
        """Adds a listener, which is called before a failed call is retried, and with None after the
        retries.
        """
        self._listeners.append(listener)

    def cut_off(self) -> None:
        """Leaves the sessions of this run for --resume: noderepl ends without a request of the
        user, because the terminal is gone or noderepl itself failed.
        """
        self._is_cut_off = True

    async def file_names(self, seconds: float, directory: str = "") -> Sequence[str]:
        """Returns the names of a directory's files and, with a final slash, of its directories;
        none if that fails or takes longer. directory: relative to /mnt/data, "" for itself.
        """
        try:
            async with asyncio.timeout(seconds):
                found = await (await self.session()).files(directory)
                return [f"{entry.name}/" if entry.is_directory else entry.name for entry in found]
        except (NodeReplError, TimeoutError):
            return []

    async def close(self) -> None:
        """Ends what this object has started: sessions that are not kept, connections, and the
        embedded pool with its files.
        """
        session = None
        if self._opening:
            self._opening.cancel()
            outcome = (await asyncio.gather(self._opening, return_exceptions=True))[0]
            session = None if isinstance(outcome, BaseException) else outcome
        # Each step runs even if the one before it fails: processes and files of the embedded pool
        # must not remain.
        async with contextlib.AsyncExitStack() as closing:
            if self._pool:
                closing.push_async_callback(self._pool.close)
            if session:
                closing.push_async_callback(session.aclose)
            # A further request would wait as the first one does.
            left = None if session is None or session.is_unsent else session
            await self.registry.leave(left, is_cut_off=self._is_cut_off)

    def _retry(self, waiting: Waiting | None) -> None:
        self.waiting = waiting
        for listener in self._listeners:
            listener(waiting)

    async def _open(self) -> Session:
        await asyncio.to_thread(_import_slow_parts, embedded=self._pool is not None)
        from noderepl.client.session import open_session
        from noderepl.client.transport import Relocate

        settings = self._settings
        opened = partial(
            open_session,
            identifier=self.identifier,
            api_version=settings.api_version,
            wait=settings.wait,
            on_retry=self._retry,
        )
        if self._pool is not None:
            from noderepl.sessions.embedded import EmbeddedClient

            return opened(EMBEDDED, client=EmbeddedClient(self._pool))
        from noderepl.client.auth import make_auth

        assert settings.endpoint is not None
        with settings.blame("auth"):
            auth = make_auth(
                settings.auth,
                endpoint=settings.endpoint,
                scope=settings.scope,
                tenant=settings.tenant,
                token=settings.token,
            )
        resumed = self.registry.resumed
        idle = resumed.idle if resumed else None
        session = opened(
            settings.endpoint,
            auth=auth,
            transport=self._transport,
            idle=idle,
            relocate=Relocate(settings.pool, self._found_again) if settings.pool else None,
        )
        return await self._unless_it_is_there(session)

    async def _found_again(self) -> str | None:
        """Returns the present endpoint of --pool, None if Azure does not tell. Raises NotFound."""
        from noderepl.azure.named_pool import found_again

        return await found_again(self._settings, state_directory())

    async def _unless_it_is_there(self, session: Session) -> Session:
        """Returns the new session with a name, or the one in the pool whose identifier is that
        word. Raises ServiceError if the pool cannot be asked.
        """
        if not (word := self.registry.doubtful):
            return session
        other = session.renewed(word)
        try:
            await other.info()
        except (Unreachable, ConnectionLost, NotAuthorised):
            raise
        except ServiceError:
            other = session
        else:
            self.registry.use(word, is_new=False)
            self.state.begin(is_whole=False)
        self.registry.doubtful = ""
        return other


def _import_slow_parts(*, embedded: bool) -> None:
    for name in (
        "noderepl.client.session",
        *(["noderepl.sessions.embedded"] if embedded else ["noderepl.client.auth"]),
    ):
        importlib.import_module(name)
