"""A child process that a separate thread starts and waits for.

The thread has two reasons. A kernel keyring and a mount namespace belong to a thread, and a process
inherits those of the thread that starts it. And bubblewrap's --die-with-parent ends the sandbox
when that thread ends, so the thread must live as long as the sandbox.
"""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Sequence
from typing import Any

from noderepl.service.devices import make_devices_read_only
from noderepl.service.futures import Future
from noderepl.service.seccomp import number_of

_JOIN_SESSION_KEYRING = 1
# The kernel has no keyrings, or a container's filter blocks them for all its processes.
_NO_KEYRINGS = (errno.ENOSYS, errno.EPERM)


class Process:
    """A child process of the thread that constructs it, which must call `reap()`.

    sandboxed: whether it gets a new, empty session keyring of the kernel instead of that of the
    user's login, and read-only device nodes. options: as for subprocess.Popen. `.ended`: the future
    of its returncode. Raises OSError if it cannot be started.
    """

    def __init__(self, argv: Sequence[str | bytes], *, sandboxed: bool, **options: Any) -> None:
        if sandboxed:
            _join_new_session_keyring()
            # Before Popen opens /dev/null for it: a descriptor keeps its mount.
            make_devices_read_only()
        self._process = subprocess.Popen(argv, **options)
        self.ended: Future[int] = Future()

    @property
    def pid(self) -> int:
        """The process' id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, the negative number of the signal that ended it, or None while it runs."""
        return self._process.returncode

    def reap(self) -> None:
        """Waits for its end."""
        self.ended.set(self._process.wait())


def _join_new_session_keyring() -> None:
    """Gives this thread a new session keyring. Raises OSError if the thread still has its previous
    one.
    """
    number = number_of("keyctl")
    if number is None:
        return
    import ctypes  # takes milliseconds, and only sandboxes need it

    libc = ctypes.CDLL(None, use_errno=True)
    joined = libc.syscall(ctypes.c_long(number), ctypes.c_long(_JOIN_SESSION_KEYRING), None)
    error = ctypes.get_errno()
    if joined < 0 and error not in _NO_KEYRINGS:
        raise OSError(error, "a new session keyring cannot be created")
