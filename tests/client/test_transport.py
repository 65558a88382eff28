"""Real connections that break, stall or answer nonsense, and what of requests reaches the logs."""

from __future__ import annotations

import asyncio
import contextlib
import io
import itertools
import json
import logging
import re
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from scripted_service import RAN, read_request
from turns import turns_counted

from noderepl import errors
from noderepl.client import heads, http_client, transport
from noderepl.client.session import open_session
from noderepl.outcome import Value

SECRET = "secret-Identifier_0123456789abcd"


async def test_requests_leave_no_trace_in_logs(
    socket_server: Any, caplog: pytest.LogCaptureFixture
) -> None:
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
        session = open_session(url, identifier=SECRET, api_version="none")
        assert await session.files() == ()
        await session.aclose()
    assert SECRET not in caplog.text
    assert not [
        record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))
    ]


def test_every_logger_of_the_http_libraries_is_filtered() -> None:
    """A logger that httpx or httpcore brings with it is one of those that are kept clean."""
    known = [
        name
        for name in logging.root.manager.loggerDict
        if name.split(".")[0] in {"httpx", "httpcore"}
    ]
    real = {
        name for name in known if isinstance(logging.root.manager.loggerDict[name], logging.Logger)
    }
    assert real - {"httpcore"} <= set(http_client.LOGGERS)


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
async def test_malformed_bytes_on_the_wire(
    socket_server: Any, sent: bytes, kind: type[errors.ServiceError]
) -> None:
    """Whatever comes over a real connection, a broken answer is one sentence saying that the snippet may have run."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(sent)
        await writer.drain()

    async with socket_server(respond) as url:
        session = open_session(url, identifier=SECRET)
        with pytest.raises(kind, match="the snippet may have run"):
            await session.execute("1")
        await session.aclose()


@pytest.mark.parametrize(
    "header",
    [
        b"x-via: caf\xc3\xa9", b"x-via: caf\xe9", b"server: \xff\xfe\x80", b"content-type: application/json; charset=\xe9",
        b"content-type: application/json; charset=undefined", b"content-type: application/json; charset=zlib",
        b"x-ms-container-execution-duration: 1e400", b"x-ms-container-execution-duration: \xd9\xa1",
        b"set-cookie: a=caf\xe9; path=/", b"set-cookie: caf\xc3\xa9=1", b"date: Fri, 31 Dec 9999 23:59:59 -2359",
    ],
)  # fmt: skip
async def test_any_bytes_in_a_header_on_the_wire(socket_server: Any, header: bytes) -> None:
    """An answer is read whatever a gateway adds to its headers, and so is the next one."""
    body = json.dumps(RAN).encode()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(
            b"HTTP/1.1 200 OK\r\n" + header + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()

    async with socket_server(respond) as url:
        session = open_session(url, identifier=SECRET)
        for _ in range(2):
            assert (await session.execute("1")).value == Value("4", 4)
        await session.aclose()


@pytest.mark.parametrize(
    "location",
    [
        "http://xn--a/", "javascript:alert(1)", "http://[", "http://a:99999999/", "//\xe9", "mailto:a@b", "data:,x",
        "file:///etc/passwd", "\x85", "http://" + "x" * 9000, "?" * 9000, "",
    ],
    ids=lambda location: ascii(location[:20]),
)  # fmt: skip
async def test_a_redirect_to_what_cannot_be_asked_is_a_redirect(
    socket_server: Any, location: str
) -> None:
    """One sentence tells of the redirect, which is not followed, whatever its Location is."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        head = f"HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        writer.write(head.encode("latin-1"))
        await writer.drain()

    async with socket_server(respond) as url:
        session = open_session(url, identifier=SECRET)
        with pytest.raises(
            errors.MalformedAnswer,
            match=r"redirects (elsewhere|to \S+) \(302\), which is not followed",
        ):
            await session.execute("1")
        await session.aclose()


