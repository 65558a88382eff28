"""Calls an ASGI application in this process and returns its answer as it arrives.

httpx.ASGITransport collects the whole answer first, so that a download would take as much memory as
the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import anyio
import httpx
from anyio.streams.memory import MemoryObjectReceiveStream

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class InProcessTransport(httpx.AsyncBaseTransport):
    """Calls an application as if over HTTP; the application waits until each part of its answer has
    been read.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Calls the application and returns its answer after the first part. Raises the
        application's exceptions.
        """
        exchange = _Exchange(request)
        working = asyncio.create_task(exchange.work(self._app))
        try:
            status, headers = await exchange.begun
        except BaseException:
            exchange.parts.close()
            working.cancel()
            await _ended(working)
            raise
        return httpx.Response(status, headers=headers, stream=_Body(exchange, working))


class _Exchange:
    """One call.

    begun: the future of status and headers. parts: the parts of the body, as they arrive. is_over:
    set after the whole answer was sent.
    """

    def __init__(self, request: httpx.Request) -> None:
        assert isinstance(request.stream, httpx.AsyncByteStream)
        self._request = request
        self._sent = aiter(request.stream)
        self._is_sent = False
        self.begun: asyncio.Future[tuple[int, list[tuple[bytes, bytes]]]] = (
            asyncio.get_running_loop().create_future()
        )
        self._sink, self.parts = anyio.create_memory_object_stream[bytes](0)
        self.is_over = asyncio.Event()

    async def work(self, app: Application) -> None:
        """Calls the application."""
        try:
            await app(self._scope(), self._receive, self._send)
            if not self.begun.done():
                raise httpx.RemoteProtocolError("the application ended without an answer")
        except Exception as exc:
            if self.begun.done():
                raise
            self.begun.set_exception(exc)
        finally:
            self.begun.cancel()
            self._sink.close()

    def _scope(self) -> Message:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "headers": [(key.lower(), value) for key, value in self._request.headers.raw],
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.split(b"?")[0],
            "query_string": url.query,
            "server": (url.host, url.port),
            "client": ("127.0.0.1", 123),
            "root_path": "",
        }

    async def _receive(self) -> Message:
        if self._is_sent:
            await self.is_over.wait()
            return {"type": "http.disconnect"}
        try:
            return {"type": "http.request", "body": await anext(self._sent), "more_body": True}
        except StopAsyncIteration:
            self._is_sent = True
            return {"type": "http.request", "body": b"", "more_body": False}
        except Exception as exc:
            # The caller's own failure to read the body is not the application's.
            if not self.begun.done():
                self.begun.set_exception(exc)
            return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if not self.begun.done():
                self.begun.set_result((message["status"], list(message.get("headers", []))))
            return
        if (part := message.get("body", b"")) and self._request.method != "HEAD":
            await self._sink.send(part)
        if not message.get("more_body", False):
            self.is_over.set()
            self._sink.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, exchange: _Exchange, working: asyncio.Task[None]) -> None:
        self._exchange = exchange
        self._working = working

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts: MemoryObjectReceiveStream[bytes] = self._exchange.parts
        async for part in parts:
            yield part
        if not self._exchange.is_over.is_set():
            raise httpx.RemoteProtocolError("the application ended within its answer")

    async def aclose(self) -> None:
        """Waits for the end of the application; cancels it if its answer was not read
        completely.
        """
        self._exchange.parts.close()
        if not self._exchange.is_over.is_set():
            self._working.cancel()
        await _ended(self._working)


async def _ended(working: asyncio.Task[None]) -> None:
    await asyncio.wait([working])
    if not working.cancelled():
        working.exception()  # after the beginning of the answer, there is no way to report it
