"""One Node.js process that runs one snippet at a time; worker.js is its other half and has the contract.

Knows nothing of identifiers, HTTP or other workers. Imports the standard library only.
"""

from __future__ import annotations

import asyncio
import io
import signal
import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from noderepl.service.channel import OUTPUT_LIMIT, Channel, LineTooLong, StartFailed
from noderepl.service.messages import Display, Exit, Online, Output, Result, ThrownError, understand
from noderepl.service.node import MINIMUM
from noderepl.service.sandbox import Launch

_LATE_LIMIT = 256 * 1024
_LAST_LOOK = 0.05
# What a display takes besides its text, roughly.
_DISPLAY_SIZE = 1024


class Ending(StrEnum):
    """Why a worker is no more."""

    TIMEOUT = "ExecutionTimeout"
    EXITED = "SessionProcessExited"
    OUTPUT = "OutputLimitExceeded"
    CEILING = "SessionCeilingExceeded"


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
    """Output as it comes in, kept as text: a list of millions of small pieces would take far more. size: characters."""

    parts: dict[str, io.StringIO] = field(default_factory=lambda: {"stdout": io.StringIO(), "stderr": io.StringIO()})
    size: int = 0

    def add(self, output: Output) -> None:
        self.parts[output.stream].write(output.text)
        self.size += len(output.text)


@dataclass(slots=True)
class _Run:
    """The snippet that is running. displays: each with its size, by what it is replaced by. size: of all of them."""

    id: int
    streams: _Streams
    finished: asyncio.Future[None]
    mime: dict[str, Any] = field(default_factory=dict)
    displays: dict[str | int, tuple[dict[str, Any], int]] = field(default_factory=dict)
    size: int = 0
    error: ThrownError | None = None

    def show(self, display: Display, size: int) -> None:
        """Keep what is shown besides the result; what has the id of something shown before replaces it."""
        key = len(self.displays) if display.key is None else display.key
        _, before = self.displays.get(key, (None, 0))
        size += _DISPLAY_SIZE
        self.displays[key] = display.content, size
        self.size += size - before


