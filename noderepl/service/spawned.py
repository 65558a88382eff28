"""A Node.js process and the pipes to it, before an event loop uses them."""

from __future__ import annotations

import _socket
import contextlib
import os
import signal
import subprocess
from typing import BinaryIO

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.reaper import Reaper
from noderepl.service.sandbox import Launch
from noderepl.service.spawning import Process


class StartFailed(Exception):
    """Node.js did not start; str() is a sentence with its output."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """A process and this side's ends of its pipes.

    requests: the socket to send to, of the module _socket: the import of socket takes milliseconds,
    and Node.js starts after it. answers, complaints: its messages and its stderr. status: the
    reports of bubblewrap; None without a sandbox. reaper: ends the process when this one is killed;
    None in a sandbox.
    """

    launch: Launch
    process: Process
    requests: _socket.socket
    answers: BinaryIO
    complaints: BinaryIO
    status: BinaryIO | None
    reaper: Reaper | None

    def discard(self) -> None:
        """Ends the process, which has run no snippet, and closes the pipes."""
        kill_group(self.process.pid)
        for opened in (self.requests, self.answers, self.complaints, self.status, self.reaper):
            if opened is not None:
                opened.close()


def spawn(launch: Launch) -> Spawned:
    """Starts a process, which may not be ready yet on return. Raises OSError."""
    with contextlib.ExitStack() as resources, contextlib.ExitStack() as given:
        requests, theirs = _socket.socketpair()
        # This end only sends requests. A descriptor that user code passed would be closed here, and
        # closing a socket with SO_LINGER blocks; therefore the kernel rejects data of user code.
        requests.shutdown(_socket.SHUT_RD)
        resources.callback(requests.close)
        given.callback(theirs.close)
        answers, answers_end = _pipe(resources, given)
        complaints, complaints_end = _pipe(resources, given)
        reaper = None if launch.sandboxed else Reaper()
        if reaper is not None:
            resources.callback(reaper.close)
        status: BinaryIO | None = None
        channels = {
            "NODE_CHANNEL_FD": str(theirs.fileno()),
            "NODEREPL_ANSWERS": str(answers_end),
        }
        options: tuple[str, ...] = ()
        passed = [theirs.fileno(), answers_end]
        if launch.sandboxed:
            # bubblewrap closes the descriptor of its reports before it starts Node.js.
            status, status_end = _pipe(resources, given)
            passed.append(status_end)
            options = ("--json-status-fd", str(status_end))
        if launch.filter:
            passed.append(_filled_pipe(launch.filter, given))
            options += ("--seccomp", str(passed[-1]))
        process = Process(
            (launch.argv[0], *options, *launch.argv[1:]),
            sandboxed=launch.sandboxed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints_end,
            pass_fds=passed,
            start_new_session=True,
            cwd=launch.directory,
            env={**launch.environment, **channels},
        )
        resources.callback(kill_group, process.pid)
        if reaper is not None:
            reaper.guard(process.pid, f"HOME={launch.environment['HOME']}")
        resources.pop_all()
    return Spawned(launch, process, requests, answers, complaints, status, reaper)


def kill_group(group: int) -> None:
    """Kills the processes of a group, if there are any."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _pipe(resources: contextlib.ExitStack, given: contextlib.ExitStack) -> tuple[BinaryIO, int]:
    """Returns the end of a pipe to read from, and the end to pass to the process; each is closed
    with its stack.
    """
    end, other_end = os.pipe()
    given.callback(os.close, other_end)
    file = os.fdopen(end, "rb", buffering=0)
    resources.callback(file.close)
    return file, other_end


def _filled_pipe(content: bytes, given: contextlib.ExitStack) -> int:
    """Returns the read end of a pipe that contains `content`, at most a page; it is closed with the
    stack.
    """
    end, other_end = os.pipe()
    given.callback(os.close, end)
    with os.fdopen(other_end, "wb") as file:
        file.write(content)
    return end
