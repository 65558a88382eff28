"""Collects the files of this machine that a program imports from its own directory."""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from noderepl.errors import LocalFileError, UsageError
from noderepl.javascript.neighbours import neighbours
from noderepl.text_files import read_bytes

MOST_FILES = 200
MOST_BYTES = 20_000_000
_CODE = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_ENDINGS = ("", ".js", ".mjs", ".cjs", ".json", "/index.js", "/index.json")


def program_files(main: Path, text: str) -> Mapping[str, bytes]:
    """Returns the files that a program imports, and those that these import, by their paths
    relative to its directory; without the program itself.

    main: the program's file. text: its code. Files outside of its directory are left out, as are
    missing ones: Node.js reports them. Raises UsageError above 200 files or 20 MB, LocalFileError.
    """
    root = main.parent.absolute()
    found: dict[str, bytes] = {}
    waiting = [(PurePosixPath(main.name), text)]
    for importer, code in waiting:
        for specifier in neighbours(code):
            name = _resolved(root, importer.parent / specifier)
            if name is None or name in found or name == main.name:
                continue
            left = MOST_BYTES - sum(map(len, found.values()))
            found[name] = content = _content(root / name, main, left)
            if len(found) > MOST_FILES:
                raise UsageError(
                    f"{main}: it imports more than {MOST_FILES} files; --no-follow runs it alone"
                )
            if name.endswith(_CODE):
                waiting.append((PurePosixPath(name), content.decode("utf-8", "replace")))
    return {**found, **_package(root)}


def _resolved(root: Path, path: PurePosixPath) -> str | None:
    """Returns the path of the file that Node.js takes, relative to root; None if there is none
    below root.
    """
    parts: list[str] = []
    for part in path.parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            return None
    names = (("/".join(parts) + end).lstrip("/") for end in _ENDINGS)
    return next((name for name in names if name and _is_file(root / name)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # too long a name, or a directory without permission


def _content(path: Path, main: Path, most: int) -> bytes:
    try:
        return read_bytes(path, most)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise UsageError(
                f"{main}: the files that it imports are longer than {MOST_BYTES // 1_000_000} MB;"
                " --no-follow runs it alone"
            ) from error
        raise LocalFileError(f"{path}: cannot be read: {error.strerror}") from error


def _package(root: Path) -> Mapping[str, bytes]:
    """Returns the package.json that makes the files modules, if the next one above them does."""
    for directory in (root, *root.parents):
        try:
            package = json.loads(read_bytes(directory / "package.json", MOST_BYTES))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError):
            break
        kind = package.get("type") if isinstance(package, dict) else None
        return {"package.json": b'{"type": "module"}\n'} if kind == "module" else {}
    return {}
