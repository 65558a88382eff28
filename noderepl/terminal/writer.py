"""Writes bytes to one terminal or pipe through a queue that never blocks the event loop.

The reader of a terminal may be slow (a serial line, a remote connection) or stopped. Data that it
does not accept at once waits here and is written as it accepts more, so that keys and signals are
handled meanwhile. This module imports the standard library only.
"""

from __future__ import annotations

import asyncio
import os
import select
import stat
import termios
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

# A pipe that is ready accepts PIPE_BUF bytes without blocking.
SLICE = 4096
# For a terminal that cannot be opened a second time: its driver accepts at least this much if it is
# ready.
SMALL_SLICE = 256
# The maximum number of bytes that one turn of the event loop writes.
BURST = 1 << 16
# More than the kernel's buffer between both ends of a pseudo-terminal.
KERNEL_BYTES = 1 << 15


class Writer:
    """Writes to one open file, in order.

    descriptor: of a terminal, a pipe, or a file; it is not closed, and its flags, which other
    processes share, are not changed. moved: set after a write. at_failure: called once, when the
    file cannot be written any more. `.failure`: the error; later data is dropped. `.size`: the
    number of waiting bytes. `.total`: the number of all bytes. Without a running event loop, put()
    waits until everything is written.
    """

    def __init__(
        self,
        descriptor: int,
        *,
        moved: asyncio.Event,
        at_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._descriptor, self._own = descriptor, -1
        self._slice = SLICE
        self._is_terminal = os.isatty(descriptor)
        if self._is_terminal:
            # O_NONBLOCK belongs to the open file, which the shell and stdin share, so the terminal
            # is opened again.
            try:
                self._own = os.open(
                    os.ttyname(descriptor), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
                )
                self._descriptor = self._own
            except OSError:
                self._slice = SMALL_SLICE  # the terminal of another user, behind su
        mode = os.fstat(descriptor).st_mode
        self._can_block = self._is_terminal or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
        self._moved = moved
        self._at_failure = at_failure
        self._queue: deque[tuple[memoryview, bool]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._since = 0.0
        self._since_required = 0
        self._is_closed = False
        self.size = self.total = 0
        self.failure: OSError | None = None

    def put(self, data: bytes, *, is_required: bool = False) -> None:
        """Writes data: as much as the reader accepts now, and the rest later. is_required: whether
        drop() must not drop it.
        """
        if self.failure is not None or self._is_closed or not data:
            return
        if not self._queue:
            self._since = time.monotonic()
        self._queue.append((memoryview(data), is_required))
        self.size += len(data)
        self.total += len(data)
        if len(self._queue) == 1:
            self._write(BURST if self._can_block else len(data))
        if self._queue:
            self._go_on()

    def behind(self) -> float:
        """The seconds for which data has been waiting without a pause."""
        return time.monotonic() - self._since if self._queue else 0.0

    def drop(self) -> int:
        """Drops waiting data except the required data, and puts the cursor at the start of a line.
        Returns the number of dropped bytes.
        """
        if not any(not is_required for _, is_required in self._queue):
            return 0
        dropped = sum(len(data) for data, is_required in self._queue if not is_required)
        if self._is_terminal and self._since_required >= KERNEL_BYTES:
            with suppress(termios.error):
                termios.tcflush(self._descriptor, termios.TCOFLUSH)
        required = [(data, is_required) for data, is_required in self._queue if is_required]
        self._queue.clear()
        # The dropped data may have begun inside a colour or a character.
        self._queue.append((memoryview(b"\x1b[0m\r\n" if self._is_terminal else b""), True))
        self._queue.extend(required)
        self.size = sum(len(data) for data, _ in self._queue)
        self._write(BURST)
        return dropped

    def drain(self, seconds: float | None) -> bool:
        """Waits, blocking, until everything is written. Returns whether it is.

        seconds: the timeout; None for no limit.
        """
        end = None if seconds is None else time.monotonic() + seconds
        while self._queue:
            left = None if end is None else end - time.monotonic()
            if left is not None and left <= 0:
                return False
            self._takes(1.0 if left is None else left)
            self._write(BURST)
        return True

    def close(self, seconds: float, farewell: bytes) -> None:
        """Writes the rest within `seconds`, and drops what remains. farewell: written to a terminal
        in any case.
        """
        if not self.drain(seconds):
            self._queue.clear()
            if self._is_terminal and self.failure is None:
                with suppress(termios.error):
                    termios.tcflush(self._descriptor, termios.TCOFLUSH)
                self._queue.append((memoryview(farewell), True))
                self._write(len(farewell))
            self._queue.clear()
        self.size = 0
        self._rest()
        self._is_closed = True
        if self._own >= 0:
            os.close(self._own)
            self._own = -1

    def _takes(self, seconds: float) -> bool:
        """Waits up to `seconds` until the reader may accept something. Returns whether it does."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(seconds * 1000))

    def _write(self, most: int) -> None:
        """Writes what the reader accepts now, up to about `most` bytes."""
        try:
            while self._queue and most > 0 and self._takes(0):
                data, is_required = self._queue[0]
                count = os.write(self._descriptor, data[: self._slice])
                most -= count
                self.size -= count
                self._since_required = 0 if is_required else self._since_required + count
                if count < len(data):
                    self._queue[0] = (data[count:], is_required)
                else:
                    self._queue.popleft()
        except BlockingIOError:
            pass
        except OSError as error:
            self._fail(error)
        self._moved.set()
        if not self._queue:
            self._rest()

    def _fail(self, error: OSError) -> None:
        self.failure = error
        self._queue.clear()
        self.size = 0
        self._rest()
        self._at_failure()

    def _go_on(self) -> None:
        """Writes the rest as the reader accepts it; without an event loop at once."""
        if self._loop is not None:
            return
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self.drain(None)
        else:
            self._loop.add_writer(self._descriptor, self._write, BURST)

    def _rest(self) -> None:
        if self._loop is not None:
            if not self._loop.is_closed():
                self._loop.remove_writer(self._descriptor)
            self._loop = None
