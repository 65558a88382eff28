"""One Node.js process that runs one snippet at a time; worker.js is its other half and has the contract.

Knows nothing of identifiers, HTTP or other workers. Imports the standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from noderepl.service.node import MINIMUM
from noderepl.service.sandbox import DATA, Launch

OUTPUT_LIMIT = 64 * 1024 * 1024
_LINE_LIMIT = 4 * OUTPUT_LIMIT
_LATE_LIMIT = 256 * 1024
_STDERR_KEPT = 4096


class Ending(StrEnum):
    """Why a worker is no more."""

    TIMEOUT = "ExecutionTimeout"
    EXITED = "SessionProcessExited"
    OUTPUT = "OutputLimitExceeded"


class StartFailed(Exception):
    """Node.js did not come up; str() is a sentence with what it said."""


@dataclass(frozen=True, slots=True)
class ThrownError:
    """What a snippet threw, as the kernel's error message has it."""

    name: str
    message: str
    traceback: tuple[str, ...]

    @property
    def text(self) -> str:
        """The traceback, or where there is none the name and the message."""
        return "\n".join(self.traceback) or f"{self.name}: {self.message}"


@dataclass(frozen=True, slots=True)
class Ended:
    """A worker's end: words are a sentence for the user."""

    ending: Ending
    words: str


@dataclass(frozen=True, slots=True)
class Ran:
    """What one snippet gave. mime: its MIME bundle, empty if it failed. displays: bundles shown besides."""

    stdout: str
    stderr: str
    mime: dict[str, Any]
    displays: tuple[dict[str, Any], ...]
    error: ThrownError | None
    ended: Ended | None
    milliseconds: int


@dataclass(slots=True)
class _Streams:
    """Output as it comes in; size counts characters."""

    parts: dict[str, list[str]] = field(default_factory=lambda: {"stdout": [], "stderr": []})
    size: int = 0

    def add(self, name: str, text: str) -> None:
        self.parts[name].append(text)
        self.size += len(text)


@dataclass(slots=True)
class _Run:
    """The snippet that is running."""

    id: int
    streams: _Streams
    finished: asyncio.Future[None]
    mime: dict[str, Any] = field(default_factory=dict)
    displays: list[dict[str, Any]] = field(default_factory=list)
    error: ThrownError | None = None


