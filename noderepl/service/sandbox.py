"""How a session's Node.js is started: the command, its environment, and its access to the machine.

With bubblewrap the session has a read-only system and its own /mnt/data, home and /tmp. Without
bubblewrap it only has its own directory as cwd, and path_mapping.js inside Node.js maps /mnt/data
to it. This module runs only the trial of bubblewrap.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.service import seccomp
from noderepl.service.bubblewrap import (
    Bubblewrap,
    binds_of_system,
    find_bubblewrap,
    isolation,
    likely_path,
    seals,
    shown_of_system,
)
from noderepl.service.node import Node
from noderepl.service.tools import Tools, without_credentials

DATA = "/mnt/data"
_HOME = "/home/node"
_TOOLS = "/run/noderepl"
_KEPT = {
    *("LANG", "LANGUAGE", "TZ", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
}
_KEPT_IN_ANY_CASE = {"npm_config_registry", "npm_config_cafile"}
_NAMES_CERTIFICATES = lazy_pattern(r"_CA_CERTS$|_CERT_(FILE|DIR)$|_cafile$", re.IGNORECASE)
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_SCRIPTS = Path(__file__).parent
# V8 collects garbage thoroughly before its heap reaches this part of the memory limit, so that only
# memory in use counts.
_HEAP_SHARE = 0.75

MEMORY = 1 << 30
PROCESSES = 256
_THREADS = 16  # of one Node.js process, with a margin
FILE = 1 << 30
DISK = 4 << 30
Mode = Literal["auto", "require", "off"]


class NoSandbox(Exception):
    """The configuration requires a sandbox that is not available; str() is a sentence with the
    reason.
    """


def in_words(size: int) -> str:
    """Returns a limit's bytes in the user's units."""
    if size % (1 << 30) == 0:
        return f"{size >> 30} GiB"
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def limit_of_file(most: int) -> int:
    """Returns the maximum bytes of a single file of a session: `most`, or less if this process may
    not write as much itself.
    """
    if sys.platform != "linux":
        return most
    import resource

    own = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    return most if own == resource.RLIM_INFINITY else min(most, own)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a session.

    memory, disk: bytes, of all its processes and of all its files. processes: at a time. file:
    bytes of a single file.
    """

    memory: int
    processes: int
    file: int
    disk: int

    @property
    def threads(self) -> int:
        """The maximum number of threads of all processes at a time."""
        return self.processes * _THREADS

    @property
    def too_large(self) -> str:
        """That a file exceeded its limit, in words that follow "because"."""
        return f"it wrote a file larger than {in_words(self.file)} (write several)"


@dataclass(frozen=True, slots=True)
class SessionDirectories:
    """The directories of one session on this machine; the session calls data /mnt/data."""

    data: Path
    home: Path
    temporary: Path
    shared: Path

    @classmethod
    def create(cls, place: Path) -> SessionDirectories:
        """Creates the directories below `place`, which must not exist; only the user can read
        them.
        """
        place.mkdir(mode=0o700)
        directories = cls(place / "data", place / "home", place / "tmp", place / "shm")
        for directory in directories._directories:
            directory.mkdir(mode=0o700)
        return directories

    def unlock(self) -> None:
        """Restores the mode of the directories, which a session may have changed. Raises
        OSError.
        """
        for directory in self._directories:
            if not directory.is_symlink():
                directory.chmod(0o700)

    @property
    def _directories(self) -> tuple[Path, ...]:
        return self.data, self.home, self.temporary, self.shared


@dataclass(frozen=True, slots=True)
class Launch:
    """The start of one worker: argv, the whole environment, and the working directory, which the
    worker calls /mnt/data.

    limits: of the session. filter: the system call filter of the sandbox, empty if there is none
    for this processor; None without a sandbox. With a filter, argv begins with
    bubblewrap's executable, after which further options can be inserted.
    """

    argv: tuple[str | bytes, ...]
    environment: dict[str, str]
    directory: Path
    limits: Limits
    filter: bytes | None

    @property
    def sandboxed(self) -> bool:
        """Whether it runs in bubblewrap."""
        return self.filter is not None


