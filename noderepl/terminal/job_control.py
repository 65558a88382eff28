"""SIGTSTP, the signal of Ctrl-Z: stops this process until its shell continues it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


def stop() -> None:
    """Stops this process and the rest of the shell's job until the shell continues it; does nothing
    without a shell.
    """
    with stopping_at_once():
        os.kill(0, signal.SIGTSTP)


@contextmanager
def stopping_at_once() -> Iterator[None]:
    """Restores the default handling of the stop signals inside the block; for another program that
    has the terminal.
    """
    handlers = {
        number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTSTP, signal.SIGCONT)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
