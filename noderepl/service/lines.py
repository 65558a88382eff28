"""The lines that a session's process writes, one at a time and of bounded length. This module does
not interpret messages.
"""

from __future__ import annotations

import asyncio

OUTPUT_LIMIT = 64 * 1024 * 1024
# The maximum size of an incomplete message: a piece of output, and a little around it.
LINE_LIMIT = OUTPUT_LIMIT + 64 * 1024
# Seconds for the rest of a long line while no snippet runs: it takes memory until its end comes.
HALF_SECONDS = 10.0
# This process may have been stopped until then, with the rest waiting to be read.
_LAST_LOOK = 1.0


class LineTooLong(Exception):
    """The process wrote a line that is longer than any valid message."""


class HalfLine(Exception):
    """The process wrote only a part of a line, while no snippet was running."""


class Lines:
    """The lines of a stream. is_awaited: whether a caller waits for output, as while a snippet
    runs; then a line may take any time.
    """

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self.is_awaited = True
        self._stream = stream

    async def next(self) -> bytes:
        """Returns the next whole line; empty at the end of file, also in the middle of a line.

        Raises LineTooLong, HalfLine.
        """
        try:
            return await self._stream.readuntil()
        except asyncio.IncompleteReadError:
            return b""
        except asyncio.LimitOverrunError as longer:
            start = await self._stream.readexactly(longer.consumed)
        return await self._long_line(bytearray(start))

    async def _long_line(self, line: bytearray) -> bytes:
        """Returns a line that exceeds the stream's buffer. line: its start."""
        clock = asyncio.get_running_loop().time
        deadline, is_last_look = clock() + HALF_SECONDS, False
        while len(line) <= LINE_LIMIT:
            try:
                async with asyncio.timeout_at(deadline):
                    return bytes(line + await self._stream.readuntil())
            except asyncio.LimitOverrunError as longer:
                line += await self._stream.readexactly(longer.consumed)
            except asyncio.IncompleteReadError:
                return b""
            except TimeoutError:
                if is_last_look and not self.is_awaited:
                    raise HalfLine from None
                is_last_look = not self.is_awaited
                deadline = clock() + (_LAST_LOOK if is_last_look else HALF_SECONDS)
        raise LineTooLong
