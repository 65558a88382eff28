"""SIGTSTP, which Ctrl-Z stands for: this process stops until its shell continues it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager


def stop() -> None:
    """Stops this process and the rest of the shell's job until that is continued; does nothing without a shell."""
    with stopping_at_once():
        os.kill(0, signal.SIGTSTP)


@contextmanager
def stopping_at_once() -> Iterator[None]:
    """Inside the block the system alone stops and continues this process; for when another program has the terminal."""
    handlers = {number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGTSTP, signal.SIGCONT)}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
