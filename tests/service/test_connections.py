"""A served pool and clients that hold connections: unknown clients take no place of known ones."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trustme

from noderepl.service import connections
from noderepl.service.connections import Listener
from noderepl.service.pool import Pool
from tests.service.test_server import (
    HEADERS,
    PARAMS,
    POST,
    TOKEN,
    served,
    trickle,
    write_certificate,
)

KNOWN = (
    f"GET /listSessions?api-version={PARAMS['api-version']} HTTP/1.1\r\n"
    f"Host: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
).encode()
Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(params=[False, True], ids=["http", "https"])
async def url(pool: Pool, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A served pool, which is asked by `ask`."""
    tls = write_certificate(trustme.CA(), tmp_path) if request.param else None
    async with served(pool, tls=tls) as url:
        yield url


@contextlib.asynccontextmanager
async def opened(url: str, count: int, data: bytes = b"") -> AsyncIterator[list[Opened]]:
    """Connections on which these bytes were sent and nothing else; TLS is not begun."""
    made = []
    try:
        for _ in range(count):
            made.append(await asyncio.open_connection("127.0.0.1", httpx.URL(url).port))
            made[-1][1].write(data)
        yield made
    finally:
        for _, writer in made:
            writer.transport.abort()


async def is_closed(connection: Opened) -> bool:
    """Whether the server closes this connection without a word."""
    try:
        async with asyncio.timeout(30):
            return await connection[0].read() == b""
    except ConnectionError:
        return True


def client_of(url: str) -> httpx.AsyncClient:
    """A client with the token."""
    return httpx.AsyncClient(base_url=url, headers=HEADERS, verify=False, timeout=60)


def limit_places(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let a listener have so many connections."""
    monkeypatch.setattr(connections, "MOST", most)


@pytest.mark.parametrize("data", [b"", POST.replace("\n", "\r\n").encode(), b"\x16\x03\x01\x02"])
async def test_half_sent_heads_keep_nobody_out(url: str, data: bytes) -> None:
    """More half-sent heads or TLS greetings than there are places leave a call answered at once."""
    async with opened(url, connections.MOST + 100, data), client_of(url) as client:
        for _ in range(3):
            assert (await client.get("/listSessions", params=PARAMS)).status_code == 200


async def test_unknown_clients_have_half_of_the_places(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One unknown client more than half of the places closes the oldest one's connection, and no other."""
    limit_places(monkeypatch, 8)
    async with served(pool) as url, opened(url, 5, b"GET") as made:
        assert await is_closed(made[0])
        for reader, writer in made[1:]:
            writer.write(b" / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert await reader.readline() == b"HTTP/1.1 401 Unauthorized\r\n"


async def test_known_clients_keep_their_places(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where known clients have all places, one more is closed at once; where one ends, another comes in."""
    limit_places(monkeypatch, 2)
    async with served(pool) as url:
        async with contextlib.AsyncExitStack() as stack:
            for _ in range(2):
                ((reader, _),) = await stack.enter_async_context(opened(url, 1, KNOWN))
                assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
            async with opened(url, 1, KNOWN) as (more,):
                assert await is_closed(more)
        async with client_of(url) as client:
            assert (await client.get("/listSessions", params=PARAMS)).status_code == 200


async def test_known_clients_that_come_all_at_once_are_served(pool: Pool) -> None:
    """As many known clients as there are places come in at the same moment, and none gives way."""
    async with served(pool) as url:
        clients = [
            socket.create_connection(("127.0.0.1", httpx.URL(url).port))
            for _ in range(connections.MOST)
        ]
        with contextlib.ExitStack() as stack:
            for client in clients:
                stack.enter_context(client).sendall(KNOWN)
            for client in clients:
                client.settimeout(60)
                assert (await asyncio.to_thread(client.recv, 15)) == b"HTTP/1.1 200 OK"


def unknown(fields: str) -> str:
    """A request of an unknown client."""
    return f"{POST}Authorization: Bearer wrong\n{fields}\n"


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        ("", b""),
        (f"{POST}X-Endless: ", b""),
        (unknown("Content-Length: 100000\n"), b"HTTP/1.1 401 "),
        (unknown("Transfer-Encoding: chunked\n\n100000"), b"HTTP/1.1 401 "),
        (unknown("Content-Length: 1\n"), b"HTTP/1.1 401 "),
        (unknown("Expect: 100-continue\nContent-Length: 100000\n"), b"HTTP/1.1 401 "),
    ],
)
async def test_an_unknown_client_has_seconds(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, head: str, answer: bytes
) -> None:
    """Whatever a client without the token sends, a byte at a time, its connection ends in seconds."""
    monkeypatch.setattr(Listener, "seconds", 0.5)
    async with served(pool) as url, asyncio.timeout(20):
        assert (await trickle(url, head)).startswith(answer)


async def test_unknown_clients_that_ask_again_and_again_have_seconds(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends request after request without the token is closed as well."""
    monkeypatch.setattr(Listener, "seconds", 0.5)
    async with served(pool) as url, opened(url, 1) as ((reader, writer),), asyncio.timeout(20):
        answers = 0
        with contextlib.suppress(ConnectionError, EOFError):
            while True:
                writer.write(unknown("Content-Length: 0\n").replace("\n", "\r\n").encode())
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                answers += 1
        assert answers