class Sandbox:
    """The isolation of a pool's sessions: bubblewrap or none, the network or none, and limits.

    mode: auto runs without bubblewrap if it does not work, require fails then, off never uses it.
    egress: whether sessions have access to the network. Raises NoSandbox if that cannot be
    enforced.
    """

    def __init__(self, mode: Mode, *, egress: bool, limits: Limits) -> None:
        self.limits = limits
        self._mode = mode
        self._egress = egress
        if egress and mode != "require":
            return  # a check at once would delay the prompt
        if self.obstacle is not None:
            what = (
                "The sandbox that is required"
                if egress
                else "Egress can be disabled in a sandbox only, which"
            )
            raise NoSandbox(f"{what} is not available: {self.obstacle}.")

    @cached_property
    def bubblewrap(self) -> Bubblewrap:
        """The bubblewrap that sessions run in, after a trial that takes some milliseconds."""
        if self._mode == "off":
            return Bubblewrap(None, "--sandbox is off")
        return find_bubblewrap(egress=self._egress)

    @property
    def is_tried(self) -> bool:
        """Whether there is nothing to wait for: the trial has ended, or none is necessary."""
        return "bubblewrap" in self.__dict__ or self._mode == "off"

    @property
    def likely_path(self) -> Path | None:
        """The bubblewrap that sessions probably run in; there may not have been a trial."""
        return self.bubblewrap.path if self.is_tried else likely_path()

    @property
    def obstacle(self) -> str | None:
        """Why there is no sandbox, in words that follow a colon; None if there is one. Takes some
        milliseconds.
        """
        return self.bubblewrap.obstacle

    @property
    def notice(self) -> str | None:
        """A sentence for the user if there is no sandbox although it was not turned off, else
        None.
        """
        if self.obstacle is None or self._mode == "off":
            return None
        return f"Snippets run on this machine without a sandbox, with your rights: {self.obstacle}."

    def shown_with(
        self, place: Path, node: Node, tools: Tools, outside: Mapping[str, str]
    ) -> Path | None:
        """Returns the directory that every session in the sandbox may read and that contains
        `place`; None if there is none.

        place: without links. The rest is as for launch().
        """
        shown = (*shown_of_system(), *_readable(node, tools, _allowed(outside)))
        above = {_identity(one) for one in (place, *place.parents)} - {None}
        return next((one for one in shown if _identity(one) in above), None)

    def launch(
        self,
        node: Node,
        own: SessionDirectories,
        tools: Tools,
        outside: Mapping[str, str],
        bubblewrap: Path | None,
    ) -> Launch:
        """Returns the Launch of a worker of `node` in `own`.

        tools: of the same Node.js. outside: this process' environment, of which only the variables
        of an allow-list are passed on. bubblewrap: its executable; None without a sandbox.
        """
        sandboxed = bubblewrap is not None
        allowed = _allowed(outside)
        allowed["PATH"] = ":".join(
            (_TOOLS if sandboxed else str(tools.directory), str(node.path.parent), *_PATH)
        )
        heap = int(self.limits.memory * _HEAP_SHARE) >> 20
        command = (str(node.path), f"--max-old-space-size={heap}", "--eval")
        if not sandboxed:
            places = {
                "HOME": str(own.home),
                "TMPDIR": str(own.temporary),
                "NODEREPL_DATA": str(own.data),
            }
            argv: tuple[str | bytes, ...] = (*command, _source("worker.js") + _path_mapping())
            return Launch(argv, allowed | places, own.data, self.limits, None)
        for name in allowed.keys() & {"npm_config_registry", "NPM_CONFIG_REGISTRY"}:
            allowed[name] = without_credentials(allowed[name])
        binds = _not_shown(_readable(node, tools, allowed))
        argv = (
            *(str(bubblewrap), *isolation(egress=self._egress), *binds_of_system()),
            *(
                "--bind",
                str(own.temporary),
                "/tmp",
                "--bind",
                str(own.home),
                _HOME,
                "--bind",
                str(own.data),
                DATA,
            ),
            *("--bind", str(own.shared), "/dev/shm"),
            *(word for place in binds for word in ("--ro-bind-try", place, place)),
            *(
                word
                for copy, original in tools.configurations
                for word in ("--ro-bind", str(copy), str(original))
            ),
            *("--ro-bind", str(tools.directory), _TOOLS, *seals(), "--chdir", DATA, "--"),
            *(*command, _source("worker.js")),
        )
        return Launch(
            argv, allowed | {"HOME": _HOME}, own.data, self.limits, seccomp.program() or b""
        )


def _allowed(outside: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in outside.items() if _is_allowed(name)}


def _readable(node: Node, tools: Tools, allowed: Mapping[str, str]) -> list[Path]:
    """Returns what a session may read besides the system. allowed: the variables that it gets."""
    trusted = [
        Path(value)
        for name, value in allowed.items()
        if _NAMES_CERTIFICATES.search(name) and value.startswith("/")
    ]
    return [*node.readable, *trusted, *map(Path, tools.certificates)]


def _not_shown(places: Sequence[Path]) -> list[str]:
    """Returns the places, each once, that the parts of the system do not contain; each mount takes
    time.
    """
    shown = tuple(f"{place}/" for place in shown_of_system())
    return [
        place
        for place in map(str, dict.fromkeys(places))
        if os.path.realpath(place) != place or not place.startswith(shown)
    ]


def _identity(path: Path) -> tuple[int, int] | None:
    """Returns what all paths of one file have in common; None if there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_allowed(name: str) -> bool:
    return name in _KEPT or name.startswith("LC_") or name.lower() in _KEPT_IN_ANY_CASE


def _source(name: str) -> bytes:
    """Returns a script as bytes: text would be encoded in the locale's encoding, but Node.js reads
    UTF-8.
    """
    return (_SCRIPTS / name).read_bytes()


def _path_mapping() -> bytes:
    """Returns a script that runs path_mapping.js. Its functions stand in for those of Node.js, so
    the name of its file is one whose frames a stack omits as it omits those of Node.js.
    """
    import json  # takes milliseconds, and the sandbox does not need it

    script = json.dumps(_source("path_mapping.js").decode())
    options = "{ filename: 'node:internal/modules/path_mapping' }"
    return f"\nrequire('vm').runInThisContext({script}, {options})(require);\n".encode()
