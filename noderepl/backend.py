"""The seam: Settings -> an open session, on a remote pool or on the embedded one.

Above it nobody knows which of the two answers. It starts the embedded pool's Node.js before anything slow is imported.
"""

from __future__ import annotations

import asyncio
import importlib
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noderepl.client.endpoint import base_url
from noderepl.client.wire import first_dialect
from noderepl.errors import ExitCode, PoolUnavailable, UsageError
from noderepl.owned import Owned
from noderepl.service.node import NodeNotFound, find_node
from noderepl.service.pool import Pool
from noderepl.service.sandbox import NoSandbox
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.client.retries import Tell, Waiting
    from noderepl.client.session import Session

EMBEDDED = "http://embedded"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The longest that the service allows (DOC-POOL): who reads for ten minutes should find the variables again.
COOLDOWN_SECONDS = 3600.0
TWICE_SECONDS = 0.2


class Backend:
    """Opens the session of one run and closes all that was started for it.

    settings: which endpoint, identifier, API version and credential. Must be made inside a running event loop.
    state: as for Owned. `.owned`: the sessions of this run. `.tell` is called when a call that failed will be tried
    again, and with None when that is over. `.is_cut_off`: whether the user's terminal went away.
    """

    def __init__(self, settings: Settings, *, spares: int = 0, state: Path | None = None) -> None:
        self._settings = settings
        self.owned = Owned(settings, state)
        self.tell: Tell = _tell_nobody
        self.is_cut_off = False
        with settings.blame("api-version"):
            first_dialect(settings.api_version)
        if settings.endpoint:
            with settings.blame("endpoint"):
                base_url(settings.endpoint)
        self._pool = None if settings.endpoint else _embedded_pool(settings, cooldown=COOLDOWN_SECONDS, spares=spares)
        self._opening: asyncio.Task[Session] | None = None

    @property
    def identifier(self) -> str:
        """The current session's identifier, a secret."""
        return self.owned.identifier

    @property
    def label(self) -> str:
        """The endpoint's name for people: `embedded`, the pool's name, or the host."""
        if self._settings.endpoint is None:
            return "embedded"
        url = urlsplit(self._settings.endpoint)
        path = [part for part in url.path.split("/") if part]
        if "sessionPools" in path[:-1]:
            return path[path.index("sessionPools") + 1]
        return url.netloc.rpartition("@")[2] or self._settings.endpoint

    @property
    def notice(self) -> str | None:
        """What the user should know about the embedded pool, once it is known."""
        return self._pool.notice if self._pool else None

    @property
    def cooldown(self) -> float | None:
        """Seconds after which the pool ends an idle session, where that is known without asking it."""
        return COOLDOWN_SECONDS if self._pool else self._settings.known_cooldown

    @property
    def idle(self) -> float | None:
        """Seconds since the session was last used; None where it was not, as far as is known here."""
        opening = self._opening
        is_open = opening is not None and opening.done() and not opening.cancelled() and not opening.exception()
        return opening.result().idle if opening is not None and is_open else None

    def start(self) -> None:
        """Starts Node.js, where the pool is the embedded one; returns at once."""
        if self._pool:
            self._pool.prewarm()

    async def session(self) -> Session:
        """The open session; the first call opens it, off the event loop's thread where that takes imports."""
        if self._opening is None or (self._opening.done() and self._opening.exception()):
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def use(self, session: Session) -> None:
        """Makes `session` the current one."""

        async def given() -> Session:
            return session

        self.owned.identifier = session.identifier
        self._opening = asyncio.create_task(given())

    async def close(self) -> None:
        """Ends what was made here: sessions that are not kept, connections, the embedded pool and its files."""
        session = None
        if self._opening:
            self._opening.cancel()
            outcome = (await asyncio.gather(self._opening, return_exceptions=True))[0]
            session = None if isinstance(outcome, BaseException) else outcome
        await self.owned.leave(session, is_cut_off=self.is_cut_off)
        if session:
            await session.aclose()
        if self._pool:
            await self._pool.close()

    def _told(self, waiting: Waiting | None) -> None:
        self.tell(waiting)

    async def _open(self) -> Session:
        await asyncio.to_thread(_import_slow_parts, embedded=self._pool is not None)
        from noderepl.client.auth import make_auth
        from noderepl.client.session import Session

        settings = self._settings
        open_session = partial(
            Session,
            identifier=self.identifier,
            api_version=settings.api_version,
            wait=settings.wait,
            tell=self._told,
        )
        if self._pool is not None:
            import httpx

            from noderepl.service.app import create_app

            return open_session(EMBEDDED, transport=httpx.ASGITransport(app=create_app(self._pool)))
        assert settings.endpoint is not None
        with settings.blame("auth"):
            auth = make_auth(settings.auth, endpoint=settings.endpoint, scope=settings.scope, token=settings.token)
        idle = self.owned.resumed.idle if self.owned.resumed else None
        return open_session(settings.endpoint, auth=auth, idle=idle)


