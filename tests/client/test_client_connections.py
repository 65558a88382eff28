"""Real connections that break, stall or answer nonsense, and what of requests reaches the logs."""

from __future__ import annotations

import asyncio
import io
import logging
from typing import Any

import pytest
from scripted_service import read_request

from noderepl import errors
from noderepl.client import transport
from noderepl.client.session import Session

SECRET = "secret-Identifier_0123456789abcd"


async def test_requests_leave_no_trace_in_logs(socket_server: Any, caplog: pytest.LogCaptureFixture) -> None:
    """With every logger at DEBUG a request writes no record with the identifier or the token."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        location = f"operation-location: /executions/1?identifier={SECRET}\r\n"
        writer.write(f"HTTP/1.1 200 OK\r\n{location}content-length: 2\r\n\r\n[]".encode())
        await writer.drain()

    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=name)
    async with socket_server(respond) as url:
        session = Session(url, identifier=SECRET, api_version="none")
        assert await session.files() == ()
        await session.aclose()
    assert SECRET not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))]


def test_every_logger_of_the_http_libraries_is_filtered() -> None:
    """A logger that httpx or httpcore brings with it is one of those that are kept clean."""
    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in {"httpx", "httpcore"}]
    real = {name for name in known if isinstance(logging.root.manager.loggerDict[name], logging.Logger)}
    assert real - {"httpcore"} <= set(transport.LOGGERS)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"", errors.ConnectionLost),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"status\": ", errors.ConnectionLost),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"sta", errors.ConnectionLost),
        (b"\x15\x03\x01 no http at all\r\n\r\n", errors.ConnectionLost),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd", errors.MalformedAnswer),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", errors.MalformedAnswer),
        (b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=nonsense\r\n\r\n<p>hi", errors.MalformedAnswer),
    ],
)  # fmt: skip
async def test_malformed_bytes_on_the_wire(socket_server: Any, sent: bytes, kind: type[errors.ServiceError]) -> None:
    """Whatever comes over a real connection, a broken answer is one sentence saying that the snippet may have run."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(sent)
        await writer.drain()

    async with socket_server(respond) as url:
        session = Session(url, identifier=SECRET)
        with pytest.raises(kind, match="the snippet may have run"):
            await session.execute("1")
        await session.aclose()


async def test_a_download_that_breaks_off_is_lost(socket_server: Any) -> None:
    """A download whose connection ends early raises, however much of it has come."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()

    async with socket_server(respond) as url:
        session = Session(url, identifier=SECRET)
        sink = io.BytesIO()
        with pytest.raises(errors.ConnectionLost, match=r"before the whole answer was there$"):
            await session.download("a.txt", sink)
        assert sink.getvalue() == b"half"
        await session.aclose()


async def test_a_service_that_falls_silent_is_given_up(socket_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no answer comes within the timeout and its margin, the connection is given up as lost."""
    monkeypatch.setattr("noderepl.client.session.MARGIN_SECONDS", -0.9)
    done = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await done.wait()

    async with socket_server(stall) as url:
        session = Session(url, identifier=SECRET)
        with pytest.raises(errors.ConnectionLost, match=r"fell silent.*the snippet may have run"):
            await session.execute("1", timeout=1)
        done.set()
        await session.aclose()


async def test_nobody_listening_is_unreachable(socket_server: Any) -> None:
    """A port on which nobody listens is Unreachable, with host and port and what to check."""

    async def nothing(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with socket_server(nothing) as url:
        pass
    session = Session(url, identifier=SECRET)
    with pytest.raises(errors.Unreachable, match=f"cannot reach {url.removeprefix('http://')}.*--endpoint"):
        await session.execute("1")
    await session.aclose()


def test_settings_of_the_environment_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy setting that httpx cannot use is a ConfigError naming the variables."""
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://proxy.example")
    with pytest.raises(errors.ConfigError, match="HTTPS_PROXY"):
        Session("https://h.example", identifier=SECRET)
    assert Session("http://localhost:1", identifier=SECRET).endpoint == "http://localhost:1"
