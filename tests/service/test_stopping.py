"""`noderepl serve` that is told to stop while requests are under way."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import driving
import httpx
import pytest

from noderepl.service import server as server_module
from noderepl.service.app import create_app
from noderepl.service.pool import Pool
from tests.service.test_odd_requests import CODE, EXECUTE, QUERY, TOKEN, answers_in, head, post

LOOP = b'{"code":"for (;;);"}'
LARGE = 1 << 25


@dataclass
class Server:
    """A server in a process of its own. waiting: the connections with requests under way, by name."""

    process: subprocess.Popen[str]
    port: int
    waiting: dict[str, socket.socket] = field(default_factory=dict)

    def send(self, name: str, data: bytes) -> None:
        """Begin a request, or go on with it."""
        if name not in self.waiting:
            self.waiting[name] = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.waiting[name].sendall(data)

    def received(self, name: str) -> bytes:
        """All that comes until the connection's end."""
        data = b""
        while piece := self.waiting[name].recv(1 << 20):
            data += piece
        return data


@contextmanager
def started(home: Path, program: list[str] | None = None) -> Iterator[Server]:
    """A server, which must end with status 0 and an empty stderr."""
    home.mkdir(exist_ok=True)
    process = subprocess.Popen(
        program or driving.command("serve", "--quiet"),
        env=driving.environment(home, NODEREPL_TOKEN=TOKEN),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process, ExitStack() as stack:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        server = Server(process, httpx.URL(url).port or 0)
        try:
            yield server
            for waiting in server.waiting.values():
                stack.enter_context(waiting)
            _, log = process.communicate(timeout=60)
            assert (process.returncode, log) == (0, "")
        finally:
            process.kill()


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """A server with a session."""
    with started(home) as server:
        server.send("first", post(b'{"code":"1"}'))
        assert answers_in(server.received("first"))[0].status == 200
        yield server


def begin_everything(server: Server) -> None:
    """Requests that no server could answer yet: a loop, one that waits for it, a body and an upload that are half there."""
    server.send("loop", post(LOOP))
    server.send("queued", post(CODE))
    server.send("asynchronous", post(b'{"code":"1","executionType":"Asynchronous"}'))
    server.send("body", head(EXECUTE, f"Content-Length: {len(CODE)}", body=CODE[:5]))
    part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    fields = "Content-Type: multipart/form-data; boundary=x", "Content-Length: 100000"
    server.send("upload", head(f"POST /files?{QUERY} HTTP/1.1", *fields, body=part))
    assert answers_in(server.received("asynchronous"))[0].status == 200


def check_refused(server: Server, *names: str) -> None:
    """Each of these requests is answered 503 in the API's error form."""
    for name in names:
        (answer,) = answers_in(server.received(name))
        told = json.loads(answer.body)["error"]
        assert (name, answer.status, told["code"]) == (name, 503, "PoolClosed")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-ms-error-code"] == "PoolClosed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_is_under_way_is_answered_that_the_pool_ends(
    server: Server, number: signal.Signals
) -> None:
    """A signal answers each request that is under way with 503, and the exit status is 0."""
    begin_everything(server)
    server.process.send_signal(number)
    check_refused(server, "loop", "queued", "body", "upload")


def test_what_ends_in_time_is_answered(server: Server) -> None:
    """A snippet that ends within the grace period is answered as ever, on a server that takes no new connection."""
    server.send(
        "short",
        post(
            b"{\"code\":\"fs.writeFileSync('began', ''); setTimeout($$.done, 1000, 7); $$.async()\"}"
        ),
    )
    while b"began" not in got(server, f"GET /files?{QUERY} HTTP/1.1"):
        time.sleep(0.05)
    server.process.terminate()
    (answer,) = answers_in(server.received("short"))
    assert json.loads(answer.body)["result"]["executionResult"] == 7


def got(server: Server, line: str) -> bytes:
    """The body of the answer to a request of its own."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(head(line))
        data = b""
        while piece := client.recv(65536):
            data += piece
    return answers_in(data)[0].body


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
async def test_a_second_signal_waits_for_nothing(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, second: signal.Signals
) -> None:
    """The second signal answers what is under way at once, however long it could go on."""
    monkeypatch.setattr(server_module, "_GRACE", 3600)
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    app = create_app(pool, token=TOKEN, host="127.0.0.1")
    ending = asyncio.create_task(
        server_module.serve(app, host="127.0.0.1", port=0, ready=url.set_result)
    )
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=await url, headers=headers, timeout=60) as client:
        running = asyncio.create_task(client.post(f"/executions?{QUERY}", content=LOOP))
        # Nothing tells when a snippet runs.
        while not (await pool.session("test-session")).busy:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait([running, ending], timeout=1)
        assert not running.done()
        signal.raise_signal(second)
        answer = await running
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "PoolClosed")
        async with asyncio.timeout(60):
            await ending


def test_a_download_that_is_left_lying_holds_nothing_up(server: Server) -> None:
    """A client that does not read its download does not keep the server from its end, and gets no second answer."""
    written = got_executed(server, f"fs.writeFileSync('large', Buffer.alloc({LARGE}))")
    assert written == "Succeeded"
    server.send("download", head(f"GET /files/large/content?{QUERY} HTTP/1.1"))
    assert server.waiting["download"].recv(15) == b"HTTP/1.1 200 OK"
    begin_everything(server)
    server.process.terminate()
    check_refused(server, "loop", "queued", "body", "upload")
    assert server.process.wait(60) == 0
    assert len(server.received("download")) < LARGE


def got_executed(server: Server, code: str) -> str:
    """The status of a snippet that is run on a connection of its own."""
    server.send(code, post(json.dumps({"code": code}).encode()))
    status: str = json.loads(answers_in(server.received(code))[0].body)["status"]
    return status


# noderepl, with work in it that takes for ever once it has something to do with files of a session.
SLOW = """
import math, sys, time
from noderepl.__main__ import main
from noderepl.service import app, files, watcher
count = watcher.measure
def count_slowly(*arguments, most, **options):
    if most != math.inf:
        print("counting", flush=True)
        time.sleep(3600)
    return count(*arguments, most=most, **options)
def list_slowly(*arguments, **options):
    print("listing", flush=True)
    time.sleep(3600)
if "{slow}" == "count":
    watcher.measure = count_slowly
else:
    files.list_entries = list_slowly
sys.exit(main())
"""


@pytest.mark.parametrize("slow", ["count", "list"])
def test_files_that_nobody_needs_any_more_keep_no_server_from_its_end(
    home: Path, slow: str
) -> None:
    """A signal ends the process though a thread still counts or lists files."""
    program = [sys.executable, "-c", SLOW.format(slow=slow), "serve", "--quiet"]
    with started(home, program) as server:
        assert server.process.stdout is not None
        server.send("first", post(b'{"code":"setInterval(() => {}, 1)"}'))
        server.send("list", head(f"GET /files?{QUERY} HTTP/1.1"))
        assert server.process.stdout.readline() == f"{slow}ing\n"
        server.process.terminate()
        assert server.process.wait(20) == 0


# noderepl with a list that takes for ever, unless nobody needs it.
NEEDED = """
import sys, time
from noderepl.__main__ import main
from noderepl.service import files
def list_until_over(*arguments, is_over, **options):
    print("listing", flush=True)
    while not is_over():
        time.sleep(0.02)
    print("over", flush=True)
    return []
files.list_entries = list_until_over
sys.exit(main())
"""


def test_a_list_ends_with_its_client(home: Path) -> None:
    """If the client closes the connection, its list stops."""
    with started(home, [sys.executable, "-c", NEEDED, "serve", "--quiet"]) as server:
        assert server.process.stdout is not None
        server.send("list", head(f"GET /files?{QUERY} HTTP/1.1"))
        assert server.process.stdout.readline() == "listing\n"
        server.waiting.pop("list").close()
        assert server.process.stdout.readline() == "over\n"
        server.process.terminate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_list_that_nobody_needs_any_more_keeps_no_script_from_its_end(
    home: Path, number: signal.Signals
) -> None:
    """A signal ends a script with the embedded pool though a thread still lists files."""
    home.mkdir(exist_ok=True)
    program = [sys.executable, "-c", SLOW.format(slow="list"), "-c", "%files"]
    with subprocess.Popen(
        program, env=driving.environment(home), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "listing\n"
            process.send_signal(number)
            assert process.wait(20) == 128 + number
        finally:
            process.kill()
