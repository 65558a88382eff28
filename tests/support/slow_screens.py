"""A terminal that is read slowly, or not at all, and what noderepl does there."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from driving import Screen

STEP_SECONDS = 0.05
BEGIN_RATE = 20_000


class SlowScreen:
    """Reads a Screen at a rate, in bytes a second; at 0 not at all. `.read`: what it has read.

    Leaving the block reads on at full speed, so that the program can end.
    """

    def __init__(self, screen: Screen, rate: int) -> None:
        self._screen = screen
        self._rate = rate
        self.read = b""

    def __enter__(self) -> SlowScreen:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._screen.feed(self.read)

    def until(self, condition: Callable[[bytes], object], seconds: float) -> float:
        """Reads until a condition of what has been read holds. Returns the seconds that this took."""
        began = time.monotonic()
        while not condition(self.read):
            self.turn(STEP_SECONDS)
            took = time.monotonic() - began
            assert took < seconds, f"not within {seconds} s; read at last: {self.read[-600:]!r}"
        return time.monotonic() - began

    def fall_behind(self, first: bytes, seconds: float) -> None:
        """Reads slowly until the output has begun with `first`, then at the rate for some seconds."""
        rate, self._rate = self._rate, self._rate or BEGIN_RATE
        self.until(lambda read: first in read, 30)
        self._rate = rate
        self.turn(seconds)

    def turn(self, seconds: float) -> None:
        """Reads for some time."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            step = time.monotonic() + min(left, STEP_SECONDS)
            if self._rate and select.select([self._screen.file], [], [], STEP_SECONDS)[0]:
                with suppress(OSError):  # the program has ended
                    self.read += os.read(self._screen.file, int(self._rate * STEP_SECONDS))
            time.sleep(max(0.0, step - time.monotonic()))

    def ends_by(self, number: signal.Signals, seconds: float) -> float:
        """Sends a signal and waits until the program has ended with 128 + its number. Returns the seconds."""
        began = time.monotonic()
        os.kill(self._screen.pid, number)
        while not (done := os.waitpid(self._screen.pid, os.WNOHANG))[0]:
            if time.monotonic() - began > seconds:
                raise AssertionError(f"{number.name} has not ended it within {seconds} s")
            self.turn(STEP_SECONDS)
        self._screen.status = os.waitstatus_to_exitcode(done[1])
        assert self._screen.status == 128 + number
        return time.monotonic() - began
