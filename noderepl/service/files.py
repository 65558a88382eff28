"""A session's files, accessed from outside: names are checked, and symbolic links are never
followed.

Every function blocks and must run in a thread. `root` is the directory that the session calls
/mnt/data; if it does not exist, functions raise RootGone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.service.errors import ApiError

ROOT = "/mnt/data"
SIZE_LIMIT = 128 * 1024 * 1024
# As many as noderepl reads; they take 100 MB of memory if their names are long.
MOST_ENTRIES = 100_000
_NAME = lazy_pattern(r"[\w\- .@$&=;,#%^()]+")
_DEEPEST = 64
# The errors of open() for a missing file, a link, a pipe or a socket.
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ENAMETOOLONG)
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or directory. directory: relative to the listed one. size: bytes. modified: ns since
    1970.
    """

    name: str
    directory: str
    is_directory: bool
    size: int
    modified: int


class Unneeded(Exception):
    """The work stopped because nobody needs its result any more."""


class RootGone(Exception):
    """The session's directory does not exist any more: the session has ended."""


def check_name(name: str) -> str:
    """Returns a file's base name, which the request may send as /mnt/data/NAME. Raises ApiError
    FileNameInvalid.
    """
    base = name.removeprefix(f"{ROOT}/")
    if base in (".", "..") or not _NAME.fullmatch(base):
        raise _invalid(
            "FileNameInvalid",
            "File Name",
            name,
            "filename cannot contain any reserved file path characters",
        )
    return base


def check_path(path: str | None) -> tuple[str, ...]:
    """Returns the parts of a directory below /mnt/data, given relative to it or in full. Raises
    ApiError FilePathInvalid.

    path: None, empty or a lone dot (SWAGGER-2510's `directory` of the root) for /mnt/data itself.
    """
    if path is None or path in ("", "."):
        return ()
    parts = tuple(filter(None, re.sub(rf"^{ROOT}(?=/|$)", "", path).split("/")))
    if any("." in part or not _NAME.fullmatch(part) for part in parts):
        # The service quotes a relative path with a leading slash (ADE).
        given, why = f"/{path.strip('/')}", "path cannot contain any reserved file path characters"
        raise _invalid("FilePathInvalid", "File Path", given, why)
    return parts


def list_entries(
    root: Path,
    parts: tuple[str, ...],
    *,
    recursive: bool = False,
    is_over: Callable[[], bool] = lambda: False,
) -> list[Entry]:
    """Returns the entries of a directory, sorted by name; with `recursive` also those below it, 64
    levels deep.

    is_over: returns whether nobody needs the entries any more. Raises ApiError, also if there are
    more than MOST_ENTRIES; Unneeded.
    """
    entries: list[Entry] = []
    with _opened(root, parts) as directory, _not_found("/".join((ROOT, *parts))):
        _collect(entries, directory, "", recursive, is_over)
    return sorted(entries, key=lambda entry: (entry.directory, entry.name))


def describe(root: Path, parts: tuple[str, ...], name: str) -> Entry:
    """Returns one file or directory. Raises ApiError FileNotFound, FileNotRead."""
    with _opened(root, parts) as directory, _not_found(name):
        return _entry(name, "", os.stat(name, dir_fd=directory, follow_symlinks=False))


def open_file(root: Path, parts: tuple[str, ...], name: str) -> tuple[BinaryIO, Entry]:
    """Opens a regular file for reading. Returns it and its Entry. Raises ApiError FileNotFound,
    FileNotRead.
    """
    with _opened(root, parts) as directory, _not_found(name):
        # Opening a pipe of a session would wait forever for its writer.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
        file = os.fdopen(descriptor, "rb")
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            file.close()
            raise FileNotFoundError(errno.ENOENT, "it is not a regular file")
        return file, _entry(name, "", status)


def save(root: Path, parts: tuple[str, ...], name: str, content: BinaryIO) -> Entry:
    """Writes a whole file, replaces one of that name, and creates missing directories. Raises
    ApiError.
    """
    if len(parts) > _DEEPEST:  # a recursive list would not show it
        path = "/".join(parts)[:100]
        raise _invalid(
            "FilePathInvalid", "File Path", path, f"path is deeper than {_DEEPEST} directories"
        )
    with _opened(root, parts, create=True) as directory:
        arriving = f".{uuid.uuid4().hex}.upload"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(arriving, flags, 0o644, dir_fd=directory), "wb") as file:
                shutil.copyfileobj(content, file, 1024 * 1024)
            os.rename(arriving, name, src_dir_fd=directory, dst_dir_fd=directory)
            return _entry(name, "", os.stat(name, dir_fd=directory, follow_symlinks=False))
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(arriving, dir_fd=directory)
            raise not_written(error) from error


def not_written(error: OSError) -> ApiError:
    """Returns the answer for a file that cannot be written."""
    return ApiError(400, "FileNotWritten", f"The file cannot be written: {error.strerror}.")


