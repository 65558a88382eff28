"""Handles the signals that end noderepl before and after the time in which an event loop handles
them.

Python's own handlers would print a traceback during imports, and are removed before the process
ends. This module imports the standard library only.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import asyncio

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STUCK_SECONDS = 5


_before_end: list[Callable[[], object]] = []


def end_at_once() -> None:
    """Makes each signal end the process with exit code 128 + N, until an event loop handles them.

    A signal that is ignored, as by nohup(1), stays ignored.
    """

    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: _end(number))


def _end(number: int) -> NoReturn:
    ignore()  # a second signal must not interrupt the calls
    try:
        with contextlib.ExitStack() as calls:
            for call in _before_end:
                calls.callback(call)
    finally:
        os._exit(128 + number)


def before_end(call: Callable[[], object]) -> None:
    """Adds a call before the end by a signal of end_at_once(); the last one is the first."""
    _before_end.append(call)


@contextlib.contextmanager
def blocked() -> Iterator[None]:
    """Delays the signals inside the block, in this thread, which must be the only one; threads and
    processes that start there inherit that.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_if_stuck(loop: asyncio.AbstractEventLoop, number: int) -> None:
    """Makes signal `number` end the process with exit code 128 + N if the event loop does not react
    to it within STUCK_SECONDS, for example while it waits for a thread that does not start.
    """
    signal.signal(signal.SIGALRM, lambda *_: _end(number))
    signal.alarm(STUCK_SECONDS)
    loop.call_soon_threadsafe(signal.alarm, 0)


def ignore() -> None:
    """Ignores the signals until the process has ended, in all threads.

    A signal mask would apply to one thread only, and Python restores the default handlers before
    the process ends, except for ignored signals.
    """
    # Here Python reports a signal that arrived just before.
    sys.unraisablehook = lambda _: None
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
