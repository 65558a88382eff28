"""Files on this machine as magics name them: finding, reading and writing them safely.

Every failure of the operating system becomes a LocalFileError that names the file. It knows no session.
"""

from __future__ import annotations

import glob
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from noderepl.errors import LocalFileError
from noderepl.magics.context import Context


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals, and names it cannot take, into a LocalFileError about this path."""
    try:
        yield
    except OSError as exc:
        raise LocalFileError(f"{path}: {exc.strerror or exc}") from exc
    except ValueError as exc:
        raise LocalFileError(f"{str(path)!r} is no name for a file: {exc}") from exc


def local_path(text: str, context: Context) -> Path:
    """The path the user means: ~ is their home, anything relative starts at their working directory."""
    return context.directory / _expanded(text, context.environ)


def _expanded(text: str, environ: Mapping[str, str]) -> str:
    home, slash, rest = text.partition("/")
    return f"{environ.get('HOME', '~')}{slash}{rest}" if home == "~" else text


def matching_files(text: str, context: Context) -> list[Path]:
    """The readable files that a name or a glob pattern means, sorted.

    A file whose name is the text itself goes before the pattern's meaning. Raises LocalFileError where nothing matches,
    and where what is named outright is missing, a directory or unreadable.
    """
    path = local_path(text, context)
    with _told(path):
        if not glob.has_magic(text) or path.exists():
            _check_readable(path)
            return [path]
        pattern = _expanded(text, context.environ)
        # Not Path.glob: it takes no absolute pattern.
        names = glob.glob(pattern, root_dir=context.directory)  # noqa: PTH207
        found = sorted(context.directory / name for name in names)
        files = [file for file in found if file.is_file()]
        if not files:
            raise LocalFileError(f"no file matches {text!r}")
        for file in files:
            _check_readable(file)
        return files


def _check_readable(path: Path) -> None:
    if path.is_dir():
        raise LocalFileError(f"{path} is a directory; name files, or a pattern such as {path.name}/*")
    if path.exists() and not path.is_file():
        # Opening a pipe would wait for its other end.
        raise LocalFileError(f"{path} is not a regular file")
    with path.open("rb"):
        pass


def read_text(path: Path) -> str:
    """The whole UTF-8 text of a file, without a byte order mark. Raises LocalFileError."""
    with _told(path):
        content = path.read_bytes()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise LocalFileError(f"{path} is no UTF-8 text") from exc


def check_free(path: Path, *, force: bool) -> None:
    """Raise LocalFileError if this path cannot be written to, or holds something and force is not set."""
    with _told(path):
        if path.is_dir():
            raise LocalFileError(f"{path} is a directory")
        if not force and os.path.lexists(path):
            raise LocalFileError(f"{path} exists already; give another name, or --force to replace it")
        if not path.parent.is_dir():
            raise LocalFileError(f"{path.parent} is no directory; make it first, or give another place")


@contextmanager
def arriving(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """Give a file to write to that becomes path when the block ends well, and leaves nothing behind when not.

    force: whether path may replace what is there. Raises LocalFileError.
    """
    check_free(path, force=force)
    part = path.with_name(f".noderepl-{secrets.token_hex(6)}.part")
    with _told(path):
        try:
            with part.open("xb") as sink:
                yield sink
            # The transfer may have taken minutes: what came up at this name meanwhile is not ours either.
            check_free(path, force=force)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
