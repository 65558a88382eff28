"""Limits the size of an answer's head and of the informational responses before it.

A server may send informational responses (100, 103) without an end. httpcore reads one after the
other, and neither it nor h11 counts them. The limit applies to the bytes of the connection, below
TLS. Reads stay small until the head is complete, so that the event loop gets its turn.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import httpcore
import httpx

# h11 accepts a head of at most 100 kB; an informational response takes at least 15 bytes and 50 µs.
MOST_HEAD = 256 << 10
READ = 4096
# Bytes that are read at a time of a body: each read passes many layers.
BODY_READ = 256 << 10
ANSWERED_SECONDS = 0.5
BUFFERED_SECONDS = 0.02
# Where the status is in `HTTP/1.1 200 OK`.
STATUS_AT = 9


def bound_heads(client: httpx.AsyncClient) -> None:
    """Limits the heads of all answers on the client's own connections, including those through a
    proxy.
    """
    # httpx has no public way to set the network backend of httpcore.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.AsyncHTTPTransport):
            pool = transport._pool
            pool._network_backend = _Network(pool._network_backend)


async def head_is_there(response: httpx.Response) -> None:
    """Ends the limit for this answer, whose body follows."""
    stream = response.extensions.get("network_stream")
    if isinstance(stream, _Stream):
        stream.left = None


class _Network(httpcore.AsyncNetworkBackend):
    """Opens connections whose heads are limited."""

    def __init__(self, inner: httpcore.AsyncNetworkBackend) -> None:
        self._inner = inner

    async def connect_tcp(self, *arguments: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._inner.connect_tcp(*arguments, **named))
        except (OverflowError, ExceptionGroup) as error:
            # The endpoint's port has been checked before, so this is the proxy's.
            raise httpcore.ProxyError("its port is out of range") from error

    async def connect_unix_socket(
        self, *arguments: Any, **named: Any
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.connect_unix_socket(*arguments, **named))

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """One connection. `.left`: the bytes that may arrive before the head is complete; None during a
    body.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._early = b""
        self.left: int | None = MOST_HEAD

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._early:
            data, self._early = self._early[:max_bytes], self._early[max_bytes:]
            return data
        if self.left is None:
            return await self._inner.read(max(max_bytes, BODY_READ), timeout)
        return await self._read_head(max_bytes, timeout)

    async def _read_head(self, max_bytes: int, timeout: float | None) -> bytes:
        assert self.left is not None
        if self.left <= 0:
            raise httpcore.RemoteProtocolError(f"no head of an answer within {MOST_HEAD} bytes")
        data = await self._inner.read(min(max_bytes, READ), timeout)
        self.left -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raises WriteError, for which httpcore reads the answer, if a server answers before it has
        the whole request, as with 413: it may read no more of it, or reset the connection.
        """
        if self._early == b"":
            self.left = MOST_HEAD
        if len(buffer) <= READ:
            await self._inner.write(buffer, timeout)
            return
        writing = asyncio.create_task(self._inner.write(buffer, timeout))
        try:
            while not (await asyncio.wait([writing], timeout=ANSWERED_SECONDS))[0]:
                await self._check_unanswered()
            await writing
            await self._check_unanswered()
        finally:
            writing.cancel()

    async def _check_unanswered(self) -> None:
        if not self._early and not self.get_extra_info("is_readable"):
            return
        # A part may be in a buffer above the socket, and data of TLS may be no part of an answer.
        with contextlib.suppress(httpcore.ReadTimeout):
            while True:
                data = await self._read_head(READ, BUFFERED_SECONDS)
                self._early += data
                if not data or not _is_informational(self._early):
                    raise httpcore.WriteError("the answer came before the request was complete")

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(self, *arguments: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(*arguments, **named))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _is_informational(data: bytes) -> bool:
    """Returns whether all that has arrived is informational responses (1xx), or a part of one."""
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        if len(head) > STATUS_AT and head[STATUS_AT : STATUS_AT + 1] != b"1":
            return False
    return True
