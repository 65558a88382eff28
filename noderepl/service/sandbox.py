"""How a session's Node is started: the command, its environment, and what of the machine it can see.

With bubblewrap the session has a read-only system and its own /mnt/data, home and /tmp; without, only its own
directory as cwd, and mapping.js inside Node that calls it /mnt/data. Runs nothing but the probe.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from noderepl.service.node import Node

DATA = "/mnt/data"
_HOME = "/home/node"
_TOOLS = "/run/noderepl"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
_ETC = (
    *("resolv.conf", "hosts", "nsswitch.conf", "host.conf", "gai.conf", "services", "protocols", "passwd", "group"),
    *("localtime", "timezone", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "ssl", "pki"),
    *("ca-certificates", "crypto-policies", "npmrc", "mime.types"),
)
_KEPT = {
    *("LANG", "LANGUAGE", "TZ", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
}
_KEPT_IN_ANY_CASE = {"npm_config_registry", "npm_config_cafile"}
_NAMES_CERTIFICATES = re.compile(r"_CA_CERTS$|_CERT_(FILE|DIR)$|_cafile$", re.IGNORECASE)
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_SCRIPTS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Room:
    """The directories of one session on this machine; data is what it calls /mnt/data."""

    data: Path
    home: Path
    temporary: Path

    @classmethod
    def create(cls, place: Path) -> Room:
        """Make the directories below `place`, which must not exist; readable by nobody else."""
        place.mkdir(mode=0o700)
        room = cls(place / "data", place / "home", place / "tmp")
        for directory in (room.data, room.home, room.temporary):
            directory.mkdir(mode=0o700)
        return room


@dataclass(frozen=True, slots=True)
class Launch:
    """What starts one worker: argv, the whole environment, and the directory to start in, which it calls /mnt/data.

    sandboxed: argv is bubblewrap's, which takes its options first.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    directory: Path
    sandboxed: bool


def write_tools(directory: Path, node: Node) -> None:
    """Make a directory with `node`, `npm` and `npx` of one install, to be first on the sessions' PATH.

    A wheel's own bin/npm is a copied file that does not find npm's library, and a version manager's is a shim.
    """
    directory.mkdir(mode=0o755)
    (directory / "node").symlink_to(node.path)
    if node.npm_cli is None:
        return
    for name in ("npm", "npx"):
        script = node.npm_cli.with_name(f"{name}-cli.js")
        tool = directory / name
        tool.write_text(f"#!/bin/sh\nexec '{node.path}' '{script}' \"$@\"\n", "utf-8")
        tool.chmod(0o755)


def bubblewrap_works() -> bool:
    """Whether bubblewrap is here and may do its work: containers often forbid user namespaces."""
    if shutil.which("bwrap") is None:
        return False
    command = ["bwrap", *_isolation(), *_binds_of_system(), "true"]
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def launch(node: Node, room: Room, tools: Path, outside: Mapping[str, str], *, sandboxed: bool) -> Launch:
    """How to start a worker of `node` in `room`.

    tools: the directory of write_tools. outside: this process' environment, of which an allow-list is passed on.
    """
    kept = {name: value for name, value in outside.items() if _is_kept(name)}
    first_on_path = _TOOLS if sandboxed else str(tools)
    kept["PATH"] = ":".join((first_on_path, str(node.path.parent), *_PATH))
    if not sandboxed:
        own = {"HOME": str(room.home), "TMPDIR": str(room.temporary), "NODEREPL_DATA": str(room.data)}
        argv: tuple[str, ...] = (str(node.path), "--eval", _source("worker.js", "mapping.js"))
        return Launch(argv, kept | own, room.data, sandboxed)
    trusted = [value for name, value in kept.items() if _NAMES_CERTIFICATES.search(name) and value.startswith("/")]
    binds = [str(part) for part in (*node.readable, *trusted)]
    argv = (
        *("bwrap", *_isolation(), *_binds_of_system()),
        *("--bind", str(room.temporary), "/tmp", "--bind", str(room.home), _HOME, "--bind", str(room.data), DATA),
        *(word for place in binds for word in ("--ro-bind-try", place, place)),
        *("--ro-bind", str(tools), _TOOLS, "--chdir", DATA, "--"),
        *(str(node.path), "--eval", _source("worker.js")),
    )
    return Launch(argv, kept | {"HOME": _HOME}, room.data, sandboxed)


def _is_kept(name: str) -> bool:
    return name in _KEPT or name.startswith("LC_") or name.lower() in _KEPT_IN_ANY_CASE


def _source(*names: str) -> str:
    return "\n".join((_SCRIPTS / name).read_text("utf-8") for name in names)


def _isolation() -> list[str]:
    namespaces = ["--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    return [*namespaces, "--hostname", "session", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]


def _binds_of_system() -> list[str]:
    words = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/home"]
    for place in _SYSTEM:
        path = Path(place)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), place]
        elif path.exists():
            words += ["--ro-bind", place, place]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words
