"""Prevents a sandbox that root starts from changing the machine's device nodes. Starts no
process.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

# The device nodes that bubblewrap binds into the /dev of a sandbox.
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_CLONE_NEWNS = 0x20000
_MS_RDONLY, _MS_NOSUID, _MS_NOEXEC, _MS_REMOUNT = 0x1, 0x2, 0x8, 0x20
_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x80000


def make_devices_read_only() -> None:
    """Makes the device nodes read-only for this thread and its children; the devices still work.

    Root owns the nodes and could change their mode, owner and times. For an ordinary user, or for
    root without CAP_SYS_ADMIN, nothing changes. bubblewrap cannot do this: a device on its
    read-only mounts cannot be opened. Raises OSError if the mounts cannot be made.
    """
    if os.geteuid() != 0:
        return
    import ctypes  # takes milliseconds, and only root needs it

    libc = ctypes.CDLL(None, use_errno=True)

    def mount(source: bytes | None, target: bytes, flags: int) -> None:
        if libc.mount(source, target, None, ctypes.c_ulong(flags), None) != 0:
            raise OSError(ctypes.get_errno(), f"{target.decode()} cannot be made read-only")

    # The thread gets its own mount namespace; the mounts of all other threads do not change.
    if libc.unshare(_CLONE_NEWNS) != 0:
        if ctypes.get_errno() == errno.EPERM:
            return
        raise OSError(ctypes.get_errno(), "a mount namespace cannot be created")
    mount(None, b"/", _MS_REC | _MS_SLAVE)
    for name in _DEVICES:
        path = Path("/dev", name)
        if path.is_char_device():
            mount(bytes(path), bytes(path), _MS_BIND)
            flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NOEXEC
            mount(None, bytes(path), flags)