def with_backend(
    settings: Settings, main: Callable[[Backend], Awaitable[int]], *, spares: int = 0, state: Path | None = None
) -> int:
    """Runs `main` in an event loop with a backend that is closed whatever happens.

    spares: workers of the embedded pool that stand ready for a next session. state: as for Owned. Returns the exit code
    of main, or 128 + N where signal N (SIGINT, SIGTERM, SIGHUP) ended it.
    """
    stopped_by: list[int] = []
    try:
        return asyncio.run(_guarded(partial(Backend, settings, spares=spares, state=state), main, stopped_by))
    except asyncio.CancelledError:
        if not stopped_by:
            raise
        return 128 + stopped_by[0]
    finally:
        # A terminal that closes sends several signals; those that come while Python ends must not be its end.
        if stopped_by:
            signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


async def _guarded(
    opened: Callable[[], Backend], main: Callable[[Backend], Awaitable[int]], stopped_by: list[int]
) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    again, is_closing = 0.0, False

    def stop(number: int, _: object) -> None:
        # timeout(1) sends a signal twice. A later one ends what the first made main wait for, but not the clean-up.
        nonlocal again
        if number not in stopped_by:
            stopped_by.append(number)
        if not is_closing and loop.time() >= again:
            again = loop.time() + TWICE_SECONDS
            loop.call_soon_threadsafe(task.cancel)

    for number in SIGNALS:
        # nohup(1), and a shell without job control behind `&`, have it ignored.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)
    backend = opened()
    try:
        return await main(backend)
    finally:
        is_closing = True
        backend.is_cut_off = backend.is_cut_off or signal.SIGHUP in stopped_by
        await backend.close()


def _tell_nobody(_: Waiting | None) -> None:
    pass


def _import_slow_parts(*, embedded: bool) -> None:
    for name in ("noderepl.client.session", "noderepl.client.auth", *(["noderepl.service.app"] if embedded else [])):
        importlib.import_module(name)


def _embedded_pool(settings: Settings, *, cooldown: float, spares: int = 0) -> Pool:
    try:
        return Pool(
            find_node(settings.node),
            cooldown=cooldown,
            max_sessions=settings.max_sessions,
            spares=spares,
            sandbox=settings.sandbox,
            egress=settings.egress == "enabled",
            memory=settings.memory,
        )
    except NodeNotFound as error:
        with settings.blame("node"):
            raise PoolUnavailable(str(error)) from error
    except NoSandbox as error:
        raise PoolUnavailable(str(error)) from error


def serve(settings: Settings) -> int:
    """Serves the embedded pool until SIGINT, SIGTERM or SIGHUP.

    Prints `listening on URL` to stdout, and the token once where it had to make one. Returns the exit code. Raises
    PoolUnavailable where Node.js, uvicorn or the port is not to be had; ConfigError where the certificate cannot be
    used, or where other machines could reach the port and NODEREPL_TOKEN is not set.
    """
    return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    from noderepl.service.app import create_app
    from noderepl.service.server import PATIENCE, CannotServe, is_loopback
    from noderepl.service.server import serve as serve_app

    tls = _certificate(settings)
    try:
        is_private = is_loopback(settings.host)
    except CannotServe as error:
        raise PoolUnavailable(str(error)) from error
    if not is_private and not settings.token:
        with settings.blame("host"):
            raise UsageError(f"set NODEREPL_TOKEN to serve on {settings.host}, which other machines may reach")
    pool = _embedded_pool(settings, cooldown=settings.cooldown, spares=1)
    token = settings.token or secrets.token_urlsafe(24)
    app = create_app(pool, token=token, host=settings.host if is_private else None, patience=PATIENCE)

    def ready(url: str) -> None:
        made = "" if settings.token else f"token {token}\n"
        sys.stdout.write(f"listening on {url}\n{made}")
        sys.stdout.flush()

    try:
        pool.prewarm()
        if pool.notice and not settings.quiet:
            sys.stderr.write(f"noderepl: {pool.notice}\n")
        await serve_app(app, host=settings.host, port=settings.port, ready=ready, tls=tls)
    except CannotServe as error:
        raise PoolUnavailable(str(error)) from error
    finally:
        await pool.close()
    return ExitCode.OK


def _certificate(settings: Settings) -> tuple[Path, Path] | None:
    """The files to serve https with; None where none are named. Raises ConfigError."""
    from noderepl.service.server import BadCertificate, check_certificate

    if not settings.tls_cert and not settings.tls_key:
        return None
    given, missing = ("tls-cert", "tls-key") if settings.tls_cert else ("tls-key", "tls-cert")
    with settings.blame(given):
        if not settings.tls_cert or not settings.tls_key:
            raise UsageError(f"{given} needs {missing} beside it")
        files = Path(settings.tls_cert).expanduser(), Path(settings.tls_key).expanduser()
        try:
            check_certificate(*files)
        except BadCertificate as error:
            raise UsageError(str(error).rstrip(".")) from error
    return files
