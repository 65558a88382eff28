"""Reads a long body from its connection: h11 would copy each part four times, which takes longer
than its way to this machine.

The connection is closed afterwards, as httpx does not see the end of the body.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from noderepl.client.http_response import Response
from noderepl.lazy_patterns import lazy_pattern

# Bytes; a new connection costs less than the copies of this many.
LONG = 4 << 20
# Bytes that are read at a time.
PART = 256 << 10
_NUMBER = lazy_pattern(r"[0-9]{1,18}")


async def body_of(response: Response) -> AsyncIterator[bytes]:
    """Yields the body of a response in parts, as they arrive. Raises the exceptions of the
    response's stream.
    """
    connection, length = _connection_of(response)
    if connection is None:
        async for part in response.stream:
            yield part
        return
    async with aclosing(_parts(response, connection, length)) as parts:
        async for part in parts:
            yield part


def _connection_of(response: Response) -> tuple[Any, int]:
    """Returns the connection from which a long body can be read, and the body's length; None and 0
    without one.
    """
    connection = getattr(response, "extensions", {}).get("network_stream")
    length = response.headers.get("content-length", "")
    is_plain = "transfer-encoding" not in response.headers
    if connection is None or not is_plain or not _NUMBER.fullmatch(length) or int(length) < LONG:
        return None, 0
    return connection, int(length)


async def _parts(response: Any, connection: Any, length: int) -> AsyncGenerator[bytes, None]:
    seconds = response.request.extensions.get("timeout", {}).get("read")
    async with aclosing(aiter(response.stream)) as parts:
        # The first part contains all that h11 has read of the body.
        part = await anext(parts, b"")
        while True:
            yield part
            length -= len(part)
            if length <= 0:
                return
            part = (await _read(connection, seconds))[:length]


async def _read(connection: Any, seconds: float | None) -> bytes:
    import httpcore
    import httpx

    try:
        part: bytes = await connection.read(PART, seconds)
    except httpcore.TimeoutException as error:
        raise httpx.ReadTimeout(str(error)) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise httpx.ReadError(str(error)) from error
    if not part:
        raise httpx.RemoteProtocolError("the connection ended before the body was complete")
    return part
