"""The signals of keys while another program has the terminal: SIGTSTP, of Ctrl-Z, stops this
process until its shell continues it; SIGQUIT, of Ctrl-\\, does not end it.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# The seconds after which a process is looked at that has stopped: a stop signal, and the one that
# continues a job, reach its processes one after the other.
LOOK_SECONDS = 0.1


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


@contextmanager
def surviving_quit() -> Iterator[None]:
    """Ignores SIGQUIT, the signal of Ctrl-\\, inside the block; for another program that has the
    terminal, which gets the signal too and does not ignore it.
    """
    handler = signal.signal(signal.SIGQUIT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGQUIT, handler)


@contextmanager
def stopping_with(child: int) -> Iterator[None]:
    """Inside the block, stops this process when a child process has stopped alone, so that the
    shell gets the terminal, and continues the child afterwards. Needs the event loop of the main
    thread. child: its process id.
    """
    loop = asyncio.get_running_loop()

    def look() -> None:
        with suppress(ChildProcessError, ProcessLookupError):
            if os.waitid(os.P_PID, child, os.WSTOPPED | os.WNOHANG) is not None:
                stop()
                os.kill(child, signal.SIGCONT)

    loop.add_signal_handler(signal.SIGCHLD, loop.call_later, LOOK_SECONDS, look)
    # It may have stopped before.
    loop.call_later(LOOK_SECONDS, look)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGCHLD)
