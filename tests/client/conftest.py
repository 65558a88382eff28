"""A Session over a handler that stands for the service, and bare sockets for what no HTTP library sends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from noderepl.client import retries
from noderepl.client.session import Session, open_session

IDENTIFIER = "secret-Identifier_0123456789abcd"


@pytest.fixture(autouse=True)
def _one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that failed is not made again, but where a test wants it."""
    monkeypatch.setattr(retries, "SECONDS", 0)
    monkeypatch.setattr(retries, "UNKNOWN_SECONDS", 0)


Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def session_over() -> Callable[..., Session]:
    """Make a session whose requests go to a function."""

    def make(handler: Handler, *, identifier: str = IDENTIFIER, **more: object) -> Session:
        more.setdefault("endpoint", "https://pool.example/subscriptions/s/sessionPools/p")
        return open_session(identifier=identifier, transport=httpx.MockTransport(handler), **more)  # type: ignore[arg-type]

    return make


@pytest.fixture
def socket_server() -> Callable[..., object]:
    """Make a server on loopback that handles each connection with a function; gives its base URL."""

    @asynccontextmanager
    async def serve(
        handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[str]:
        writers: list[asyncio.StreamWriter] = []

        async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            try:
                await handle(reader, writer)
            finally:
                writer.close()

        server = await asyncio.start_server(connection, "127.0.0.1", 0, ssl=tls)
        try:
            scheme = "https" if tls else "http"
            yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()
            # The end of TLS waits for data that nobody reads.
            for writer in writers:
                writer.transport.abort()
            await asyncio.sleep(0)

    return serve
