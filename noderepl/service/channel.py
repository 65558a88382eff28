"""A Node.js process and the pipes to it: requests, answers, and its last output on stderr. This
module does not interpret messages.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any, BinaryIO

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.lines import Lines
from noderepl.service.long_messages import LONG, in_turn
from noderepl.service.messages import parse
from noderepl.service.processes import all_processes, family, with_variable
from noderepl.service.reaper import Reaper
from noderepl.service.sandbox import DATA, Launch, Limits
from noderepl.service.spawning import Process

# Bytes that are read before they are processed; a process that writes faster waits. They are still
# processed after the process' end, so they must take a moment only.
_READ_AHEAD = 64 * 1024
_LAST_WORDS = 4096
_PATIENCE = 1.0
_TURN = 0.005
_ROUNDS = 5
_Pipe = tuple[asyncio.StreamReader, asyncio.ReadTransport]


class StartFailed(Exception):
    """Node.js did not start; str() is a sentence with its output."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message. size: in bytes. values: the number of its values."""

    fields: dict[str, Any]
    size: int
    values: int


class Channel:
    """One process. Create it with `await Channel.open(launch)`; after `close()` nothing of it
    remains.

    lines: of its answers.
    """

    def __init__(
        self,
        launch: Launch,
        process: Process,
        requests: asyncio.StreamWriter,
        reaper: Reaper | None,
        *pipes: _Pipe,
    ) -> None:
        self._sandbox_pid: int | None = None
        self._process = process
        self._launch = launch
        self._reaper = reaper
        self._may_send = asyncio.Event()
        self._killed = False
        self._paused_at = 0.0
        self._true_path = str(launch.directory).encode()
        self._requests = requests
        self._last_words = b""
        answers, complaints, *status = (reader for reader, _ in pipes)
        self.lines = Lines(answers)
        self._status = status[0] if status else None
        self._transports = [transport for _, transport in pipes]
        self._listening = asyncio.create_task(self._listen(complaints))
        self._ending = asyncio.create_task(self._end_with_process())

    @classmethod
    async def open(cls, launch: Launch) -> Channel:
        """Starts the process, which may not be ready yet on return. Raises StartFailed."""
        try:
            with contextlib.ExitStack() as resources:
                return await cls._open(launch, resources)
        except OSError as error:
            raise StartFailed(f"Node.js cannot be started: {error.strerror}.") from error

    @classmethod
    async def _open(cls, launch: Launch, resources: contextlib.ExitStack) -> Channel:
        """As open(). resources: the stack of resources that are released if the channel cannot be
        opened. Raises OSError.
        """
        with contextlib.ExitStack() as given:
            ours, theirs = socket.socketpair()
            # This end only sends requests. A descriptor that user code passed would be closed here,
            # and closing a socket with SO_LINGER blocks; therefore the kernel rejects data of user
            # code.
            ours.shutdown(socket.SHUT_RD)
            resources.callback(ours.close)
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
            process = await Process.start(
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
            resources.callback(_kill_group, process.pid)
        if reaper is not None:
            reaper.guard(process.pid, launch.environment["HOME"])
        pipes = [await _connect(pipe) for pipe in (answers, complaints, status) if pipe is not None]
        _, requests = await asyncio.open_connection(sock=ours)
        resources.pop_all()
        return cls(launch, process, requests, reaper, *pipes)

    @property
    def pid(self) -> int:
        """The process id. All processes in a sandbox descend from it, and without a sandbox nearly
        all.
        """
        return self._process.pid

    @property
    def limits(self) -> Limits:
        """The limits of the process."""
        return self._launch.limits

    @property
    def home(self) -> str | None:
        """HOME of the process and its children; None in a sandbox, in which it is always the
        same.
        """
        return None if self._launch.sandboxed else self._launch.environment["HOME"]

    async def send(self, message: dict[str, Any]) -> None:
        """Sends one request after the first output of the process. Does not fail if the process has
        ended; receive() reports that.
        """
        await self._may_send.wait()
        self._requests.write(json.dumps(message).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._requests.drain()

    async def receive(self) -> Received | None:
        """Returns the next message, in which the session's directory is /mnt/data; None after the
        last.

        Raises ValueError for an invalid message, as user code can write to the pipe too,
        LineTooLong, HalfLine, TooManyValues, and OSError if the process' limits cannot be set.
        """
        if self._status is not None and self._sandbox_pid is None:
            # It arrives before any output of Node.js, and never without a sandbox.
            started = await self._status.readline()
            self._sandbox_pid = parse(started)[0]["child-pid"] if started else None
        line = await self.lines.next()
        if not line:
            if self._launch.sandboxed:
                # bubblewrap reports the exit of the process only after that has closed the pipe.
                await self._process.wait()
            return None
        # Otherwise, while many messages are waiting, nothing else would run until all are read.
        if time.monotonic() - self._paused_at > _TURN:
            await asyncio.sleep(0)
            self._paused_at = time.monotonic()
        message = line.replace(self._true_path, DATA.encode())
        fields, values = (
            await in_turn(lambda: parse(message)) if len(line) > LONG else parse(message)
        )
        if not self._may_send.is_set():
            self._limit()
            self._may_send.set()
        return Received(fields, len(line), values)

    def kill(self) -> None:
        """Kills all processes: the first process of the sandbox, with which all others in it end,
        or without a sandbox all that are found.

        If bubblewrap's outer process were killed instead, nothing would reap the inner one.
        """
        if self._killed:
            return
        if self._sandbox_pid is None:
            self._kill_family()
        else:
            self._killed = True
            if self._process.returncode is None:
                _kill(self._sandbox_pid)

    def _kill_family(self) -> None:
        """Kills the group, the descendants that left it, and the orphans with this session's
        home.
        """
        try:
            for _ in range(_ROUNDS):
                processes = all_processes()
                # In a sandbox no process outlives the first one.
                found = (
                    set() if self.home is None else with_variable("HOME", [self.home])[self.home]
                )
                if self._process.returncode is None:
                    found.update(family(processes, self.pid))
                alive = [pid for pid in found if pid in processes and not processes[pid].is_dead]
                for pid in alive:
                    _kill(pid)
                if not alive:
                    break
            self._killed = True
        except OSError:
            pass  # /proc cannot be read now: the next call finds the others
        _kill_group(self.pid)

    def _limit(self) -> None:
        """Sets the limits that children inherit. The process waits for its first request, so it has
        no children yet.
        """
        if sys.platform == "linux":
            import resource

            limits = self._launch.limits
            resources = {resource.RLIMIT_FSIZE: limits.file, resource.RLIMIT_CORE: 0}
            if self._launch.sandboxed:
                # A namespace counts its own threads only. The watcher counts processes, but a fork
                # bomb may be faster.
                resources[resource.RLIMIT_NPROC] = limits.threads
            for pid in family(all_processes(), self.pid):
                for kind, limit in resources.items():
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        resource.prlimit(pid, kind, (limit, limit))

    async def close(self) -> tuple[int, str]:
        """Kills the remaining processes and closes the pipes. Returns the exit code of the process
        and its last output on stderr.
        """
        self.kill()
        self._may_send.set()
        code = await self._process.wait()
        if self._reaper is not None:
            self._reaper.close()
        # A process that left the group may still have the other end open: its output is not
        # awaited.
        await asyncio.wait([self._listening], timeout=_PATIENCE)
        tasks = (self._listening, self._ending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in self._transports:
            transport.close()
        self._requests.close()
        self._killed = True  # a later call would find the processes of the session's next worker
        return code, self._last_words.decode("utf-8", "replace").strip()

    async def _end_with_process(self) -> None:
        """Ends the answers after the process has ended, although another process may have the pipe
        open.
        """
        await self._process.wait()
        self.kill()
        # By then, the output of the process itself has been read.
        await asyncio.sleep(_PATIENCE)
        self._transports[0].close()

    async def _listen(self, complaints: asyncio.StreamReader) -> None:
        while words := await complaints.read(_LAST_WORDS):
            self._last_words = (self._last_words + words)[-_LAST_WORDS:]


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _kill_group(group: int) -> None:
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


async def _connect(pipe: BinaryIO) -> _Pipe:
    reader = asyncio.StreamReader(limit=_READ_AHEAD)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader, transport
