"""The programs that azure-identity starts, such as `az`: one that hangs must not outlive noderepl.

They are found in Linux' /proc; on other systems they end by themselves.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
from functools import cache
from pathlib import Path

from noderepl.signals import before_end


@cache
def end_with_noderepl() -> None:
    """Makes the end of noderepl kill all programs that it has started in its own process group."""
    atexit.register(_end)
    before_end(_end)


def _end() -> None:
    group, parents = os.getpgrp(), {os.getpid()}
    found = _of_group(group)
    while children := {pid for pid, parent in found.items() if parent in parents}:
        for pid in children:
            del found[pid]
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        parents = children


def _of_group(group: int) -> dict[int, int]:
    """Returns the processes of a group: id -> parent's id."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            status = (place / "stat").read_bytes()
            # The command's name may contain spaces and parentheses.
            _, parent, of_group = status[status.rindex(b")") + 2 :].split()[:3]
            if int(of_group) == group:
                found[int(place.name)] = int(parent)
    return found
