"""A spawned Node.js process and the pipes to it: requests, answers, and its last words. Knows no message's meaning."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
from typing import Any

from noderepl.service.sandbox import DATA, Launch

LINE_LIMIT = 256 * 1024 * 1024
_LAST_WORDS = 4096
_PATIENCE = 1.0
_Pipe = tuple[asyncio.StreamReader, asyncio.ReadTransport]


class StartFailed(Exception):
    """Node.js did not come up; str() is a sentence with what it said."""


class Channel:
    """One process. Make it with `await Channel.open(launch)`; `close()` leaves nothing of it."""

    def __init__(
        self,
        launch: Launch,
        process: asyncio.subprocess.Process,
        requests: asyncio.StreamWriter,
        incoming: asyncio.StreamReader,
        *pipes: _Pipe,
    ) -> None:
        self._sandbox_pid: int | None = None
        self._process = process
        self._sandboxed = launch.sandboxed
        self._true_path = str(launch.directory).encode()
        self._requests = requests
        self._last_words = b""
        self._answers, complaints = (reader for reader, _ in pipes)
        self._transports = [transport for _, transport in pipes]
        self._reading = [asyncio.create_task(self._listen(complaints)), asyncio.create_task(_discard(incoming))]

    @classmethod
    async def open(cls, launch: Launch) -> Channel:
        """Spawn the process; it need not be ready to answer when this returns. Raises StartFailed."""
        ours, theirs = socket.socketpair()
        answers, answers_end = os.pipe()
        complaints, complaints_end = os.pipe()
        # bubblewrap closes the descriptor that it reports to before it starts Node.
        report_end = os.dup(answers_end)
        channels = {"NODE_CHANNEL_FD": str(theirs.fileno()), "NODEREPL_ANSWERS": str(answers_end)}
        reporting = ("--json-status-fd", str(report_end)) if launch.sandboxed else ()
        try:
            process = await asyncio.create_subprocess_exec(
                *(launch.argv[0], *reporting, *launch.argv[1:]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints_end,
                pass_fds=(theirs.fileno(), answers_end, report_end),
                start_new_session=True,
                cwd=launch.directory,
                env={**launch.environment, **channels},
            )
        except OSError as error:
            ours.close()
            os.close(answers)
            os.close(complaints)
            raise StartFailed(f"Node.js cannot be started: {error.strerror}.") from error
        finally:
            theirs.close()
            for descriptor in (answers_end, report_end, complaints_end):
                os.close(descriptor)
        pipes = (await _open_pipe(answers), await _open_pipe(complaints))
        incoming, requests = await asyncio.open_connection(sock=ours)
        return cls(launch, process, requests, incoming, *pipes)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one request; a process that is gone is no error here, receive() tells."""
        self._requests.write(json.dumps(message).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._requests.drain()

    async def receive(self) -> dict[str, Any] | None:
        """The next message, in which the session's directory is called /mnt/data; None when no more will come.

        Raises ValueError if what came is no message: user code can write to the pipe too.
        """
        line = await self._answers.readline()
        if not line:
            return None
        message = json.loads(line.replace(self._true_path, DATA.encode()))
        if not isinstance(message, dict):
            raise ValueError("not a message")  # noqa: TRY004
        if self._sandboxed and self._sandbox_pid is None:
            # The first line is bubblewrap's own, written before Node could say anything.
            self._sandbox_pid = int(message["child-pid"])
            return await self.receive()
        return message

    def kill(self) -> None:
        """End everything: the first process of the sandbox, with which all others in it go, or else the group.

        Killing bubblewrap's outer process instead would leave the inner one for somebody else to collect.
        """
        with contextlib.suppress(ProcessLookupError):
            if self._sandbox_pid is None:
                os.killpg(self._process.pid, signal.SIGKILL)
            elif self._process.returncode is None:
                os.kill(self._sandbox_pid, signal.SIGKILL)

    async def close(self) -> tuple[int, str]:
        """Kill what is left and let go of the pipes; the process' exit code and its last words on stderr."""
        self.kill()
        code = await self._process.wait()
        # A process that left the group may still hold the other end: its words are not waited for.
        await asyncio.wait(self._reading, timeout=_PATIENCE)
        for task in self._reading:
            task.cancel()
        for transport in self._transports:
            transport.close()
        self._requests.close()
        return code, self._last_words.decode("utf-8", "replace").strip()

    async def _listen(self, complaints: asyncio.StreamReader) -> None:
        while words := await complaints.read(_LAST_WORDS):
            self._last_words = (self._last_words + words)[-_LAST_WORDS:]


async def _open_pipe(descriptor: int) -> _Pipe:
    reader = asyncio.StreamReader(limit=LINE_LIMIT)
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader, transport


async def _discard(incoming: asyncio.StreamReader) -> None:
    """Read what user code sends with process.send(), so that it never blocks; nobody is meant by it."""
    with contextlib.suppress(ConnectionError):
        while await incoming.read(65536):
            pass
