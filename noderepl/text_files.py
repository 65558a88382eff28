"""Bounded reading of files of this machine, of any file type."""

from __future__ import annotations

import errno
import os
import re
import select
import stat
from pathlib import Path
from typing import Any

# A configuration file or a theme has a few kilobytes.
MOST_TOML = 64 * 1024
# A snippet. ASP.NET accepts no longer request body, nor does the embedded pool.
MOST_CODE = 30_000_000
# tomllib takes quadratic time for a key of many parts.
MOST_DOTS = 200
BYTE_ORDER_MARK = "\ufeff"


def check_directory(path: Path) -> None:
    """Raises FileNotFoundError if a path is relative and the working directory was deleted."""
    if not path.is_absolute():
        try:
            os.getcwd()  # noqa: PTH109
        except FileNotFoundError:
            why = "the working directory no longer exists"
            raise FileNotFoundError(errno.ENOENT, why) from None
        except OSError:
            return  # it exists, but may not be searched


def read_bytes(path: Path, most: int, *, is_regular: bool = True) -> bytes:
    """Returns the content of a file.

    most: the maximum size in bytes. is_regular: whether the file must be a regular one; otherwise
    this waits for a pipe. Raises OSError.
    """
    check_directory(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (os.O_NONBLOCK if is_regular else 0))
    with os.fdopen(descriptor, "rb") as file:
        check_regular(file.fileno(), is_regular=is_regular)
        # None from a regular file that gives nothing at the moment, as some of /proc do.
        content: bytes | None = file.read(most + 1)
    if content is None:
        raise OSError(errno.EAGAIN, "it has nothing to read at the moment")
    if len(content) > most:
        raise OSError(errno.EFBIG, f"longer than {most} bytes")
    return content


def read_pipe(descriptor: int, most: int) -> bytes:
    """Returns the content of an open file up to its end, also if another process has made it
    non-blocking.

    most: the maximum size in bytes. Raises OSError.
    """
    content = bytearray()
    while len(content) <= most:
        try:
            block = os.read(descriptor, most + 1 - len(content))
        except BlockingIOError:
            select.select([descriptor], [], [])
            continue
        if not block:
            return bytes(content)
        content += block
    raise OSError(errno.EFBIG, f"longer than {most} bytes")


def check_regular(descriptor: int, *, is_regular: bool = True) -> None:
    """Raises OSError unless the open file is regular, or with is_regular=False, if it is a
    directory.
    """
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if is_regular and not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file")


def read_toml(path: Path, *, is_regular: bool = True) -> tuple[str, dict[str, Any]]:
    """Returns the text of a TOML file, without a byte order mark, and its decoded content.

    is_regular: as for read_bytes. Raises OSError, UnicodeDecodeError, and ValueError with a message
    about the content.
    """
    text = read_bytes(path, MOST_TOML, is_regular=is_regular).decode().removeprefix(BYTE_ORDER_MARK)
    import tomllib

    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS and not line.lstrip().startswith("#"):
            raise ValueError(f"line {number} has more than {MOST_DOTS} dots")
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    except ValueError as error:
        raise ValueError("a number in it has too many digits") from error


def shown(value: object, most: int = 60) -> str:
    """Returns a value of a TOML file as the file writes it, in a form that a message can quote."""
    try:
        text = _as_toml(value)
    except (ValueError, RecursionError):
        return "a value that is too long"
    return text if len(text) <= most else text[: most - 1] + "…"


def _as_toml(value: object) -> str:
    from datetime import date, time

    match value:
        case bool():
            return str(value).lower()
        case str():
            return _quoted(value)
        case date() | time():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(_as_toml, value))}]"
        case dict():
            pairs = [f"{_key(key)} = {_as_toml(one)}" for key, one in value.items()]
            return f"{{ {', '.join(pairs)} }}" if pairs else "{}"
    return repr(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    """Returns a string with its control characters escaped."""
    import json

    if text.isprintable() and "'" not in text:
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=not text.isprintable())
