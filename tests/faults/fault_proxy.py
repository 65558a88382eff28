"""A proxy between noderepl's client and a pool that passes requests on as they are, or does to one what a fault says.

It speaks raw bytes over sockets, in a thread of its own, so that it can send what no HTTP library would.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

BOUND = 1 << 26


class Reset(Exception):
    """The connection to the client is to be reset."""


@dataclass
class Exchange:
    """One request, and the means to answer it. head, body: as they came. proxy: whose."""

    head: bytes
    body: bytes
    writer: asyncio.StreamWriter
    proxy: FaultProxy

    async def send(self, data: bytes) -> None:
        """Sends bytes to the client."""
        self.writer.write(data)
        await self.writer.drain()

    async def passed_on(self) -> bytes:
        """The pool's whole answer to the request: with a content-length, whatever the pool has sent."""
        return await self.proxy.ask(self.head + self.body)


Fault = Callable[[Exchange], Awaitable[None]]


@dataclass
class Planned:
    """A fault for requests whose body holds `marker`, and whose first line `where`.

    left: how often still; None for ever. early: whether it comes before anything is read, so that nothing is looked for.
    """

    fault: Fault
    marker: bytes = b""
    left: int | None = 1
    early: bool = False
    where: bytes = b""


@dataclass
class FaultProxy:
    """A proxy to `upstream`. `.url` is where it listens; `.met` counts the requests that a fault was done to.

    `.heads` has the head of every request, in order.

    choose: gives the fault for a request, for who decides at random. tls: for https.
    """

    upstream: str
    tls: ssl.SSLContext | None = None
    planned: list[Planned] = field(default_factory=list)
    choose: Callable[[bytes], Fault | None] | None = None
    met: int = 0
    port: int = 0
    heads: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The base URL for the client."""
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    def plan(self, *planned: Planned) -> None:
        """Does these faults from now on, and no others."""
        self.planned = list(planned)

    def later(self, work: Coroutine[Any, Any, object]) -> None:
        """Begins work in the proxy's own thread; called from there."""
        self._works.add(task := asyncio.ensure_future(work))
        task.add_done_callback(self._works.discard)

    def do(self, work: Coroutine[Any, Any, None]) -> None:
        """Does work in the proxy's own thread, and waits for its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def listen(self) -> None:
        """Opens the port, the same as before where there was one."""
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, ssl=self.tls, limit=BOUND, backlog=50
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def deafen(self) -> None:
        """Closes the port and all connections."""
        self._server.close()
        for writer in list(self._writers):
            writer.close()

    async def ask(self, request: bytes) -> bytes:
        """The pool's answer to a request, on a connection of its own."""
        to = urlsplit(self.upstream)
        reader, writer = await asyncio.open_connection(to.hostname, to.port, limit=BOUND)
        try:
            head, _, body = request.partition(b"\r\n\r\n")
            writer.write(head + b"\r\nConnection: close\r\n\r\n" + body)
            answer = await reader.read(-1)
        finally:
            writer.close()
        return _plain(answer)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._works: set[asyncio.Future[object]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        self.do(self.listen())
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self.deafen())
        self.do(self._ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _ended(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                await self._exchange(reader, writer)
        except Reset:
            _reset(writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, ssl.SSLError):
            # Cancelled it is at the end of the proxy only, where asyncio would complain of it.
            pass
        finally:
            self._writers.discard(writer)
            with contextlib.suppress(Exception):
                writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if early := self._fault(b"", b"", early=True):
            await early(Exchange(b"", b"", writer, self))
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        size = int(length[1]) if length else 0
        body = await reader.readexactly(size)
        self.heads.append(head)
        exchange = Exchange(head, body, writer, self)
        if fault := self._fault(head.partition(b"\r\n")[0], body, early=False):
            await fault(exchange)
        else:
            await exchange.send(await exchange.passed_on())

    def _fault(self, line: bytes, body: bytes, *, early: bool) -> Fault | None:
        if self.choose and not early:
            return self.choose(body)
        for plan in self.planned:
            if (
                plan.early == early
                and plan.marker in body
                and (early or plan.where in line)
                and plan.left != 0
            ):
                plan.left = None if plan.left is None else plan.left - 1
                self.met += 1
                return plan.fault
        return None


def _plain(answer: bytes) -> bytes:
    """The answer with a content-length instead of chunks, and nothing said of its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    names = {line.partition(b":")[0].strip().lower(): line for line in lines}
    if b"transfer-encoding" in names:
        body = b"".join(_chunks(body))
    kept = [
        names[name]
        for name in names
        if name not in {b"transfer-encoding", b"connection", b"content-length"}
    ]
    has_body = status.split(b" ")[1] not in {b"204", b"304"}
    length = [b"content-length: %d" % len(body)] if has_body else []
    return b"\r\n".join([status, *kept, *length]) + b"\r\n\r\n" + body


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, rest = body.partition(b"\r\n")
        count = int(size, 16)
        yield rest[:count]
        body = rest[count + 2 :] if count else b""


def _reset(writer: asyncio.StreamWriter) -> None:
    """Closes the connection so that the other side is told of a reset rather than of an end."""
    raw = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
