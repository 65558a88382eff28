"""Detects that the terminal is gone."""

from __future__ import annotations

import errno
import termios


def is_hung_up(error: BaseException) -> bool:
    """Returns whether an error states that the terminal was disconnected."""
    return (
        isinstance(error, OSError | termios.error)
        and bool(error.args)
        and error.args[0] == errno.EIO
    )


def is_there(terminal: int) -> bool:
    """Returns whether a terminal, a file descriptor, is still connected."""
    try:
        termios.tcgetattr(terminal)
    except termios.error:
        return False
    return True
