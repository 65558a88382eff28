"""The programs that azure-identity starts, such as `az`: one that hangs must not outlive noderepl.

They and their children have a variable of the environment, by which they are found in Linux' /proc;
on other systems they end by themselves.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from noderepl.signals import before_end

_NAME = "_NODEREPL_RUN"


@contextlib.contextmanager
def ending_with_noderepl() -> Iterator[None]:
    """Makes the end of noderepl kill all programs that are started inside the block."""
    os.environ[_NAME] = _mark()
    try:
        yield
    finally:
        os.environ.pop(_NAME, None)


@cache
def _mark() -> str:
    """Returns the value of the variable in this run."""
    atexit.register(_end)
    before_end(_end)
    return secrets.token_hex(8)


def _end() -> None:
    entry = f"{_NAME}={_mark()}".encode()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if entry in (place / "environ").read_bytes().split(b"\0"):
                os.kill(int(place.name), signal.SIGKILL)
