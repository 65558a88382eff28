"""A terminal or reader that has gone away: how it shows, and how nothing more is written to it."""

from __future__ import annotations

import errno
import os
import termios
from typing import TextIO


def is_hung_up(error: OSError | termios.error) -> bool:
    """Whether an error of a terminal says that there is nobody at it any more."""
    return bool(error.args) and error.args[0] == errno.EIO


def is_there(terminal: int) -> bool:
    """Whether a terminal, a file descriptor, has not gone away."""
    try:
        termios.tcgetattr(terminal)
    except termios.error:
        return False
    return True


def drop_rest(stream: TextIO) -> None:
    """Sends nowhere what is written from now on, and what Python still holds and would complain of when it ends."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  # a device, for its descriptor
        os.dup2(nowhere.fileno(), stream.fileno())
