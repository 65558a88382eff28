"""A session's files, as seen from outside: names checked, no symbolic link ever followed.

Every function blocks and is meant for a thread. `root` is the directory that the session calls /mnt/data; where it is
not there, functions raise RootGone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from noderepl.service.errors import ApiError

ROOT = "/mnt/data"
SIZE_LIMIT = 128 * 1024 * 1024
_NAME = re.compile(r"[\w\- .@$&=;,#%^()]+")
_DEEPEST = 64
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or directory. directory: where it is, relative to the listed one. size: bytes. modified: ns since 1970."""

    name: str
    directory: str
    is_directory: bool
    size: int
    modified: int


class RootGone(Exception):
    """The session's directory is not there any more: it ended meanwhile."""


def check_name(name: str) -> str:
    """A file's base name, which may come as /mnt/data/NAME. Raises ApiError FileNameInvalid."""
    base = name.removeprefix(f"{ROOT}/")
    if base in (".", "..") or not _NAME.fullmatch(base):
        raise _invalid(
            "FileNameInvalid", "File Name", name, "filename cannot contain any reserved file path characters"
        )
    return base


def check_path(path: str | None) -> tuple[str, ...]:
    """The parts of a directory below /mnt/data, given relative to it or in full. Raises ApiError FilePathInvalid.

    path: None, empty or a lone dot (SWAGGER-2510's `directory` of the root) for /mnt/data itself.
    """
    if path is None or path in ("", "."):
        return ()
    parts = tuple(filter(None, re.sub(rf"^{ROOT}(?=/|$)", "", path).split("/")))
    if any("." in part or not _NAME.fullmatch(part) for part in parts):
        # The service tells a relative path with a slash in front (ADE).
        given, why = f"/{path.strip('/')}", "path cannot contain any reserved file path characters"
        raise _invalid("FilePathInvalid", "File Path", given, why)
    return parts


def list_entries(root: Path, parts: tuple[str, ...], *, recursive: bool = False) -> list[Entry]:
    """What is in a directory, by name; with `recursive` also below it, 64 levels deep. Raises ApiError."""
    with _opened(root, parts) as directory:
        return sorted(_entries(directory, "", recursive), key=lambda entry: (entry.directory, entry.name))


def describe(root: Path, parts: tuple[str, ...], name: str) -> Entry:
    """One file or directory. Raises ApiError FileNotFound."""
    with _opened(root, parts) as directory, _not_found(name):
        return _entry(name, "", os.stat(name, dir_fd=directory, follow_symlinks=False))


def open_file(root: Path, parts: tuple[str, ...], name: str) -> tuple[BinaryIO, Entry]:
    """A regular file to read, and what it is. Raises ApiError FileNotFound."""
    with _opened(root, parts) as directory, _not_found(name):
        # Opening a pipe that a session made would wait for its writer for ever.
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
        file = os.fdopen(descriptor, "rb")
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            file.close()
            raise FileNotFoundError
        return file, _entry(name, "", status)


def save(root: Path, parts: tuple[str, ...], name: str, content: BinaryIO) -> Entry:
    """Write a file whole, replacing one of that name; directories on the way are made. Raises ApiError."""
    if len(parts) > _DEEPEST:  # deleting it again could be impossible
        path = "/".join(parts)[:100]
        raise _invalid("FilePathInvalid", "File Path", path, f"path is deeper than {_DEEPEST} directories")
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
            raise ApiError(400, "FileNotWritten", f"The file cannot be written: {error.strerror}.") from error


def delete(root: Path, parts: tuple[str, ...], name: str) -> None:
    """Delete a file, a link or a directory with all that is in it. Raises ApiError FileNotFound, FileNotDeleted."""
    with _opened(root, parts) as directory:
        with _not_found(name):
            mode = os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode
        try:
            if stat.S_ISDIR(mode):
                shutil.rmtree(name, dir_fd=directory)
            else:
                os.unlink(name, dir_fd=directory)
        except (OSError, RecursionError) as error:
            why = error.strerror if isinstance(error, OSError) else "its directories are too deep"
            raise ApiError(400, "FileNotDeleted", f"The file '{name}' cannot be deleted: {why}.") from error


@contextlib.contextmanager
def _opened(root: Path, parts: tuple[str, ...], *, create: bool = False) -> Iterator[int]:
    """A descriptor of the directory, reached part by part so that no link can be slipped in between.

    Raises ApiError FileNotFound, RootGone.
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
                # Where it cannot be made, opening it tells.
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
        raise ApiError(404, "FileNotFound", f"The file '{name}' does not exist.") from error


def _check_descriptors(error: OSError) -> None:
    """Raise ApiError TooManyOpenFiles if the error says nothing of the file."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        raise ApiError(503, "TooManyOpenFiles", "The pool has too many files open; try again later.") from error


def _entries(directory: int, below: str, recursive: bool) -> Iterator[Entry]:
    for name in os.listdir(directory):
        try:
            entry = _entry(name, below, os.stat(name, dir_fd=directory, follow_symlinks=False))
        except OSError:  # it went away meanwhile
            continue
        yield entry
        if recursive and entry.is_directory and below.count("/") < _DEEPEST - 2:
            with contextlib.suppress(OSError):
                inner = os.open(name, _DIRECTORY, dir_fd=directory)
                try:
                    yield from _entries(inner, f"{below}/{name}".lstrip("/"), recursive)
                finally:
                    os.close(inner)


def _entry(name: str, below: str, status: os.stat_result) -> Entry:
    return Entry(name, below, stat.S_ISDIR(status.st_mode), status.st_size, status.st_mtime_ns)


def _invalid(code: str, what: str, given: str, why: str) -> ApiError:
    return ApiError(400, code, f"{what} '{given}' is invalid because '{why}'.")