async def test_a_download_that_breaks_off_is_lost(socket_server: Any) -> None:
    """A download whose connection ends early raises, however much of it has come."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
        await writer.drain()

    async with socket_server(respond) as url:
        session = open_session(url, identifier=SECRET)
        sink = io.BytesIO()
        with pytest.raises(errors.ConnectionLost, match=r"before the answer was complete$"):
            await session.download("a.txt", sink)
        assert sink.getvalue() == b"half"
        await session.aclose()


async def test_a_service_that_falls_silent_is_given_up(
    socket_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When no answer comes within the timeout and its margin, the connection is given up as lost."""
    monkeypatch.setattr("noderepl.client.session.MARGIN_SECONDS", -0.9)
    done = asyncio.Event()

    async def stall(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await done.wait()

    async with socket_server(stall) as url:
        session = open_session(url, identifier=SECRET)
        with pytest.raises(
            errors.ConnectionLost, match=r"stopped responding.*the snippet may have run"
        ):
            await session.execute("1", timeout=1)
        done.set()
        await session.aclose()


async def test_nobody_listening_is_unreachable(socket_server: Any) -> None:
    """A port on which nobody listens is Unreachable, with host and port and what to check."""

    async def nothing(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        raise AssertionError

    async with socket_server(nothing) as url:
        pass
    session = open_session(url, identifier=SECRET)
    with pytest.raises(
        errors.Unreachable, match=f"cannot reach {url.removeprefix('http://')}.*--endpoint"
    ):
        await session.execute("1")
    await session.aclose()


def test_settings_of_the_environment_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy setting that httpx cannot use is a ConfigError naming the variables."""
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://proxy.example")
    with pytest.raises(errors.ConfigError, match="HTTPS_PROXY"):
        open_session("https://h.example", identifier=SECRET)
    assert open_session("http://localhost:1", identifier=SECRET).endpoint == "http://localhost:1"


FLOODS = (
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n",
    b"HTTP/1.1 199 x\r\n\r\n",
)


@pytest.mark.parametrize("flood", FLOODS)
async def test_informational_responses_without_an_end(socket_server: Any, flood: bytes) -> None:
    """An answer whose head does not come within a bound is lost, and the event loop has its turns meanwhile."""

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                writer.write(flood * 4000)
                await writer.drain()

    async with socket_server(pour) as url, turns_counted() as turns:
        session = open_session(url, identifier=SECRET)
        async with asyncio.timeout(60):
            with pytest.raises(
                errors.ConnectionLost, match="was closed before the answer was complete"
            ):
                await session.files()
        await session.aclose()
        assert turns() > heads.MOST_HEAD // heads.READ


async def test_each_answer_of_a_connection_has_its_own_bound(socket_server: Any) -> None:
    """A few informational responses before each of many answers, and bodies of any length, are read."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b"[%b]" % (b" " * 2 * heads.MOST_HEAD)
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await read_request(reader)
                writer.write(
                    FLOODS[0] * 3000
                    + b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
                    + body
                )

    async with socket_server(respond) as url:
        session = open_session(url, identifier=SECRET, api_version="none")
        for _ in range(5):
            assert await session.files() == ()
        await session.aclose()


async def test_a_body_in_tiny_chunks_leaves_the_event_loop_its_turns(socket_server: Any) -> None:
    """One read of a body holds thousands of chunks of a byte each."""
    count = 20_000

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
        writer.write(head + b"1\r\n[\r\n" + b"1\r\n \r\n" * count + b"1\r\n]\r\n0\r\n\r\n")
        await writer.drain()

    async with socket_server(respond) as url, turns_counted() as turns:
        session = open_session(url, identifier=SECRET, api_version="none")
        assert await session.files() == ()
        await session.aclose()
        assert turns() > count // transport.TURN


@pytest.mark.parametrize(
    "case", list(itertools.product(["http", "https"], [0, 200], ["closes", "reads nothing more"]))
)
async def test_an_answer_before_the_request_is_complete(
    socket_server: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, int, str],
) -> None:
    """A refusal that comes while a file is sent is read, though the server reads no more of the file, also behind
    informational responses, and over TLS with a certificate of the environment.
    """
    scheme, hints, then = case
    end = asyncio.Event()
    tls = None
    if scheme == "https":
        authority = trustme.CA()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\nlink: <style.css>\r\n\r\n" * hints)
        writer.write(b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(end.wait(), 0.3 if then == "closes" else None)

    (large := tmp_path / "large").write_bytes(bytes(50_000_000))
    async with socket_server(respond, tls) as url:
        session = open_session(url, SECRET, api_version="2025-10-02-preview")
        async with asyncio.timeout(30):
            with pytest.raises(errors.TooLarge):
                await session.upload(large, "large")
        end.set()
        await session.aclose()


@pytest.mark.parametrize("head", ["100 Continue", "102 Processing", "103 Early Hints"])
@pytest.mark.parametrize("count", [1, 3])
async def test_informational_responses_end_no_upload(
    socket_server: Any, tmp_path: Path, head: str, count: int
) -> None:
    """A response of status 1xx before the request is complete is no answer: all of the file is sent."""
    size = 20_000_000
    received: list[int] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        start = await reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", start)[1])  # type: ignore[index]
        for _ in range(count):
            writer.write(f"HTTP/1.1 {head}\r\n\r\n".encode())
            await writer.drain()
            await asyncio.sleep(0.1)
        received.append(len(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    (large := tmp_path / "large").write_bytes(bytes(size))
    async with socket_server(respond) as url:
        session = open_session(url, SECRET, api_version="2025-10-02-preview")
        async with asyncio.timeout(60):
            await session.upload(large, "large")
        await session.aclose()
    assert received[0] > size
