"""Decompresses the bodies of answers in small chunks.

httpx decompresses a whole chunk at once: 64 KiB from the network become up to 64 MiB before their
size can be checked.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator

from noderepl.client.http_response import Response, WholeResponse

# The maximum size of a decompressed chunk in bytes.
CHUNK = 1 << 16
_GZIP = frozenset(["gzip", "x-gzip"])
_GZIP_MAGIC = b"\x1f\x8b"
# The number of bytes that identify the format.
HEADER = 2
_REFUSED = frozenset(["br", "zstd", "compress", "x-compress"])


class UnknownCompression(Exception):
    """A body is compressed in another format than gzip or deflate, or more than once. str() is its
    Content-Encoding.
    """


async def decompressed(response: Response) -> AsyncIterator[bytes]:
    """Yields the body in chunks, decompressed from gzip or deflate.

    A Content-Encoding that names no compression is ignored. Raises UnknownCompression,
    httpx.DecodingError, and the exceptions of the response's stream.
    """
    body = response.stream
    if not isinstance(response, WholeResponse):
        from noderepl.client.long_bodies import body_of

        body = body_of(response)
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if "," in encoding or encoding in _REFUSED:
        raise UnknownCompression(encoding)
    if encoding not in _GZIP and encoding != "deflate":
        async for chunk in body:
            yield chunk
        return
    inflater = _Inflater(is_gzip=encoding in _GZIP)
    async for packed in body:
        for chunk in inflater.inflate(packed):
            yield chunk
    inflater.check_end()


class _Inflater:
    """Decompresses a gzip or deflate body that arrives in parts. Its methods raise
    httpx.DecodingError for invalid data.
    """

    def __init__(self, *, is_gzip: bool) -> None:
        self._bits = zlib.MAX_WBITS | 16 if is_gzip else zlib.MAX_WBITS
        self._stream = zlib.decompressobj(self._bits)
        self._may_lack_header = not is_gzip
        self._has_begun = False
        self._pending = b""

    def inflate(self, data: bytes) -> Iterator[bytes]:
        """Yields the decompressed data of the next bytes, in chunks of at most CHUNK bytes."""
        self._has_begun = self._has_begun or bool(data)
        data, self._pending = self._pending + data, b""
        if self._may_lack_header and len(data) < HEADER:
            self._pending = data
            return
        chunk = b""
        while data or len(chunk) == CHUNK:
            if self._stream.eof:
                # A gzip body may be several streams in a row; other data after the end is ignored.
                if len(data) < HEADER and _GZIP_MAGIC.startswith(data):
                    self._pending = data
                    return
                if not (data.startswith(_GZIP_MAGIC) and self._bits > zlib.MAX_WBITS):
                    return
                self._stream = zlib.decompressobj(self._bits)
            chunk = self._decompress(data)
            if chunk:
                yield chunk
            data = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def check_end(self) -> None:
        """Raises httpx.DecodingError if the compressed data are incomplete."""
        if self._has_begun and not self._stream.eof:
            raise _undecodable("the compressed data end too early")

    def _decompress(self, data: bytes) -> bytes:
        try:
            chunk = self._stream.decompress(data, CHUNK)
        except zlib.error as exc:
            if not self._may_lack_header:
                raise _undecodable(str(exc)) from exc
            # Some servers omit the header of deflate.
            self._may_lack_header = False
            self._bits = -zlib.MAX_WBITS
            self._stream = zlib.decompressobj(self._bits)
            return self._decompress(data)
        self._may_lack_header = False
        return chunk


def _undecodable(why: str) -> Exception:
    import httpx

    return httpx.DecodingError(why)
