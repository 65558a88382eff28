"""One Node.js process that runs one snippet at a time; worker.js is the other side and documents
the protocol.

This module does not depend on identifiers, HTTP or other workers. It imports the standard library
only.
"""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from enum import StrEnum
from typing import Any

from noderepl.exit_codes import end_of, signal_of
from noderepl.lazy_dataclasses import dataclass
from noderepl.service.channel import Channel, Received
from noderepl.service.collecting import Run, Streams
from noderepl.service.futures import Future
from noderepl.service.lines import HALF_SECONDS, OUTPUT_LIMIT, HalfLine, LineTooLong
from noderepl.service.messages import (
    MOST_VALUES,
    Display,
    Exit,
    Message,
    Online,
    Output,
    Result,
    ThrownError,
    TooManyValues,
    understand,
)
from noderepl.service.node import MINIMUM
from noderepl.service.spawned import Spawned, StartFailed

_LATE_LIMIT = 256 * 1024
_LAST_LOOK = 0.05
# The minimum cost of reading a message, in bytes of a long one.
_MESSAGE_SIZE = 64


class Ending(StrEnum):
    """Why a worker ended."""

    TIMEOUT = "ExecutionTimeout"
    EXITED = "SessionProcessExited"
    OUTPUT = "OutputLimitExceeded"
    LIMIT = "SessionLimitExceeded"


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a worker: words are a sentence for the user."""

    ending: Ending
    words: str


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of one snippet. mime: its MIME bundle, empty if it failed. displays: further
    bundles to show. size: the approximate size of all of it, in bytes.
    """

    stdout: str
    stderr: str
    mime: dict[str, Any]
    displays: tuple[dict[str, Any], ...]
    error: ThrownError | None
    ended: Ended | None
    milliseconds: int
    size: int


