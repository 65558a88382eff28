"""Serves an application on a port with uvicorn until a signal ends it; knows nothing of sessions.

There is no access log: URLs carry session identifiers.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_GRACE = 2
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotServe(Exception):
    """The server did not start; str() is a sentence that says why."""


async def serve(app: ASGIApp, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve `app` until SIGINT, SIGTERM or SIGHUP comes; what still runs then gets 2 seconds, or none at a second one.

    port: 0 for any that is free. ready: called with the base URL once the port is open.
    Raises CannotServe: uvicorn is missing, or the address is not to be had.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise CannotServe("Serving needs uvicorn: pip install 'noderepl[serve]'.") from error

    class Server(uvicorn.Server):
        def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
            """Leave signals to the loop: uvicorn would raise them again at its end, before the pool is closed."""
            return contextlib.nullcontext()

    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="critical",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    server = Server(config)

    def stop() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        address = f"[{host}]" if ":" in host else host
        ready(f"http://{address}:{listener.getsockname()[1]}")
        await server.serve(sockets=[listener])
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        listener.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotServe(f"{host} is no address of this machine: {error.strerror}.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise CannotServe(f"Port {port} of {host} cannot be used: {error.strerror}.") from error
    return listener
