"""Private temporary files outside the embedded pool. The next run deletes those of a run that was
killed.
"""

from __future__ import annotations

import atexit
import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from noderepl.errors import LocalFileError
from noderepl.service.places import Place

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def temporary_directory() -> Iterator[Path]:
    """Creates a directory, which is deleted after the block; it contains a lock. Raises
    LocalFileError.
    """
    place = _new_place()
    try:
        yield place.path
    finally:
        _remove(place)


def directory_until_exit() -> Path:
    """Returns a new directory, which is deleted when noderepl ends; it contains a lock. Raises
    LocalFileError.
    """
    place = _new_place()
    atexit.register(_remove, place)
    return place.path


@contextmanager
def temporary_errors() -> Iterator[None]:
    """Converts errors of the operating system at temporary files into a LocalFileError that names
    their directory.
    """
    try:
        yield
    except OSError as error:
        raise LocalFileError(_words(error)) from error


def _words(error: OSError) -> str:
    where = tempfile.tempdir
    if error.errno in _FULL and where is not None:
        return (
            f"the file system of {where} is full, so no temporary file can be written;"
            " set TMPDIR to a directory with free space"
        )
    place = "" if where is None else f" in {where}"
    return f"no temporary file can be written{place} ({error.strerror}); set TMPDIR"


def _new_place() -> Place:
    with temporary_errors():
        return Place()


def _remove(place: Place) -> None:
    with suppress(OSError):  # the next run deletes it
        place.remove()
