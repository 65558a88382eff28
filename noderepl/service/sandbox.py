"""How a session's Node is started: the command, its environment, and what of the machine it can see and take.

With bubblewrap the session has a read-only system and its own /mnt/data, home and /tmp; without, only its own
directory as cwd, and mapping.js inside Node that calls it /mnt/data. Runs nothing but the probe.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from noderepl.service.node import Node

DATA = "/mnt/data"
_HOME = "/home/node"
_TOOLS = "/run/noderepl"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
_ETC = (
    *("resolv.conf", "hosts", "nsswitch.conf", "host.conf", "gai.conf", "services", "protocols", "passwd", "group"),
    *("localtime", "timezone", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "npmrc", "mime.types"),
    # Not the whole directories: beside the certificates they hold the machine's private keys.
    *("ssl/certs", "ssl/cert.pem", "ssl/openssl.cnf", "pki/ca-trust", "pki/tls/certs", "pki/tls/cert.pem"),
    *("pki/tls/openssl.cnf", "ca-certificates", "crypto-policies"),
)
_KEPT = {
    *("LANG", "LANGUAGE", "TZ", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
}
_KEPT_IN_ANY_CASE = {"npm_config_registry", "npm_config_cafile"}
_NAMES_CERTIFICATES = re.compile(r"_CA_CERTS$|_CERT_(FILE|DIR)$|_cafile$", re.IGNORECASE)
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_SCRIPTS = Path(__file__).parent
# V8 collects garbage in earnest before its heap reaches this part of the memory: only what is in use counts.
_HEAP_SHARE = 0.75

MEMORY = 1 << 30
PROCESSES = 256
FILE = 1 << 30
DISK = 4 << 30
Mode = Literal["auto", "require", "off"]


class NoSandbox(Exception):
    """What was asked for needs a sandbox that is not to be had; str() is a sentence that says why."""


def in_words(size: int) -> str:
    """A ceiling's bytes as the user reads them."""
    return f"{size >> 30} GiB" if size % (1 << 30) == 0 else f"{size >> 20} MiB"


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What a session may take.

    memory, disk: bytes, of all its processes and of all its files. processes: at a time. file: bytes of a single one.
    """

    memory: int
    processes: int
    file: int
    disk: int

    @property
    def too_large(self) -> str:
        """That a file passed its ceiling, in words that go after a "because"."""
        return f"a file of it was to be larger than {in_words(self.file)} (write several)"


@dataclass(frozen=True, slots=True)
class Room:
    """The directories of one session on this machine; data is what it calls /mnt/data."""

    data: Path
    home: Path
    temporary: Path
    shared: Path

    @classmethod
    def create(cls, place: Path) -> Room:
        """Make the directories below `place`, which must not exist; readable by nobody else."""
        place.mkdir(mode=0o700)
        room = cls(place / "data", place / "home", place / "tmp", place / "shm")
        for directory in (room.data, room.home, room.temporary, room.shared):
            directory.mkdir(mode=0o700)
        return room


@dataclass(frozen=True, slots=True)
class Launch:
    """What starts one worker: argv, the whole environment, and the directory to start in, which it calls /mnt/data.

    ceilings: what it may take. sandboxed: argv is bubblewrap's, which takes its options first.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    directory: Path
    ceilings: Ceilings
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
    """Whether bubblewrap is here and may do its work."""
    return _obstacle(egress=True) is None


