"""A served pool: a real port, real signals, nothing left afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import driving
import httpx
import pytest
import trustme
from asking import VERSION
from cryptography.hazmat.primitives import serialization
from needs import only_where

from noderepl.service import connections, request_bodies
from noderepl.service.app import create_app
from noderepl.service.pool import Pool
from noderepl.service.server import (
    BadCertificate,
    CannotServe,
    check_certificate,
    is_loopback,
    serve,
)
from tests.service.test_pool import processes_of

TOKEN = "the-token"
HEADERS = {"Authorization": f"Bearer {TOKEN}"}
PARAMS = {"identifier": "test-session", "api-version": VERSION}

PROGRAM = """
import asyncio
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool

async def main():
    pool = Pool(Launcher(find_node()))
    pool.prewarm()
    from noderepl.service.app import create_app
    from noderepl.service.server import serve
    try:
        app = create_app(pool, token="the-token")
        await serve(app, host="127.0.0.1", port=0, ready=lambda url: print(url, flush=True))
    finally:
        await pool.close()

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_a_signal_ends_a_served_pool_cleanly(number: signal.Signals, place: Path) -> None:
    """SIGTERM, SIGHUP and SIGINT end it with code 0 and nothing left, even while a snippet runs for ever."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(place)},
    )
    assert server.stdout is not None
    url = (await server.stdout.readline()).decode().strip()
    headers = {"Authorization": "Bearer  the-token"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        code = {"properties": {"codeInputType": "InlineBase64", "code": "MSsy"}}
        answer = await client.post("/code/execute?identifier=test-session", json=code)
        assert answer.json()["properties"]["result"] == 3
        stuck = {
            "properties": {"code": "require('child_process').spawn('sleep', ['1000']); while (1);"}
        }
        running = asyncio.create_task(
            client.post("/code/execute?identifier=test-session", json=stuck)
        )
        await asyncio.wait([running], timeout=0.5)
        server.send_signal(number)
        await asyncio.gather(running, return_exceptions=True)
    _, words = await server.communicate()
    assert (server.returncode, words) == (0, b"")
    assert processes_of(place) == []
    assert list(place.iterdir()) == []


async def test_sigkill_leaves_no_process(sandboxed: bool, place: Path) -> None:
    """Who kills the pool outright kills its sessions too, also one that is in a loop and what it started."""
    mode = "require" if sandboxed else "off"
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM.replace("find_node()", f"find_node(), sandbox='{mode}'")),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(place)},
    )
    assert server.stdout is not None
    url = (await server.stdout.readline()).decode().strip()
    async with httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=60) as client:
        start = {"properties": {"code": "child_process.spawn('sleep', ['1000']).pid"}}
        await client.post("/code/execute?identifier=test-session", json=start)
        stuck = {"properties": {"code": "fs.writeFileSync('stuck', ''); while (1);"}}
        running = asyncio.create_task(
            client.post("/code/execute?identifier=test-session", json=stuck)
        )
        while not list(place.glob("*/*/data/stuck")):  # noqa: ASYNC110  # nothing tells when a snippet is in its loop
            await asyncio.sleep(0.01)
        server.kill()
        await asyncio.gather(running, return_exceptions=True)
    await server.communicate()
    async with asyncio.timeout(20):
        while processes_of(place):  # noqa: ASYNC110  # nothing tells when they are gone
            await asyncio.sleep(0.02)


async def test_a_port_in_use_is_one_sentence() -> None:
    """A port or address that is not to be had is one sentence that names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotServe, match=f"Port {port} of 127.0.0.1"):
            await serve(None, host="127.0.0.1", port=port, ready=print)  # type: ignore[arg-type]
    with pytest.raises(CannotServe, match=r"no\.such\.host\.invalid"):
        await serve(None, host="no.such.host.invalid", port=0, ready=print)  # type: ignore[arg-type]


async def test_without_uvicorn_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without uvicorn there is a sentence with the command that installs it."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(CannotServe, match=r"pip install 'noderepl\[serve\]'"):
        await serve(None, host="127.0.0.1", port=0, ready=print)  # type: ignore[arg-type]


