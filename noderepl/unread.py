"""Writing that ends even without a reader: after a timeout the rest is dropped.

For writes outside the event loop; terminal/writer.py handles the others. This module imports the
standard library only.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

WRITE_SECONDS = 1.0


def write_within(stream: TextIO, text: str, seconds: float = WRITE_SECONDS) -> None:
    """Writes and flushes a text; drops the part that is not written within `seconds`. Raises
    OSError.
    """
    try:
        with _limited(seconds):
            stream.write(text)
            stream.flush()
    except TimeoutError:
        drop_rest(stream)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the block after `seconds`; only in the main thread, which receives the
    signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def drop_rest(stream: TextIO) -> None:
    """Discards further writes, and the data in Python's buffer, about which Python would print an
    error at exit.
    """
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  # a device, for its descriptor
        os.dup2(nowhere.fileno(), stream.fileno())
