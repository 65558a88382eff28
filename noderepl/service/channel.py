"""A spawned Node.js process and the pipes to it: requests, answers, and its last words. Knows no message's meaning."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any, BinaryIO

from noderepl.service.messages import parse
from noderepl.service.processes import all_processes, family, with_variable
from noderepl.service.sandbox import DATA, Ceilings, Launch
from noderepl.service.survivor import Survivor

OUTPUT_LIMIT = 64 * 1024 * 1024
# What has to be kept of a message until its end comes; around a piece of output is little.
LINE_LIMIT = OUTPUT_LIMIT + 64 * 1024
_LAST_WORDS = 4096
_PATIENCE = 1.0
_ROUNDS = 5
_THREADS = 16  # of one Node.js process, and some to spare
_Pipe = tuple[asyncio.StreamReader, asyncio.ReadTransport]


class StartFailed(Exception):
    """Node.js did not come up; str() is a sentence with what it said."""


class LineTooLong(Exception):
    """The process wrote a message that is larger than any answer may be."""


class Channel:
    """One process. Make it with `await Channel.open(launch)`; `close()` leaves nothing of it."""

    def __init__(
        self,
        launch: Launch,
        process: asyncio.subprocess.Process,
        requests: asyncio.StreamWriter,
        incoming: asyncio.StreamReader,
        survivor: Survivor | None,
        *pipes: _Pipe,
    ) -> None:
        self._sandbox_pid: int | None = None
        self._process = process
        self._launch = launch
        self._survivor = survivor
        self._may_send = asyncio.Event()
        self._killed = False
        self._true_path = str(launch.directory).encode()
        self._requests = requests
        self._last_words = b""
        self._answers, complaints = (reader for reader, _ in pipes)
        self._transports = [transport for _, transport in pipes]
        self._reading = [asyncio.create_task(self._listen(complaints)), asyncio.create_task(_discard(incoming))]
        self._ending = asyncio.create_task(self._end_with_process())

    @classmethod
    async def open(cls, launch: Launch) -> Channel:
        """Spawn the process; it need not be ready to answer when this returns. Raises StartFailed."""
        try:
            with contextlib.ExitStack() as kept:
                return await cls._open(launch, kept)
        except OSError as error:
            raise StartFailed(f"Node.js cannot be started: {error.strerror}.") from error

    @classmethod
    async def _open(cls, launch: Launch, kept: contextlib.ExitStack) -> Channel:
        """As open(). kept: what the process leaves behind if it does not come to a channel. Raises OSError."""
        with contextlib.ExitStack() as given:
            ours, theirs = socket.socketpair()
            kept.callback(ours.close)
            given.callback(theirs.close)
            answers, answers_end = _pipe(kept, given)
            complaints, complaints_end = _pipe(kept, given)
            # bubblewrap closes the descriptor that it reports to before it starts Node.
            report_end = os.dup(answers_end)
            given.callback(os.close, report_end)
            survivor = None if launch.sandboxed else Survivor()
            if survivor is not None:
                kept.callback(survivor.close)
            channels = {"NODE_CHANNEL_FD": str(theirs.fileno()), "NODEREPL_ANSWERS": str(answers_end)}
            reporting = ("--json-status-fd", str(report_end)) if launch.sandboxed else ()
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
            kept.callback(_kill_group, process.pid)
        if survivor is not None:
            survivor.guard(process.pid, launch.environment["HOME"])
        pipes = (await _connect(answers), await _connect(complaints))
        incoming, requests = await asyncio.open_connection(sock=ours)
        kept.pop_all()
        return cls(launch, process, requests, incoming, survivor, *pipes)

    @property
    def pid(self) -> int:
        """The process' id; all that it starts in a sandbox, and out of one nearly all, descends from it."""
        return self._process.pid

    @property
    def ceilings(self) -> Ceilings:
        """What the process may take."""
        return self._launch.ceilings

    @property
    def home(self) -> str | None:
        """What HOME is in the process and in those that it starts; None in a sandbox, where it is always the same."""
        return None if self._launch.sandboxed else self._launch.environment["HOME"]

    async def send(self, message: dict[str, Any]) -> None:
        """Send one request once the process has said something; one that is gone is no error here, receive() tells."""
        await self._may_send.wait()
        self._requests.write(json.dumps(message).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            await self._requests.drain()

    async def receive(self) -> tuple[dict[str, Any], int] | None:
        """The next message and its bytes; in it the session's directory is called /mnt/data. None: no more will come.

        Raises ValueError if what came is no message, as user code can write to the pipe too, LineTooLong, and OSError
        if the process' limits cannot be set.
        """
        while True:
            try:
                line = await self._answers.readline()
            except ValueError as error:
                raise LineTooLong from error
            if not line:
                return None
            message = parse(line.replace(self._true_path, DATA.encode()))
            if not (self._launch.sandboxed and self._is_of_bubblewrap(message)):
                break
        if not self._may_send.is_set():
            self._limit()
            self._may_send.set()
        return message, len(line)

    def _is_of_bubblewrap(self, message: dict[str, Any]) -> bool:
        """Take in bubblewrap's own words: its first line comes before Node could say anything, its last has the end."""
        if self._sandbox_pid is not None:
            return message.keys() == {"exit-code"}
        self._sandbox_pid = int(message.get("child-pid", ""))
        return True

    def kill(self) -> None:
        """End everything: the first process of the sandbox, with which all others in it go, or else all that is found.

        Killing bubblewrap's outer process instead would leave the inner one for somebody else to collect.
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
        """Kill the group, those that left it, and those whose parent is gone but that have this session's home."""
        try:
            for _ in range(_ROUNDS):
                processes = all_processes()
                # In a sandbox nothing outlives the first process.
                found = set() if self.home is None else with_variable("HOME", [self.home])[self.home]
                if self._process.returncode is None:
                    found.update(family(processes, self.pid))
                alive = [pid for pid in found if pid in processes and not processes[pid].is_dead]
                for pid in alive:
                    _kill(pid)
                if not alive:
                    break
            self._killed = True
        except OSError:
            pass  # /proc cannot be read for now: the next call looks for those that left the group
        _kill_group(self.pid)

    def _limit(self) -> None:
        """Set the limits that children inherit. The process waits for its first request, so it has none yet."""
        if sys.platform == "linux":
            import resource

            ceilings = self._launch.ceilings
            limits = {resource.RLIMIT_FSIZE: ceilings.file, resource.RLIMIT_CORE: 0}
            if self._launch.sandboxed:
                # A namespace counts its own threads only; the watcher counts processes, but a fork bomb may be faster.
                limits[resource.RLIMIT_NPROC] = ceilings.processes * _THREADS
            for pid in family(all_processes(), self.pid):
                for kind, limit in limits.items():
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        resource.prlimit(pid, kind, (limit, limit))

    async def close(self) -> tuple[int, str]:
        """Kill what is left and let go of the pipes; the process' exit code and its last words on stderr."""
        self.kill()
        self._may_send.set()
        code = await self._process.wait()
        if self._survivor is not None:
            self._survivor.close()
        # A process that left the group may still hold the other end: its words are not waited for.
        await asyncio.wait(self._reading, timeout=_PATIENCE)
        tasks = (*self._reading, self._ending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for transport in self._transports:
            transport.close()
        self._requests.close()
        return code, self._last_words.decode("utf-8", "replace").strip()

    async def _end_with_process(self) -> None:
        """Bring the answers to their end after the process', though another process may hold the pipe open."""
        await self._process.wait()
        self.kill()
        # What the process itself wrote has been read by then.
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


def _pipe(kept: contextlib.ExitStack, given: contextlib.ExitStack) -> tuple[BinaryIO, int]:
    """A pipe's end to read from, and the one to give away; each is closed with its stack."""
    end, other_end = os.pipe()
    given.callback(os.close, other_end)
    file = os.fdopen(end, "rb", buffering=0)
    kept.callback(file.close)
    return file, other_end


async def _connect(pipe: BinaryIO) -> _Pipe:
    reader = asyncio.StreamReader(limit=LINE_LIMIT)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader, transport


async def _discard(incoming: asyncio.StreamReader) -> None:
    """Read what user code sends with process.send(), so that it never blocks; nobody is meant by it."""
    with contextlib.suppress(ConnectionError):
        while await incoming.read(65536):
            pass