def delete(root: Path, parts: tuple[str, ...], name: str) -> None:
    """Deletes a file, a link or a directory with its content. Raises ApiError FileNotFound,
    FileNotDeleted.
    """
    with _opened(root, parts) as directory:
        with _not_found(name):
            mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
        try:
            if stat.S_ISDIR(mode):
                _delete_tree(directory, name)
            else:
                os.unlink(name, dir_fd=directory)
        except OSError as error:
            raise ApiError(
                400, "FileNotDeleted", f"The file '{name}' cannot be deleted: {error.strerror}."
            ) from error


def _delete_tree(parent: int, name: str) -> None:
    """Deletes a directory with its content, at any depth. Raises OSError.

    Only the present directory is open. The way back is `..`, which cannot be a link.
    """
    present = os.open(name, _DIRECTORY, dir_fd=parent)
    # For each directory above: its identity, and the names of directories to delete. The last one
    # is being deleted.
    above: list[tuple[tuple[int, int], list[str]]] = []
    try:
        waiting = _delete_files(present)
        while waiting or above:
            if waiting:
                below = os.open(waiting[-1], _DIRECTORY, dir_fd=present)
                above.append((_identity(present), waiting))
                waiting = _delete_files(below)
                os.close(present)
                present = below
                continue
            identity, waiting = above.pop()
            back = os.open("..", _DIRECTORY, dir_fd=present)
            os.close(present)
            present = back
            if _identity(present) != identity:
                raise OSError(errno.ESTALE, "a directory was moved meanwhile")
            os.rmdir(waiting.pop(), dir_fd=present)
    finally:
        os.close(present)
    os.rmdir(name, dir_fd=parent)


def _delete_files(directory: int) -> list[str]:
    """Deletes everything in a directory except for directories; returns their names."""
    with os.scandir(directory) as found:
        entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    for name, is_directory in entries:
        if not is_directory:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name, dir_fd=directory)
    return [name for name, is_directory in entries if is_directory]


def _identity(directory: int) -> tuple[int, int]:
    status = os.fstat(directory)
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def _opened(root: Path, parts: tuple[str, ...], *, create: bool = False) -> Iterator[int]:
    """Yields a descriptor of the directory, opened part by part so that no part can be replaced by
    a link.

    Raises ApiError FileNotFound, FileNotRead, RootGone.
    """
    try:
        descriptor = os.open(root, _DIRECTORY)
    except FileNotFoundError as error:
        raise RootGone from error
    except OSError as error:
        _check_descriptors(error)
        message = f"The session's directory cannot be opened: {error.strerror}."
        raise ApiError(404, "FileNotFound", message) from error
    try:
        for part in parts:
            if create:
                # If it cannot be created, opening it reports that.
                with contextlib.suppress(OSError):
                    os.mkdir(part, 0o755, dir_fd=descriptor)
            with _not_found("/".join(parts)):
                below = os.open(part, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _not_found(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _check_descriptors(error)
        if error.errno in _MISSING:
            message = f"The file '{name}' does not exist."
            raise ApiError(404, "FileNotFound", message) from error
        why = error.strerror
        if error.errno == errno.EAGAIN:
            why = "a process of the session has a lease on it; try again later"
        raise ApiError(400, "FileNotRead", f"The file '{name}' cannot be read: {why}.") from error


def _check_descriptors(error: OSError) -> None:
    """Raises ApiError TooManyOpenFiles if the error is not about the file."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise ApiError(
            503, "TooManyOpenFiles", "The pool has too many files open; try again later."
        ) from error


def _collect(
    entries: list[Entry], directory: int, below: str, recursive: bool, is_over: Callable[[], bool]
) -> None:
    """Adds the entries of a directory, and then of those below it: what is read is counted."""
    first = len(entries)
    with os.scandir(directory) as found:
        for name in (item.name for item in found):
            if is_over():
                raise Unneeded
            if len(entries) >= MOST_ENTRIES:
                raise ApiError(
                    400,
                    "TooManyFiles",
                    f"A list has at most {MOST_ENTRIES:,} files; there are more.",
                )
            with contextlib.suppress(OSError):  # it was deleted meanwhile
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
                entries.append(_entry(name, below, status))
    if not recursive or below.count("/") >= _DEEPEST - 2:
        return
    for name in [entry.name for entry in entries[first:] if entry.is_directory]:
        with contextlib.suppress(OSError):
            inner = os.open(name, _DIRECTORY, dir_fd=directory)
            try:
                _collect(entries, inner, f"{below}/{name}".lstrip("/"), recursive, is_over)
            finally:
                os.close(inner)


def _entry(name: str, below: str, status: os.stat_result) -> Entry:
    return Entry(name, below, stat.S_ISDIR(status.st_mode), status.st_size, status.st_mtime_ns)


def _invalid(code: str, what: str, given: str, why: str) -> ApiError:
    return ApiError(400, code, f"{what} '{given}' is invalid because '{why}'.")