async def test_starting_node_needs_the_standard_library_only() -> None:
    """What starts Node imports nothing that is slow to import."""
    program = "import sys, noderepl.service.pool; print({'starlette', 'httpx', 'anyio'} & set(sys.modules))"
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert (await run.communicate())[0] == b"set()\n"


@contextlib.asynccontextmanager
async def served(pool: Pool, *, patience: float = 30.0, **options: Any) -> AsyncIterator[str]:
    """The base URL of a pool on a port of this process."""
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    app = create_app(pool, token=TOKEN, host="127.0.0.1", patience=patience)
    server = asyncio.create_task(
        serve(app, host="127.0.0.1", port=0, ready=url.set_result, patience=patience, **options)
    )
    await asyncio.wait([url, server], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield await url
    finally:
        signal.raise_signal(signal.SIGTERM)
        await server


async def trickle(url: str, head: str) -> bytes:
    """All that the server answers to a client that sends this, and then a byte every now and then for ever."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
    writer.write(head.replace("\n", "\r\n").encode())
    answer = b""

    async def read() -> None:
        nonlocal answer
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(1000):
                answer += chunk

    reading = asyncio.create_task(read())
    while not reading.done():
        writer.write(b"x")
        await asyncio.wait([reading], timeout=0.01)
    writer.transport.abort()
    return answer


POST = f"POST /executions?identifier=slow&api-version={VERSION} HTTP/1.1\nHost: localhost\n"


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        (f"{POST}Authorization: Bearer {TOKEN}\nContent-Length: 100000\n\n", b"HTTP/1.1 408 "),
        (
            f"{POST}Authorization: Bearer {TOKEN}\nTransfer-Encoding: chunked\n\n1000\n",
            b"HTTP/1.1 408 ",
        ),
        (f"{POST}Authorization: Bearer {TOKEN}\nContent-Length: 30000001\n\n", b"HTTP/1.1 413 "),
        (f"{POST}Content-Length: 100000\n\n", b"HTTP/1.1 401 "),
        (f"{POST}X-Endless: ", b""),
        ("", b""),
    ],
)
async def test_a_slow_client_is_cut_off(pool: Pool, head: str, answer: bytes) -> None:
    """Who sends a byte at a time is cut off: in a body with 408, in a head or after a refusal without a word."""
    async with served(pool, patience=0.3) as url:
        assert (await trickle(url, head)).startswith(answer)


def is_open(file: Path) -> bool:
    """Whether this process has the file open."""
    opened = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            opened.append(descriptor.readlink())
    return file in opened


async def test_a_client_that_reads_nothing_is_cut_off(pool: Pool) -> None:
    """Who leaves a download lying is cut off."""
    session = await pool.session("test-session")
    (session.data / "large").write_bytes(bytes(1 << 25))
    async with served(pool, patience=0.3) as url:
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0)) as client:
            path = f"/files/large/content?{httpx.QueryParams(PARAMS)}"
            head = (
                f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            )
            client.sendall(head.encode())
            await asyncio.to_thread(client.recv, 1)
            while is_open(session.data / "large"):  # noqa: ASYNC110  # nothing tells when a file is closed
                await asyncio.sleep(0.01)


async def test_an_endless_head_is_refused(pool: Pool) -> None:
    """A head that does not end is refused with 431, whatever the token."""
    async with served(pool) as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
        writer.write(POST.replace("\n", "\r\n").encode())
        answered = asyncio.create_task(reader.read(12))
        with contextlib.suppress(ConnectionError):
            while not answered.done():
                writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
                await writer.drain()
        assert await answered == b"HTTP/1.1 431"
        writer.transport.abort()


def test_a_served_pool_may_open_what_the_system_lets_it() -> None:
    """The soft limit of descriptors is raised to the hard one, of which connections take a quarter at most."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 1000), before[1]))
        most = connections.allow_descriptors()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
        assert most == min(connections.MOST, before[1] // 4)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_large_bodies_are_refused(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snippet above the limit is 413 as soon as it has passed it, and allocates no session."""

    async def body() -> AsyncIterator[bytes]:
        yield b" " * 2000

    async with (
        served(pool) as url,
        httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=60) as client,
    ):
        monkeypatch.setattr(request_bodies, "BODY_LIMIT", 1000)
        untold = await client.post("/executions", params=PARAMS, content=body())
        assert (untold.status_code, untold.json()["error"]["code"]) == (413, "RequestTooLarge")
        assert pool.sessions() == {}


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:1", 200),
        ("127.1.2.3", 200),
        ("localhost:8080", 200),
        ("LOCALHOST", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("evil.example:80", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("user@evil.example", 400),
        ("192.0.2.1", 421),
        ("[::2]", 421),
        ("[", 400),
        ("", 421),
    ],
)
async def test_a_rebound_name_is_refused(pool: Pool, host: str, status: int) -> None:
    """On loopback only a Host that means loopback is served; without the token any that is a host is answered 401."""
    async with served(pool) as url, httpx.AsyncClient(base_url=url) as client:
        answer = await client.get("/listSessions", params=PARAMS, headers={"Host": host, **HEADERS})
        assert answer.status_code == status
        unknown = await client.get("/listSessions", params=PARAMS, headers={"Host": host})
        assert unknown.status_code == (400 if status == 400 else 401)


async def test_the_name_it_is_served_under_is_no_rebound_one(pool: Pool) -> None:
    """The name that was asked for is served, and away from loopback any is."""
    for host, name in (("my-name", "my-name:80"), (None, "evil.example")):
        transport = httpx.ASGITransport(create_app(pool, host=host))
        async with httpx.AsyncClient(transport=transport, base_url="http://pool") as client:
            assert (
                await client.get("/listSessions", params=PARAMS, headers={"Host": name})
            ).status_code == 200


async def test_https(pool: Pool, tmp_path: Path) -> None:
    """With a certificate the pool speaks https, under a URL that says so."""
    authority = trustme.CA()
    chain, key = write_certificate(authority, tmp_path)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with served(pool, tls=(chain, key)) as url:
        assert url.startswith("https://127.0.0.1:")
        async with httpx.AsyncClient(
            base_url=url, headers=HEADERS, verify=trusting, timeout=60
        ) as client:
            answer = await client.post("/executions", params=PARAMS, json={"code": "1 + 1"})
            assert answer.json()["result"]["executionResult"] == 2


def write_certificate(authority: trustme.CA, directory: Path) -> tuple[Path, Path]:
    """The files of a certificate chain and of its key."""
    issued = authority.issue_cert("localhost", "127.0.0.1")
    chain, key = directory / "chain.pem", directory / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return chain, key


def test_certificates_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    """A file that is missing, no certificate, of another key or locked by a passphrase is named in one sentence."""
    chain, key = write_certificate(trustme.CA(), tmp_path)
    other, locked, missing = (
        tmp_path / "other.pem",
        tmp_path / "locked.pem",
        tmp_path / "missing.pem",
    )
    other.write_bytes(trustme.CA().issue_cert("localhost").private_key_pem.bytes())
    secret = serialization.load_pem_private_key(key.read_bytes(), None)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked.write_bytes(
        secret.private_bytes(*form, serialization.BestAvailableEncryption(b"secret"))
    )
    check_certificate(chain, key)
    for files, words in (
        ((missing, key), "missing.pem: cannot be read: No such file or directory"),
        ((chain, missing), "missing.pem: cannot be read: No such file or directory"),
        ((key, chain), "are not a certificate chain and its private key"),
        ((chain, other), "are not a certificate chain and its private key"),
        ((chain, locked), "locked.pem: the private key has a passphrase"),
    ):
        with pytest.raises(BadCertificate, match=words):
            check_certificate(*files)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--host", "0.0.0.0"],
            "set NODEREPL_TOKEN to serve on 0.0.0.0, which other machines may reach (--host)",
        ),
        (
            ["--host", "::"],
            "set NODEREPL_TOKEN to serve on ::, which other machines may reach (--host)",
        ),
        (["--tls-cert", "c.pem"], "tls-cert also needs tls-key (--tls-cert)"),
        (["--tls-key", "k.pem"], "tls-key also needs tls-cert (--tls-key)"),
        (
            ["--tls-cert", "c.pem", "--tls-key", "k.pem"],
            "c.pem: cannot be read: No such file or directory (--tls-cert)",
        ),
    ],
)
def test_serve_refuses_what_is_unsafe_or_unusable(
    home: Path, arguments: list[str], words: str
) -> None:
    """`noderepl serve` answers an open address without a token of the user's, or half a certificate, with exit 2."""
    ran = driving.run("serve", *arguments, home=home)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", f"noderepl: {words}\n")