class Worker:
    """A Node.js process. Make one with `await Worker.start(launch)`; `guid` names it, `version` is Node's own."""

    def __init__(self, process: asyncio.subprocess.Process, requests: asyncio.StreamWriter, launch: Launch) -> None:
        self.guid = str(uuid.uuid4())
        self.online: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.ended: Ended | None = None
        self._process = process
        self._sandbox_pid: int | None = None
        self._launch = launch
        self._requests = requests
        self._run: _Run | None = None
        self._runs = 0
        self._late = _Streams()
        self._exit_code: int | None = None
        self._complaints = b""
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def start(cls, launch: Launch) -> Worker:
        """Spawn the process; it need not be online yet when this returns. Raises StartFailed."""
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        answers, answers_end = os.pipe()
        # bubblewrap closes the descriptor that it reports to before it starts Node.
        report_end = os.dup(answers_end)
        channels = {"NODE_CHANNEL_FD": str(theirs.fileno()), "NODEREPL_ANSWERS": str(answers_end)}
        reporting = ("--json-status-fd", str(report_end)) if launch.sandboxed else ()
        try:
            process = await asyncio.create_subprocess_exec(
                launch.argv[0],
                *reporting,
                *launch.argv[1:],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(), answers_end, report_end),
                start_new_session=True,
                cwd=launch.directory,
                env={**launch.environment, **channels},
            )
        except OSError as error:
            ours.close()
            os.close(answers)
            raise StartFailed(f"Node.js cannot be started: {error.strerror}.") from error
        finally:
            theirs.close()
            os.close(answers_end)
            os.close(report_end)
        incoming, requests = await asyncio.open_connection(sock=ours)
        reader = asyncio.StreamReader(limit=_LINE_LIMIT)
        pipe = os.fdopen(answers, "rb", buffering=0)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        worker = cls(process, requests, launch)
        worker._tasks = [
            asyncio.create_task(worker._read_answers(reader, transport)),
            asyncio.create_task(worker._read_complaints()),
            asyncio.create_task(_discard(incoming)),
        ]
        return worker

    async def run(self, code: str, timeout: float) -> Ran:
        """Run one snippet; what it does, even ending the process, is in the answer.

        timeout: seconds; afterwards the process is killed. One call at a time.
        Raises StartFailed if Node.js never came up.
        """
        self._runs += 1
        run = self._run = _Run(self._runs, self._late, asyncio.get_running_loop().create_future())
        self._late = _Streams()
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                if self.ended is None:
                    self._requests.write(json.dumps({"id": run.id, "code": code}).encode() + b"\n")
                    with contextlib.suppress(ConnectionError):
                        await self._requests.drain()
                    await run.finished
        except TimeoutError:
            await self._end(
                Ended(
                    Ending.TIMEOUT,
                    f"The snippet ran longer than {timeout:g} seconds and was ended: its variables are gone.",
                )
            )
        milliseconds = round((time.monotonic() - started) * 1000)
        self._run = None
        if self.ended is not None and not self.online.done():
            self.online.cancel()
            if self.ended.ending is not Ending.TIMEOUT:
                raise StartFailed(self._why_not_started())
        stdout, stderr = ("".join(run.streams.parts[name]) for name in ("stdout", "stderr"))
        return Ran(stdout, stderr, run.mime, tuple(run.displays), run.error, self.ended, milliseconds)

    async def close(self) -> None:
        """End the process and all of its group; nothing of it is left when this returns."""
        await self._end(Ended(Ending.EXITED, "The session was ended: its variables are gone."))

    async def _end(self, ended: Ended) -> None:
        self.ended = self.ended or ended
        self._kill()
        await self._process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _kill(self) -> None:
        """End everything: the first process of the sandbox, with which all others in it go, or else the group.

        Killing bubblewrap's outer process instead would leave the inner one for somebody else to collect.
        """
        with contextlib.suppress(ProcessLookupError):
            if self._process.returncode is not None and self._launch.sandboxed:
                return
            if self._sandbox_pid is not None:
                os.kill(self._sandbox_pid, signal.SIGKILL)
            else:
                os.killpg(self._process.pid, signal.SIGKILL)

    async def _read_answers(self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport) -> None:
        """Take in what the process says until it is gone; whoever closes the pipe is ended as well."""
        true_path = str(self._launch.directory).encode()
        try:
            while line := await reader.readline():
                self._take(json.loads(line.replace(true_path, DATA.encode())))
        except (ValueError, KeyError, TypeError, AttributeError):
            self.ended = self.ended or Ended(
                Ending.EXITED, "The session's process broke its connection to the pool: its variables are gone."
            )
        transport.close()
        self._kill()
        code = await self._process.wait()
        self._requests.close()
        self.ended = self.ended or Ended(Ending.EXITED, self._how_it_exited(code))
        if self._run is not None and not self._run.finished.done():
            self._run.finished.set_result(None)

    def _take(self, message: dict[str, Any]) -> None:
        run = self._run
        if "stdout" in message or "stderr" in message:
            self._take_output(message)
        elif "display" in message and run is not None:
            run.displays.append(message["display"])
        elif "online" in message:
            self._take_version(message["online"])
        elif "child-pid" in message and self._sandbox_pid is None:
            self._sandbox_pid = int(message["child-pid"])  # the first is bubblewrap's own, before any snippet can lie
        elif "exit" in message:
            self._exit_code = message["exit"]
        elif run is not None and message.get("id") == run.id:
            if "error" in message:
                error = message["error"]
                run.error = ThrownError(error["ename"], error["evalue"], tuple(error["traceback"]))
            else:
                run.mime = message["mime"]
            if message["end"] and not run.finished.done():
                run.finished.set_result(None)

    def _take_output(self, message: dict[str, str]) -> None:
        streams = self._run.streams if self._run is not None else self._late
        for name, text in message.items():
            streams.add(name, text)
        if self._run is None and streams.size > _LATE_LIMIT:
            self._late = _Streams()
        if streams.size > OUTPUT_LIMIT and self.ended is None:
            megabytes = OUTPUT_LIMIT // (1024 * 1024)
            self.ended = Ended(
                Ending.OUTPUT, f"The snippet wrote more than {megabytes} million characters and was ended"
            )
            self._kill()

    def _take_version(self, version: str) -> None:
        if int(version.partition(".")[0]) < MINIMUM:
            self._complaints = f"it is version {version}, and {MINIMUM} or later is needed".encode()
            self._kill()
        else:
            self.online.set_result(version)

    async def _read_complaints(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(_STDERR_KEPT):
            self._complaints = (self._complaints + chunk)[-_STDERR_KEPT:]

    def _how_it_exited(self, code: int) -> str:
        if self._exit_code is not None:
            how = f"was ended by process.exit({self._exit_code})"
        elif b"heap out of memory" in self._complaints:
            how = "ran out of memory"
        else:
            number = -code if code < 0 else code - 128
            known = number in {item.value for item in signal.Signals}
            how = f"was ended by {signal.Signals(number).name}" if known else f"ended with exit code {code}"
        return f"The session's process {how}: its variables are gone."

    def _why_not_started(self) -> str:
        said = self._complaints.decode("utf-8", "replace").strip()
        return f"Node.js could not be started: {said or 'it ended without a word'}."


async def _discard(incoming: asyncio.StreamReader) -> None:
    """Read what user code sends with process.send(), so that it never blocks; nobody is meant by it."""
    with contextlib.suppress(ConnectionError):
        while await incoming.read(65536):
            pass
