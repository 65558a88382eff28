"""Private directories of a run among the temporary files, and the removal of those whose run was
killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from itertools import dropwhile, islice
from pathlib import Path

_PREFIX = "noderepl-"
_LOCK = "lock"
_SECONDS = 10.0
_PATIENCE = 2.0
# The levels of a tree that is deleted without a process, and the entries of each directory.
_LEVELS = 3
_FEW = 16
# A session may have removed the permissions of its directories.
_REMOVE = """
for path do
    rm -rf -- "$path" || { chmod -R u+rwX -- "$path"; rm -rf -- "$path"; }
done
"""


class Place:
    """A new directory of this process. Raises OSError if it cannot be created.

    path: without links.
    """

    def __init__(self) -> None:
        self.path = _new_directory().resolve()
        # The lock is locked before it is renamed: a process that can lock it knows that its owner
        # has ended.
        unfinished = self.path / f"{_LOCK}.new"
        try:
            self._lock = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except OSError:
            self.path.rmdir()
            raise
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unfinished.rename(self.path / _LOCK)

    def remove(self) -> None:
        """Deletes the directory with its content, as remove_trees() does."""
        try:
            _remove(self.path, self._lock)
        finally:
            os.close(self._lock)


def _new_directory() -> Path:
    """Creates a directory as tempfile.mkdtemp() does. The import of tempfile takes milliseconds,
    and Node.js starts after it.
    """
    if "tempfile" not in sys.modules:
        given = filter(None, map(os.environ.get, ("TMPDIR", "TEMP", "TMP")))
        path = Path(next(given, "/tmp"), f"{_PREFIX}{os.urandom(8).hex()}")
        with contextlib.suppress(OSError):  # mkdtemp() tries other directories
            path.mkdir(0o700)
            try:
                # A full file system may still take a directory.
                (path / "any").write_bytes(b"any")
                (path / "any").unlink()
                return path
            except OSError:
                shutil.rmtree(path, ignore_errors=True)
    from tempfile import mkdtemp

    return Path(mkdtemp(prefix=_PREFIX))


def begin_to_sweep() -> None:
    """Calls sweep() in a thread."""
    threading.Thread(target=sweep, name="noderepl-sweep", daemon=True).start()


def sweep() -> None:
    """Deletes the places of this user whose processes have ended; stops after some seconds, and the
    next call continues.

    It does not delete a place without a lock, of another user, or that others may enter, nor
    anything that is not a directory.
    """
    from tempfile import gettempdir  # as above

    end = time.monotonic() + _SECONDS
    with contextlib.suppress(OSError), os.scandir(gettempdir()) as entries:
        for entry in entries:
            if time.monotonic() > end:
                return
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _remove_if_dead(Path(entry.path))


def _remove_if_dead(place: Path) -> None:
    with contextlib.ExitStack() as opened:
        directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        opened.callback(os.close, directory)
        status = os.fstat(directory)
        if status.st_uid != os.geteuid() or status.st_mode & 0o077:
            return
        lock = os.open(_LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
        opened.callback(os.close, lock)
        if not stat.S_ISREG(os.fstat(lock).st_mode):
            return
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _end_sandboxes(place.resolve())
        _remove(place, lock)


def _end_sandboxes(place: Path) -> None:
    """Kills processes of bubblewrap with a dead place: one whose parent was killed before it asked
    for its own end waits forever.
    """
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            name, *arguments = (process / "cmdline").read_bytes().split(b"\0")
            is_of_place = any(one.startswith(os.fsencode(place) + b"/") for one in arguments)
            if is_of_place and Path(os.fsdecode(name)).name == "bwrap":
                os.kill(int(process.name), signal.SIGKILL)


def _remove(place: Path, lock: int) -> None:
    """Deletes a place, its lock last, so that after an interruption the next sweep finds it.

    lock: the descriptor of the lock, which the deleting process keeps locked.
    """
    with contextlib.suppress(FileNotFoundError):
        parts = [path for path in place.iterdir() if path.name != _LOCK]
        remove_trees([*parts, place], lock)


def remove_trees(trees: Sequence[Path], *descriptors: int) -> None:
    """Deletes trees in this order, also those that a session locked or made very deep.

    A separate process deletes all but small trees. This function waits for two seconds at most;
    then that process continues alone, also after the end of this one. descriptors: inherited by
    that process. Raises OSError if it cannot be started.
    """
    trees = list(dropwhile(_is_removed, trees))
    if not trees:
        return
    process = subprocess.Popen(
        ("/bin/sh", "-c", _REMOVE, "sh", *trees),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=descriptors,
        start_new_session=True,
        cwd="/",
        env={"PATH": f"{os.environ.get('PATH', '')}:{os.defpath}"},
    )
    # A thread, because the process must be reaped when it ends later.
    waiting = threading.Thread(target=process.wait, name="noderepl-remove", daemon=True)
    waiting.start()
    waiting.join(_PATIENCE)


def _is_removed(tree: Path) -> bool:
    """Deletes a small tree, for which a process takes longer. Returns whether nothing of it is
    left.
    """
    try:
        parent = os.open(tree.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return _is_removed_at(parent, tree.name, _LEVELS)
        finally:
            os.close(parent)
    except OSError:
        return False


def _is_removed_at(parent: int, name: str, levels: int) -> bool:
    """As _is_removed(). parent: the descriptor of its directory: a process of a session that has
    survived could replace a directory of a path by a link. Raises OSError.
    """
    directory = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
    try:
        with os.scandir(directory) as entries:
            few = list(islice(entries, _FEW + 1))
        if len(few) > _FEW or levels == 0:
            return False
        for entry in few:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.name, dir_fd=directory)  # pathlib has no dir_fd
            elif not _is_removed_at(directory, entry.name, levels - 1):
                return False
    finally:
        os.close(directory)
    os.rmdir(name, dir_fd=parent)  # as above
    return True
