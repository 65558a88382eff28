"""Serves an application on a port with uvicorn until a signal ends it. This module does not depend
on sessions.

There is no access log, because URLs contain session identifiers.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from noderepl.service.connections import Listener

PATIENCE = 30.0
# The limit of ASP.NET, the server of REC-NODE-2405.
_HEAD_LIMIT = 32 * 1024
_GRACE = 2
_LAST_WORDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotServe(Exception):
    """The server did not start; str() is a sentence with the reason."""


class BadCertificate(Exception):
    """A certificate or key cannot be used; str() is a sentence that names the file."""


async def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    ready: Callable[[str], None],
    tls: tuple[Path, Path] | None = None,
    patience: float = PATIENCE,
) -> None:
    """Serves `app` until SIGINT, SIGTERM or SIGHUP; running requests then get 2 seconds, or none
    after a second signal.

    A request that is not answered by then is cancelled; request_checks.Guard answers it with 503.

    port: 0 for any free port. ready: called with the base URL when the port is open. tls: the files
    of a certificate chain and of its key, to serve https. patience: the timeout of a client in
    seconds. Raises this process' limit of open files to its maximum. Raises CannotServe if uvicorn
    is missing, or if the address is not available.
    """
    try:
        import uvicorn

        from noderepl.service.connections import Listener, allow_descriptors, patient_for
    except ImportError as error:
        raise CannotServe("noderepl serve needs uvicorn: pip install 'noderepl[serve]'.") from error

    class Server(uvicorn.Server):
        def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
            """Leaves signals to the loop: uvicorn would raise them again at its end, before the
            pool is closed.
            """
            return contextlib.nullcontext()

    listener = _listen(host, port, Listener)
    listener.most = allow_descriptors()
    listener.seconds = min(listener.seconds, patience)
    server = Server(_config(app, patient_for(listener, patience), tls))

    def cancel() -> set[asyncio.Task[None]]:
        """Cancels the remaining requests and returns them; the guard answers them."""
        requests = set(server.server_state.tasks)
        for request in requests:
            request.cancel()
        return requests

    def stop() -> None:
        if server.should_exit:
            server.force_exit = True
            cancel()
        server.should_exit = True

    with contextlib.closing(listener), _signals(stop):
        address = f"[{host}]" if ":" in host else host
        scheme = "https" if tls else "http"
        ready(f"{scheme}://{address}:{listener.getsockname()[1]}")
        await server.serve(sockets=[listener])
        if requests := cancel():
            await asyncio.wait(requests, timeout=_LAST_WORDS)


def _config(
    app: ASGIApp, protocol: type[asyncio.Protocol], tls: tuple[Path, Path] | None
) -> uvicorn.Config:
    """Returns the configuration of a server that logs nothing."""
    import uvicorn

    # Its warnings quote data of clients.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        h11_max_incomplete_event_size=_HEAD_LIMIT,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
        access_log=False,
        log_level="critical",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` at every signal that must end the server."""
    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


def is_loopback(host: str) -> bool:
    """Returns whether only this machine can reach a server on `host`. Raises CannotServe if it is
    not an address.
    """
    return ipaddress.ip_address(_address(host, 0)[4][0]).is_loopback


def check_certificate(chain: Path, key: Path) -> None:
    """Raises BadCertificate unless the two files are a certificate chain and its key, in PEM and
    without passphrase.
    """

    def no_passphrase() -> NoReturn:
        raise BadCertificate(
            f"{key}: the private key has a passphrase; noderepl needs one without."
        )

    for file in (chain, key):
        try:
            file.open("rb").close()
        except OSError as error:
            raise BadCertificate(f"{file}: cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise BadCertificate(f"{str(file)!r} is not a valid file name.") from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, no_passphrase)
    except (OSError, ValueError) as error:
        message = f"{chain} and {key} are not a certificate chain and its private key, both in PEM."
        raise BadCertificate(message) from error


def _address(host: str, port: int) -> tuple[Any, ...]:
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a name"
        raise CannotServe(f"{host} is not an address of this machine: {why}.") from error


def _listen(host: str, port: int, kind_of: type[Listener]) -> Listener:
    family, kind, protocol, _, address = _address(host, port)
    listener = kind_of(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise CannotServe(f"Port {port} of {host} cannot be used: {error.strerror}.") from error
    return listener
