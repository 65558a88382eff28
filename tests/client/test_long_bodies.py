"""A long body, which is read from its connection: it arrives whole and in order, or the download fails."""

from __future__ import annotations

import asyncio
import gzip
import io
import random
import ssl
from typing import Any

import pytest
import trustme
from scripted_service import read_request

from noderepl import errors
from noderepl.client import long_bodies
from noderepl.client.session import open_session
from noderepl.client.transport import READ_SECONDS

SECRET = "secret-Identifier_0123456789abcd"
BODY = random.Random(1).randbytes(1_500_000)


@pytest.fixture(autouse=True)
def every_body_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """These bodies are short, so that the tests are fast."""
    monkeypatch.setattr(long_bodies, "LONG", 1)


def answering(head: str, *parts: bytes) -> Any:
    """What answers each request of each connection, with pauses between the parts."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        begun = f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode()
        for part in (begun + parts[0], *parts[1:]):
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.02)

    return respond


async def downloaded(url: str, times: int = 1) -> list[bytes]:
    """What downloads over one client bring."""
    session, found = open_session(url, identifier=SECRET), []
    try:
        for _ in range(times):
            sink = io.BytesIO()
            assert await session.download("a.bin", sink) == len(sink.getvalue())
            found.append(sink.getvalue())
    finally:
        await session.aclose()
    return found


@pytest.mark.parametrize("cut", [0, 1, 3000, 70_000, 1_499_999])
@pytest.mark.parametrize("secure", [False, True])
async def test_a_long_body_arrives_whole(
    socket_server: Any, monkeypatch: pytest.MonkeyPatch, cut: int, secure: bool
) -> None:
    """Whatever of it comes with its head, over TLS too, and the next request finds a connection."""
    read: list[int] = []
    read_part = long_bodies._read

    async def count(connection: Any, seconds: float | None) -> bytes:
        part = await read_part(connection, seconds)
        read.append(len(part))
        return part

    monkeypatch.setattr(long_bodies, "_read", count)
    tls = None
    if secure:
        authority, tls = trustme.CA(), ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        trust = ssl.create_default_context()
        authority.configure_trust(trust)
        monkeypatch.setattr("httpx.create_ssl_context", lambda: trust)
    respond = answering(f"content-length: {len(BODY)}", BODY[:cut], BODY[cut:])
    async with socket_server(respond, tls) as url:
        assert await downloaded(url, times=2) == [BODY, BODY]
    assert sum(read) > 0


@pytest.mark.parametrize(
    ("head", "parts", "body"),
    [
        (f"content-length: {len(BODY)}", [BODY, b"HTTP/1.1 200 OK\r\n\r\n"], BODY),
        ("transfer-encoding: chunked", [b"%x\r\n" % len(BODY), BODY, b"\r\n0\r\n\r\n"], BODY),
        ("connection: close", [BODY], BODY),
        (f"content-length: {len(BODY)}\r\ncontent-length: {len(BODY)}", [BODY], BODY),
        (f"content-encoding: gzip\r\ncontent-length: {len(gzip.compress(BODY))}",
         [gzip.compress(BODY)[:50], gzip.compress(BODY)[50:]], BODY),
    ],
    ids=["more after it", "chunked", "until the end", "two lengths", "compressed"],
)  # fmt: skip
async def test_other_forms_arrive_whole(
    socket_server: Any, head: str, parts: list[bytes], body: bytes
) -> None:
    """A body that ends otherwise than by its length, or that is compressed, arrives whole too."""
    async with socket_server(answering(head, *parts)) as url:
        assert await downloaded(url) == [body]


@pytest.mark.parametrize("begun", [0, 3000, 200_000])
async def test_a_long_body_that_breaks_off_is_lost(socket_server: Any, begun: int) -> None:
    """What has come does not count as the file."""
    respond = answering(f"content-length: {len(BODY)}", BODY[:begun], BODY[begun : begun * 2])
    async with socket_server(respond) as url:
        with pytest.raises(errors.ConnectionLost, match="before the answer was complete"):
            await downloaded(url)


async def test_a_long_body_that_falls_silent_is_lost(
    socket_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each part has the time limit of every other answer."""
    read_part = long_bodies._read

    async def read(connection: Any, seconds: float | None) -> bytes:
        assert seconds == READ_SECONDS
        return await read_part(connection, 0.2)

    monkeypatch.setattr(long_bodies, "_read", read)
    done = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + bytes(50_000))
        await done.wait()

    async with socket_server(stall) as url:
        with pytest.raises(errors.ConnectionLost, match="stopped responding"):
            await downloaded(url)
        done.set()