class Sandbox:
    """What keeps a pool's sessions in: bubblewrap or nothing, the network or none, and ceilings.

    mode: auto goes without where it must, require never, off always. egress: whether sessions reach the network.
    Raises NoSandbox where that cannot be kept.
    """

    def __init__(self, mode: Mode, *, egress: bool, ceilings: Ceilings) -> None:
        self.ceilings = ceilings
        self._mode = mode
        self._egress = egress
        if egress and mode != "require":
            return  # looking at once would keep the prompt waiting
        if self.obstacle is not None:
            what = "The sandbox that is required" if egress else "Egress can be disabled in a sandbox only, which"
            raise NoSandbox(f"{what} is not to be had: {self.obstacle}.")

    @cached_property
    def obstacle(self) -> str | None:
        """Why there is no sandbox, in words that go after a colon; None where there is one. Costs some milliseconds."""
        return "--sandbox is off" if self._mode == "off" else _obstacle(egress=self._egress)

    @property
    def notice(self) -> str | None:
        """A sentence for the user where there is no sandbox though nobody said that there should be none."""
        if self.obstacle is None or self._mode == "off":
            return None
        return f"Snippets run on this machine without a sandbox, with your rights: {self.obstacle}."

    def launch(self, node: Node, room: Room, tools: Path, outside: Mapping[str, str]) -> Launch:
        """How to start a worker of `node` in `room`.

        tools: the directory of write_tools. outside: this process' environment, of which an allow-list is passed on.
        """
        sandboxed = self.obstacle is None
        kept = {name: value for name, value in outside.items() if _is_kept(name)}
        kept["PATH"] = ":".join((_TOOLS if sandboxed else str(tools), str(node.path.parent), *_PATH))
        heap = int(self.ceilings.memory * _HEAP_SHARE) >> 20
        command = (str(node.path), f"--max-old-space-size={heap}", "--eval")
        if not sandboxed:
            own = {"HOME": str(room.home), "TMPDIR": str(room.temporary), "NODEREPL_DATA": str(room.data)}
            argv: tuple[str, ...] = (*command, _source("worker.js", "mapping.js"))
            return Launch(argv, kept | own, room.data, self.ceilings, sandboxed)
        trusted = [value for name, value in kept.items() if _NAMES_CERTIFICATES.search(name) and value.startswith("/")]
        binds = [str(part) for part in (*node.readable, *trusted)]
        argv = (
            *("bwrap", *_isolation(egress=self._egress), *_binds_of_system()),
            *("--bind", str(room.temporary), "/tmp", "--bind", str(room.home), _HOME, "--bind", str(room.data), DATA),
            *("--bind", str(room.shared), "/dev/shm"),
            *(word for place in binds for word in ("--ro-bind-try", place, place)),
            *("--ro-bind", str(tools), _TOOLS, *_seals(), "--chdir", DATA, "--"),
            *(*command, _source("worker.js")),
        )
        return Launch(argv, kept | {"HOME": _HOME}, room.data, self.ceilings, sandboxed)


def remove_tree(tree: Path) -> None:
    """Delete a tree, even one in which a session locked directories or made them too deep for Python."""
    try:
        shutil.rmtree(tree)
    except (OSError, RecursionError):
        for command in (["chmod", "-R", "u+rwX"], ["rm", "-rf"]):
            subprocess.run([*command, "--", str(tree)], stderr=subprocess.DEVNULL, check=False)


def _obstacle(*, egress: bool) -> str | None:
    if sys.platform != "linux":
        return "bubblewrap is for Linux only"
    if shutil.which("bwrap") is None:
        return "install bubblewrap (its command is bwrap)"
    command = ["bwrap", *_isolation(egress=egress), *_binds_of_system(), *_seals(), "true"]
    try:
        tried = subprocess.run(command, capture_output=True, timeout=20, check=False, text=True, errors="replace")
    except (OSError, subprocess.SubprocessError) as error:
        return f"bubblewrap (bwrap) cannot be run: {error}"
    if tried.returncode == 0:
        return None
    said = (tried.stderr.strip().splitlines() or ["it gave no reason"])[-1].removeprefix("bwrap: ")
    return f"bubblewrap (bwrap) does not work here ({said}); allow user namespaces, or run where they are allowed"


def _is_kept(name: str) -> bool:
    return name in _KEPT or name.startswith("LC_") or name.lower() in _KEPT_IN_ANY_CASE


def _source(*names: str) -> str:
    return "\n".join((_SCRIPTS / name).read_text("utf-8") for name in names)


def _isolation(*, egress: bool) -> list[str]:
    namespaces = ["--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    network = [] if egress else ["--unshare-net"]
    return [*namespaces, *network, "--hostname", "session", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]


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


def _seals() -> list[str]:
    """Make all read-only that is not on the session's own disk: memory could be filled with it, and as root /proc/sys
    is the machine's own."""
    return [word for place in ("/run", "/home", "/dev", "/proc", "/") for word in ("--remount-ro", place)]