@pytest.mark.parametrize("token", ["a\nb", "a b", " ", "é"])
def test_a_token_that_no_client_can_send_is_refused(home: Path, token: str) -> None:
    """`noderepl serve` and its clients refuse the same tokens, in the same words."""
    ran = driving.run("serve", "--port", "0", home=home, NODEREPL_TOKEN=token)
    words = "noderepl: the token is empty or has invalid characters\n"
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", words)


def test_a_served_pool_that_cannot_tell_its_address_ends(home: Path) -> None:
    """Where stdout is full, one sentence says so, and nothing is an internal error."""
    only_where(Path("/dev/full").exists(), "/dev/full")
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            driving.command("serve", "--port", "0", "--quiet"),
            env=driving.environment(home),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    words = "noderepl: standard output cannot be written: No space left on device\n"
    assert (ran.returncode, ran.stderr) == (2, words)


def test_a_pipe_that_nobody_reads_stops_no_server(home: Path) -> None:
    """A server whose stdout is full serves all the same, and SIGTERM ends it."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, bytes(4096))
    os.set_blocking(writing, True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = driving.command("serve", "--port", str(port), "--quiet")
    environment = driving.environment(home, NODEREPL_TOKEN=TOKEN)
    with subprocess.Popen(line, env=environment, stdout=writing) as process:

        def answers() -> bool:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(
                    f"http://127.0.0.1:{port}/listSessions", params=PARAMS, headers=HEADERS
                )
                return answer.status_code == 200
            return False

        try:
            assert driving.wait_for(answers)
        finally:
            process.terminate()
        assert process.wait(30) == 0
    os.close(reading)
    os.close(writing)


def test_an_open_address_is_served_with_a_token_of_the_users(home: Path) -> None:
    """With NODEREPL_TOKEN an address that others may reach is served, with the cooldown and the limit asked for."""
    line = driving.command(
        "serve", "--host", "0.0.0.0", "--max-sessions", "1", "--cooldown", "70", "--quiet"
    )
    environment = driving.environment(home, NODEREPL_TOKEN=TOKEN)
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = (
                server.stdout.readline()
                .strip()
                .removeprefix("listening on ")
                .replace("0.0.0.0", "127.0.0.1")
            )
            with httpx.Client(
                base_url=url, headers=HEADERS | {"Host": "any.example"}, timeout=60
            ) as client:
                assert client.get("/files", params=PARAMS).status_code == 200
                assert (
                    client.get("/files", params=PARAMS | {"identifier": "second"}).status_code
                    == 429
                )
                shown = client.get("/session", params=PARAMS).json()
                seconds = [float(shown[name][17:-1]) for name in ("lastAccessedAt", "expireAt")]
                assert (seconds[1] - seconds[0]) % 60 == pytest.approx(10)
        finally:
            server.terminate()
    assert server.returncode == 0


def test_a_served_pool_keeps_a_process_ready(home: Path, place: Path) -> None:
    """`noderepl serve` starts the process of the next session as soon as one was taken."""
    line = driving.command("serve", "--quiet")
    environment = driving.environment(home, NODEREPL_TOKEN=TOKEN, TMPDIR=str(place))
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip().removeprefix("listening on ")
            with httpx.Client(base_url=url, headers=HEADERS, timeout=60) as client:
                assert client.get("/files", params=PARAMS).status_code == 200
            overdue = time.monotonic() + 20
            while not list(place.glob("*/2")) and time.monotonic() < overdue:
                time.sleep(0.01)
            assert list(place.glob("*/2"))
        finally:
            server.terminate()
    assert server.returncode == 0


def test_which_addresses_are_loopback() -> None:
    """Names and addresses of loopback are known as such; what is none is one sentence."""
    hosts = ("127.0.0.1", "127.9.9.9", "localhost", "::1", "0.0.0.0", "192.0.2.1", "::")
    assert [is_loopback(host) for host in hosts] == [True, True, True, True, False, False, False]
    for host in ("no.such.host.invalid", "a" * 300 + ".b"):
        with pytest.raises(CannotServe, match="is not an address of this machine"):
            is_loopback(host)
