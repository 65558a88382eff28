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
import sys
import time
from collections.abc import Sequence
from typing import Any, BinaryIO

from noderepl.lazy_dataclasses import dataclass
from noderepl.service.futures import Future
from noderepl.service.launcher import discard
from noderepl.service.lines import Lines
from noderepl.service.long_messages import LONG, in_turn
from noderepl.service.messages import parse
from noderepl.service.processes import all_processes, family, with_variable
from noderepl.service.sandbox import DATA, Limits
from noderepl.service.spawned import Spawned, StartFailed, kill_group

# Bytes that are read before they are processed; a process that writes faster waits. They are still
# processed after the process' end, so they must take a moment only.
_READ_AHEAD = 64 * 1024
_LAST_WORDS = 4096
_PATIENCE = 1.0
_TURN = 0.005
_ROUNDS = 5
_Pipe = tuple[asyncio.StreamReader, asyncio.ReadTransport]


@dataclass(frozen=True, slots=True)
class Received:
    """A message. size: in bytes. values: the number of its values."""

    fields: dict[str, Any]
    size: int
    values: int


class Channel:
    """One process. Create it with `await Channel.open(started)`; after `close()` nothing of it
    remains.

    lines: of its answers.
    """

    def __init__(
        self, spawned: Spawned, requests: asyncio.StreamWriter, pipes: Sequence[_Pipe]
    ) -> None:
        self._sandbox_pid: int | None = None
        self._process = spawned.process
        self._ended = spawned.process.ended.in_loop(asyncio.get_running_loop())
        self._launch = spawned.launch
        self._reaper = spawned.reaper
        self._may_send = asyncio.Event()
        self._killed = False
        self._paused_at = 0.0
        self._true_path = str(spawned.launch.directory).encode()
        self._requests = requests
        self._last_words = b""
        answers, complaints, *status = (reader for reader, _ in pipes)
        self.lines = Lines(answers)
        self._status = status[0] if status else None
        self._transports = [transport for _, transport in pipes]
        self._listening = asyncio.create_task(self._listen(complaints))
        self._ending = asyncio.create_task(self._end_with_process())

    @classmethod
    async def open(cls, started: Future[Spawned]) -> Channel:
        """Connects to a process, which may not be ready yet on return. started: of
        Launcher.start(). Raises StartFailed.
        """
        try:
            spawned = await asyncio.shield(started.in_loop(asyncio.get_running_loop()))
            ends = (spawned.answers, spawned.complaints, spawned.status)
            pipes = [await _connect(end) for end in ends if end is not None]
            ours = socket.socket(fileno=spawned.requests.detach())
            _, requests = await asyncio.open_connection(sock=ours)
            return cls(spawned, requests, pipes)
        except OSError as error:
            discard(started)
            raise StartFailed(f"Node.js cannot be started: {error.strerror}.") from error
        except asyncio.CancelledError:
            discard(started)
            raise

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
                await asyncio.shield(self._ended)
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
                _kill(self.pid, signal.SIGCONT)  # a stopped process would not reap it

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
        kill_group(self.pid)

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
        code = await asyncio.shield(self._ended)
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
        await asyncio.shield(self._ended)
        self.kill()
        # By then, the output of the process itself has been read.
        await asyncio.sleep(_PATIENCE)
        self._transports[0].close()

    async def _listen(self, complaints: asyncio.StreamReader) -> None:
        while words := await complaints.read(_LAST_WORDS):
            self._last_words = (self._last_words + words)[-_LAST_WORDS:]


def _kill(pid: int, number: int = signal.SIGKILL) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


async def _connect(pipe: BinaryIO) -> _Pipe:
    reader = asyncio.StreamReader(limit=_READ_AHEAD)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader, transport
