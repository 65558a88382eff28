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
# The values of the variable for blocks that have not ended, or have failed.
_marks: set[str] = set()


@contextlib.contextmanager
def ending_with_noderepl() -> Iterator[None]:
    """Makes the end of noderepl kill all programs that are started inside the block, unless it has
    ended without an exception by then, or they have left noderepl's process group.
    """
    _prepare_end()
    mark = os.environ[_NAME] = secrets.token_hex(8)
    _marks.add(mark)
    try:
        yield
        _marks.discard(mark)
    finally:
        os.environ.pop(_NAME, None)


@cache
def _prepare_end() -> None:
    atexit.register(_end)
    before_end(_end)


def _end() -> None:
    if not _marks:
        return
    entries = {f"{_NAME}={mark}".encode() for mark in _marks}
    for place in Path("/proc").glob("[0-9]*"):
        pid = int(place.name)
        with contextlib.suppress(OSError):
            is_marked = not entries.isdisjoint((place / "environ").read_bytes().split(b"\0"))
            if is_marked and os.getpgid(pid) == os.getpgrp():
                os.kill(pid, signal.SIGKILL)