class Worker:
    """A Node.js process. Create one with `await Worker.start(started)`.

    guid: its name. online: the future of Node's version, or StartFailed. ended: set when it has
    ended.
    """

    def __init__(self, channel: Channel) -> None:
        self.guid = str(uuid.uuid4())
        self.online: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.ended: Ended | None = None
        self._channel = channel
        self._run: Run | None = None
        self._runs = 0
        self._late = Streams()
        # Bytes that arrived since the latest snippet began and are not part of its answer.
        self._unasked = 0
        self._exit_code: int | None = None
        self._closed = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, started: Future[Spawned]) -> Worker:
        """Takes a process, which may not be online yet on return. started: of Launcher.start().
        Raises StartFailed.
        """
        return cls(await Channel.open(started))

    @property
    def pid(self) -> int:
        """The id of the process from which all others of the worker descend."""
        return self._channel.pid

    @property
    def home(self) -> str | None:
        """The home that identifies orphaned processes of the worker; None in a sandbox."""
        return self._channel.home

    @property
    def busy(self) -> bool:
        """Whether a snippet runs."""
        return self._run is not None

    def exceed(self, words: str) -> None:
        """Ends the process because it exceeded a limit. words: the limit, to follow "because"."""
        self._note_end(Ending.LIMIT, f"The session was ended because {words}")
        self._channel.kill()

    async def run(self, code: str, timeout: float) -> Ran:
        """Runs one snippet. Whatever it does, even ending the process, is in the returned result.
        One call at a time.

        Includes output that arrived since the last snippet ended. timeout: seconds; then the
        process is killed. Raises StartFailed if Node.js never started.
        """
        self._runs += 1
        run = self._run = Run(self._runs, self._late, asyncio.get_running_loop().create_future())
        self._late = Streams()
        self._unasked = 0
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                if self.ended is None:
                    self._channel.lines.is_awaited = True
                    await self._channel.send({"id": run.id, "code": code})
                    await asyncio.shield(run.finished)
        except TimeoutError:
            # If this process was stopped meanwhile, the answer may already be waiting.
            await asyncio.wait([run.finished], timeout=_LAST_LOOK)
        if self.ended is None and not run.finished.done():
            await self._end(
                Ending.TIMEOUT, f"The snippet ran longer than {timeout:g} s and was ended"
            )
        milliseconds = round((time.monotonic() - started) * 1000)
        self._run = None
        if self.ended is not None:
            await asyncio.wait([self._reading])
            # A session that ends while Node.js starts does not mean that Node.js cannot start.
            if (
                self.ended.ending is Ending.EXITED
                and not self._closed
                and self.online.exception() is not None
            ):
                raise StartFailed(str(self.online.exception()))
        stdout, stderr = map(run.streams.text, ("stdout", "stderr"))
        displays = tuple(shown.content for shown in run.displays.values())
        size = run.streams.size + run.size + run.result_size
        return Ran(stdout, stderr, run.mime, displays, run.error, self.ended, milliseconds, size)

    async def close(self) -> None:
        """Ends the process and all of its group; no process of it remains on return."""
        self._closed = True
        await self._end(Ending.EXITED, "The session was ended")

    async def _end(self, ending: Ending, words: str) -> None:
        self._note_end(ending, words)
        self._channel.kill()
        await asyncio.wait([self._reading])

    def _note_end(self, ending: Ending, words: str) -> None:
        self.ended = self.ended or Ended(ending, f"{words}: its variables are gone.")

    async def _read(self) -> None:
        """Processes the messages of the process until it ends; ends a process that closes or
        corrupts the pipe.
        """
        try:
            while (received := await self._channel.receive()) is not None:
                self._take(received)
        except LineTooLong:
            self._exceed_output("The snippet answered with")
        except HalfLine:
            self._note_end(
                Ending.OUTPUT,
                "The session's process sent a part of a message, outside of a snippet's answer, and"
                f" not the rest within {HALF_SECONDS:g} s, and was ended",
            )
        except TooManyValues:
            self._note_end(
                Ending.OUTPUT,
                f"The snippet answered with more than {MOST_VALUES:,} values and was ended",
            )
        except ValueError:
            self._note_end(Ending.EXITED, "The session's process broke its connection to the pool")
        except OSError as error:
            self._note_end(
                Ending.EXITED,
                f"The limits of the session's process cannot be set: {error.strerror}",
            )
            if not self.online.done():
                self.online.set_exception(
                    StartFailed(f"The limits of Node.js cannot be set: {error.strerror}.")
                )
        finally:
            code, last_words = await self._channel.close()
            self._note_exit(code, last_words)
            if not self.online.done():
                self.online.set_exception(
                    StartFailed(f"Node.js did not start: {last_words or f'it {end_of(code)}'}.")
                )
            self.online.exception()  # the exception may not be awaited
            if self._run is not None and not self._run.finished.done():
                self._run.finished.set_result(None)

    def _take(self, received: Received) -> None:
        """Processes a message. Raises ValueError if it is invalid, TooManyValues."""
        if self.ended is not None and self.ended.ending is Ending.OUTPUT:
            return  # messages after the limit was reached are not part of the answer
        message = understand(received.fields)
        if not self._is_asked(message):
            self._unasked += max(received.size, _MESSAGE_SIZE)
            if self._unasked > OUTPUT_LIMIT:
                self._exceed_output("The session's process sent, outside of a snippet's answer,")
                return
        match message:
            case Output() as output:
                self._take_output(output)
            case Display() as display if self._run is not None:
                self._run.show(display, received.size, received.values)
                self._check_size(self._run.streams)
            case Online(version) if not self.online.done():
                self._take_version(version)
            case Exit(code):
                self._exit_code = code
            case Result() as result:
                self._take_result(result, received)

    def _is_asked(self, message: Message) -> bool:
        """Returns whether a message is part of the answer to the running snippet."""
        if isinstance(message, Result):
            return self._run is not None and message.id == self._run.id and message.is_last
        return self._run is not None and isinstance(message, (Output, Display))

    def _take_result(self, result: Result, received: Received) -> None:
        run = self._run
        if run is None or result.id != run.id or run.finished.done():
            return
        run.result(result.mime, result.error, received.size, received.values)
        if result.is_last:
            run.finished.set_result(None)
            # Messages from here on are late, even if they arrive before run() continues.
            self._run = None
            self._channel.lines.is_awaited = False

    def _take_output(self, output: Output) -> None:
        streams = self._run.streams if self._run is not None else self._late
        streams.add(output)
        if self._run is None and streams.size > _LATE_LIMIT:
            self._late = Streams()
        self._check_size(streams)

    def _check_size(self, streams: Streams) -> None:
        if streams.size + (self._run.size if self._run is not None else 0) > OUTPUT_LIMIT:
            self._exceed_output("The snippet wrote")

    def _exceed_output(self, did: str) -> None:
        self._note_end(Ending.OUTPUT, f"{did} more than {OUTPUT_LIMIT >> 20} MB and was ended")
        self._channel.kill()

    def _take_version(self, version: str) -> None:
        if int(version.partition(".")[0]) >= MINIMUM:
            self.online.set_result(version)
        else:
            words = (
                f"Node.js did not start: it is version {version}, and {MINIMUM} or later is needed."
            )
            self.online.set_exception(StartFailed(words))
            self._channel.kill()

    def _note_exit(self, code: int, last_words: str) -> None:
        if self._exit_code is not None:
            how = f"was ended by process.exit({self._exit_code})"
        elif "heap out of memory" in last_words:
            how = "ran out of memory (--memory allows more)"
        elif signal_of(code) == signal.SIGXFSZ:
            self.exceed(self._channel.limits.too_large)
            return
        else:
            how = end_of(code)
        self._note_end(Ending.EXITED, f"The session's process {how}")
