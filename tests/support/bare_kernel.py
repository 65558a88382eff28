"""NEL 1.3.0, the kernel itself: installed from the npm registry once per test run, and served over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from driving import descendants
from nodes import installed_package

from noderepl.service.node import Node

NEL = "nel@1.3.0"
SERVER = Path(__file__).parents[1] / "kernel/nel-server.js"
SECONDS = 30


def installed_nel(place: Path) -> Path:
    """NEL's directory below `place`, which several processes may share; installed if it is not there yet."""
    return installed_package(NEL, place)


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