class Worker:
    """A Node.js process. Make one with `await Worker.start(launch)`.

    guid: its name. online: becomes Node's version, or StartFailed. ended: set once it is no more.
    """

    def __init__(self, channel: Channel) -> None:
        self.guid = str(uuid.uuid4())
        self.online: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.ended: Ended | None = None
        self._channel = channel
        self._run: _Run | None = None
        self._runs = 0
        self._late = _Streams()
        self._exit_code: int | None = None
        self._closed = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, launch: Launch) -> Worker:
        """Spawn the process; it need not be online yet when this returns. Raises StartFailed."""
        return cls(await Channel.open(launch))

    @property
    def pid(self) -> int:
        """The id of the process that all others of the worker descend from."""
        return self._channel.pid

    @property
    def home(self) -> str | None:
        """The home by which processes of the worker can be told that lost their parent; None in a sandbox."""
        return self._channel.home

    @property
    def busy(self) -> bool:
        """Whether a snippet runs."""
        return self._run is not None

    def exceed(self, words: str) -> None:
        """End the process because it took too much. words: what of, to go after "because"."""
        self._note_end(Ending.CEILING, f"The session was ended because {words}")
        self._channel.kill()

    async def run(self, code: str, timeout: float) -> Ran:
        """Run one snippet; what it does, even ending the process, is in the answer. One call at a time.

        Output that came since the last snippet ended is taken along. timeout: seconds; then the process is killed.
        Raises StartFailed if Node.js never came up.
        """
        self._runs += 1
        run = self._run = _Run(self._runs, self._late, asyncio.get_running_loop().create_future())
        self._late = _Streams()
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                if self.ended is None:
                    await self._channel.send({"id": run.id, "code": code})
                    await asyncio.shield(run.finished)
        except TimeoutError:
            # Where this process was stopped meanwhile, the answer may be waiting already.
            await asyncio.wait([run.finished], timeout=_LAST_LOOK)
        if self.ended is None and not run.finished.done():
            await self._end(Ending.TIMEOUT, f"The snippet ran longer than {timeout:g} s and was ended")
        milliseconds = round((time.monotonic() - started) * 1000)
        self._run = None
        if self.ended is not None:
            await asyncio.wait([self._reading])
            # Who ends a session while Node starts has not found a Node that does not start.
            if self.ended.ending is Ending.EXITED and not self._closed and self.online.exception() is not None:
                raise StartFailed(str(self.online.exception()))
        stdout, stderr = (run.streams.parts[name].getvalue() for name in ("stdout", "stderr"))
        displays = tuple(display for display, _ in run.displays.values())
        return Ran(stdout, stderr, run.mime, displays, run.error, self.ended, milliseconds)

    async def close(self) -> None:
        """End the process and all of its group; nothing of it is left when this returns."""
        self._closed = True
        await self._end(Ending.EXITED, "The session was ended")

    async def _end(self, ending: Ending, words: str) -> None:
        self._note_end(ending, words)
        self._channel.kill()
        await asyncio.wait([self._reading])

    def _note_end(self, ending: Ending, words: str) -> None:
        self.ended = self.ended or Ended(ending, f"{words}: its variables are gone.")

    async def _read(self) -> None:
        """Take in what the process says until it is gone; whoever closes or spoils the pipe is ended as well."""
        try:
            while (received := await self._channel.receive()) is not None:
                self._take(*received)
        except LineTooLong:
            self._exceed_output("answered with")
        except ValueError:
            self._note_end(Ending.EXITED, "The session's process broke its connection to the pool")
        except OSError as error:
            self._note_end(Ending.EXITED, f"The pool cannot keep the session's process in its limits: {error.strerror}")
            if not self.online.done():
                self.online.set_exception(StartFailed(f"Node.js cannot be kept in its limits: {error.strerror}."))
        finally:
            code, last_words = await self._channel.close()
            self._note_exit(code, last_words)
            if not self.online.done():
                self.online.set_exception(StartFailed(f"Node.js did not start: {last_words or 'it gave no reason'}."))
            self.online.exception()  # nobody may be waiting for it
            if self._run is not None and not self._run.finished.done():
                self._run.finished.set_result(None)

    def _take(self, fields: dict[str, Any], size: int) -> None:
        """Act on a message. size: its bytes. Raises ValueError if it is none."""
        match understand(fields):
            case Output() as output:
                self._take_output(output)
            case Display() as display if self._run is not None:
                self._run.show(display, size)
                self._check_size(self._run.streams)
            case Online(version) if not self.online.done():
                self._take_version(version)
            case Exit(code):
                self._exit_code = code
            case Result() as result:
                self._take_result(result)

    def _take_result(self, result: Result) -> None:
        run = self._run
        if run is None or result.id != run.id or run.finished.done():
            return
        if result.error is not None:
            run.error = result.error
        else:
            run.mime = result.mime
        if result.is_last:
            run.finished.set_result(None)
            self._run = None  # what comes from here on is late, even if it comes before run() goes on

    def _take_output(self, output: Output) -> None:
        streams = self._run.streams if self._run is not None else self._late
        streams.add(output)
        if self._run is None and streams.size > _LATE_LIMIT:
            self._late = _Streams()
        self._check_size(streams)

    def _check_size(self, streams: _Streams) -> None:
        if streams.size + (self._run.size if self._run is not None else 0) > OUTPUT_LIMIT:
            self._exceed_output("wrote")

    def _exceed_output(self, did: str) -> None:
        self._note_end(Ending.OUTPUT, f"The snippet {did} more than {OUTPUT_LIMIT >> 20} MB and was ended")
        self._channel.kill()

    def _take_version(self, version: str) -> None:
        if int(version.partition(".")[0]) >= MINIMUM:
            self.online.set_result(version)
        else:
            words = f"Node.js did not start: it is version {version}, and {MINIMUM} or later is needed."
            self.online.set_exception(StartFailed(words))
            self._channel.kill()

    def _note_exit(self, code: int, last_words: str) -> None:
        number = -code if code < 0 else code - 128
        if self._exit_code is not None:
            how = f"was ended by process.exit({self._exit_code})"
        elif "heap out of memory" in last_words:
            how = "ran out of memory (--memory allows more)"
        elif number == signal.SIGXFSZ:
            self.exceed(self._channel.ceilings.too_large)
            return
        elif number in {item.value for item in signal.Signals}:
            how = f"was ended by {signal.Signals(number).name}"
        else:
            how = f"ended with exit code {code}"
        self._note_end(Ending.EXITED, f"The session's process {how}")
