"""A server that answers with whatever a test writes, and noderepl as a process whose memory is watched."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from driving import environment

MIB = 1 << 20
# Writes the most memory that the process ever had, in KiB, as its last deed.
MEASURED = """
import pathlib, re, sys
from noderepl.__main__ import main
sys.argv = ["noderepl", *sys.argv[2:]]
try:
    code = main()
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    pathlib.Path({peak!r}).write_text(re.search(r"VmHWM:\\s*(\\d+)", status)[1])
sys.exit(code)
"""


@dataclass(frozen=True)
class Ended:
    """How noderepl ended. seconds: that it took. mebibytes: of memory that it had at most."""

    code: int
    stdout: str
    stderr: str
    seconds: float
    mebibytes: int


def measured(
    *arguments: str, home: Path, stdin: bytes = b"", seconds: float = 120, **env: str
) -> Ended:
    """Run noderepl off a terminal to its end."""
    peak = home / "peak"
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-c", MEASURED.format(peak=str(peak)), "--", *arguments],
        input=stdin,
        capture_output=True,
        env=environment(home, **env),
        timeout=seconds,
        check=False,
    )
    took = time.monotonic() - began
    most = int(peak.read_text()) // 1024
    return Ended(ran.returncode, ran.stdout.decode(), ran.stderr.decode(), took, most)


@dataclass
class Request:
    """A request as it came. write: sends bytes to the client; False once it has closed the connection."""

    line: str
    body: bytes
    _socket: socket.socket

    def write(self, data: bytes) -> bool:
        try:
            self._socket.sendall(data)
        except OSError:
            return False
        return True

    def answer(
        self, body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json"
    ) -> None:
        """Send an answer that is whole."""
        lines = [
            f"HTTP/1.1 {status}",
            f"content-type: {kind}",
            f"content-length: {len(body)}",
            *headers,
        ]
        self.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def chunked(self, chunks: Iterator[bytes], *headers: str, status: str = "200 OK") -> None:
        """Send an answer in chunks until there are no more, or the client has gone."""
        lines = [
            f"HTTP/1.1 {status}",
            "content-type: application/json",
            "transfer-encoding: chunked",
            *headers,
        ]
        if self.write("\r\n".join(lines).encode() + b"\r\n\r\n"):
            for chunk in chunks:
                if not self.write(b"%x\r\n%s\r\n" % (len(chunk), chunk)):
                    return
            self.write(b"0\r\n\r\n")

    def run_id(self) -> int:
        """The id of the snippet that is run or asked about; as an answer that the prelude gives needs it."""
        code = json.loads(self.body)["code"]
        return int(re.findall(r'"id": (\d+)', code)[-1])


Handler = Callable[[Request], None]


def ran(value: str = "'ok'", **more: object) -> bytes:
    """The body of an answer to an execute request."""
    return json.dumps(
        {
            "status": "Succeeded",
            "result": {"stdout": "", "stderr": "", "executionResult": value, **more},
        }
    ).encode()


def by_prelude(request: Request, **more: object) -> bytes:
    """The body of an answer by the prelude to the snippet of a request. more: fields of it that are other than usual."""
    told = {
        "id": request.run_id(), "kind": "value", "text": "1", "data": 1, "ms": 1, "notes": [], "media": [], "late": [],
        "number": 1, "pending": False,
        "output": {"pieces": 0, "before": 0, "bytes": {"stdout": 0, "stderr": 0}, "dropped": False},
    }  # fmt: skip
    text = json.dumps(told | more).replace("\\", "\\\\").replace("'", "\\'")
    return ran(f"'noderepl:{text}'")


class HostileServer:
    """A server on loopback; `.url` is its base URL. handle: answers each request, in a thread of its connection.

    `.count`: the requests so far.
    """

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self.count = 0
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> HostileServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.add(connection)
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as incoming:
            while line := incoming.readline():
                length = 0
                while (header := incoming.readline()) not in (b"\r\n", b""):
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                request = Request(line.decode(), incoming.read(length), connection)
                self.count += 1
                self._handle(request)


def arguments(server: HostileServer, *more: str) -> Sequence[str]:
    """The command line for a hostile server."""
    return [
        "--endpoint",
        server.url,
        "--api-version",
        "2025-10-02-preview",
        "--auth",
        "none",
        *more,
    ]
