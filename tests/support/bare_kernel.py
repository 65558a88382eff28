"""NEL 1.3.0, the kernel itself: installed from the npm registry once per test run, and served over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from driving import descendants
from nodes import node_of_wheel

from noderepl.service.node import Node

NEL = "nel@1.3.0"
SERVER = Path(__file__).parents[1] / "kernel/nel-server.js"
SECONDS = 30


def installed_nel(place: Path) -> Path:
    """NEL's directory below `place`, which several processes may share; installed if it is not there yet."""
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "node_modules/nel").exists():
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
                place,
                NEL,
            ]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
            assert done.returncode == 0, done.stderr
    return place / "node_modules/nel"


@asynccontextmanager
async def bare_kernel(
    node: Node, nel: Path, place: Path | None = None, *, within: Sequence[str] = ()
) -> AsyncIterator[str]:
    """The base URL of a server in front of NEL, on a free port of the loopback interface; ends with all its processes.

    node: what the server and its sessions run on. nel: NEL's directory. place: an empty directory that sessions have
    theirs in, `session-1` and so on in the order in which they are first asked for; a temporary one where none is given.
    within: a command that runs the server.
    """
    with contextlib.ExitStack() as stack:
        if place is None:
            place = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="noderepl-kernel-"))
            )
        server = await asyncio.create_subprocess_exec(
            *within,
            node.path,
            SERVER,
            nel,
            place,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": str(place)},
            start_new_session=True,
        )
        try:
            assert server.stdout is not None
            line = (await asyncio.wait_for(server.stdout.readline(), SECONDS)).decode()
            assert line.startswith("listening on "), line
            yield line.removeprefix("listening on ").strip()
        finally:
            for pid in (server.pid, *descendants(server.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await server.communicate()
