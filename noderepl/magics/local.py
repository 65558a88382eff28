"""Finds, reads and writes the files on this machine that magics name.

Each error of the operating system becomes a LocalFileError that names the file. This module does
not depend on a session.
"""

from __future__ import annotations

import glob
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from noderepl.errors import LocalFileError
from noderepl.magics.context import Context
from noderepl.text_files import MOST_CODE, check_directory, read_bytes

# The maximum number of files that match a pattern.
MOST_FILES = 10_000


@contextmanager
def os_errors(path: Path) -> Iterator[None]:
    """Converts errors of the operating system, and of names that it rejects, into a LocalFileError
    about this path.
    """
    try:
        yield
    except OSError as exc:
        raise LocalFileError(f"{path}: {exc.strerror or exc}") from exc
    except ValueError as exc:
        raise LocalFileError(f"{str(path)!r} is not a valid file name: {exc}") from exc


def local_path(text: str, context: Context) -> Path:
    """Returns the path of a name: ~ is the user's home, a relative path starts at their working
    directory. Raises LocalFileError if that was deleted, or if the name is empty.
    """
    if not text:
        raise LocalFileError("the name of a file is empty; . is the working directory")
    return reachable(context.directory / _expanded(text, context.environ))


def reachable(path: Path) -> Path:
    """Returns the path. Raises LocalFileError if it is relative and the working directory was
    deleted.
    """
    try:
        check_directory(path)
    except FileNotFoundError as error:
        raise LocalFileError(
            f"{path}: {error.strerror}; name the whole path, from / or ~, or start noderepl again"
            " in a directory that exists"
        ) from None
    return path


def is_directory(path: Path) -> bool:
    """Returns whether this path is a directory. Raises LocalFileError if the name cannot be looked
    up.
    """
    with os_errors(path):
        return path.is_dir()


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    home, slash, rest = text.partition("/")
    return f"{environ.get('HOME', '~')}{slash}{rest}" if home == "~" else text


def matching_files(text: str, context: Context) -> list[Path]:
    """Returns the readable files of a name or a glob pattern, sorted.

    A file of exactly this name has precedence over the pattern. Raises LocalFileError if no file
    matches, or if a named file is missing, a directory or unreadable.
    """
    path = local_path(text, context)
    with os_errors(path):
        if not glob.has_magic(text) or path.exists():
            _check_readable(path)
            return [path]
        pattern = _expanded(text, context.environ)
        # Path.glob rejects absolute patterns.
        names = list(islice(glob.iglob(pattern, root_dir=context.directory), MOST_FILES + 1))  # noqa: PTH207
        if len(names) > MOST_FILES:
            raise LocalFileError(f"{text!r} matches more than {MOST_FILES:,} files; name fewer")
        found = sorted(context.directory / name for name in names)
        files = [file for file in found if file.is_file()]
        if not files:
            raise LocalFileError(f"no file matches {text!r}")
        for file in files:
            _check_readable(file)
        return files


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise LocalFileError(
            f"{path} is a directory; name files, or a pattern such as {path.name}/*"
        )
    if path.exists() and not path.is_file():
        # Opening a pipe would wait for its other end.
        raise LocalFileError(f"{path} is not a regular file")
    with path.open("rb"):
        pass


def read_text(path: Path) -> str:
    """Returns the whole UTF-8 text of a regular file, without a byte order mark. Raises
    LocalFileError.
    """
    with os_errors(path):
        content = read_bytes(path, MOST_CODE)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise LocalFileError(f"{path} is not UTF-8 text") from exc


def check_free(path: Path, *, force: bool) -> None:
    """Raises LocalFileError if this path cannot be written to, or if it exists and force is not
    set.
    """
    with os_errors(path):
        if path.is_dir():
            raise LocalFileError(f"{path} is a directory")
        if path.exists() and not path.is_file():
            # Replacing a device would remove it for all users of the machine.
            raise LocalFileError(f"{path} is not a regular file; choose another name")
        if not force and os.path.lexists(path):
            raise LocalFileError(f"{path} already exists; choose another name, or add --force")
        if not path.parent.is_dir():
            raise LocalFileError(f"{path.parent} is not a directory; create it, or choose another")


@contextmanager
def arriving(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Yields a temporary file, which is renamed to path if the block succeeds, and removed
    otherwise.

    force: whether to replace an existing file. Raises LocalFileError.
    """
    check_free(path, force=force)
    part = path.with_name(f".noderepl-{secrets.token_hex(6)}.part")
    with os_errors(path):
        try:
            with part.open("xb") as sink:
                yield sink
            # The transfer may have taken minutes: a file that appeared at this path meanwhile is
            # not replaced either.
            check_free(path, force=force)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
