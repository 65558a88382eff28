"""One Node.js process that runs one snippet at a time; worker.js is its other half and has the contract.

Knows nothing of identifiers, HTTP or other workers. Imports the standard library only.
"""

from __future__ import annotations

import asyncio
import json
import signal
import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from noderepl.service.channel import Channel, StartFailed
from noderepl.service.node import MINIMUM
from noderepl.service.sandbox import Launch

OUTPUT_LIMIT = 64 * 1024 * 1024
_LATE_LIMIT = 256 * 1024


class Ending(StrEnum):
    """Why a worker is no more."""

    TIMEOUT = "ExecutionTimeout"
    EXITED = "SessionProcessExited"
    OUTPUT = "OutputLimitExceeded"
    CEILING = "SessionCeilingExceeded"


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
                    await run.finished
        except TimeoutError:
            await self._end(Ending.TIMEOUT, f"The snippet ran longer than {timeout:g} s and was ended")
        milliseconds = round((time.monotonic() - started) * 1000)
        self._run = None
        if self.ended is not None:
            await asyncio.wait([self._reading])
            if self.ended.ending is Ending.EXITED and self.online.exception() is not None:
                raise StartFailed(str(self.online.exception()))
        stdout, stderr = ("".join(run.streams.parts[name]) for name in ("stdout", "stderr"))
        return Ran(stdout, stderr, run.mime, tuple(run.displays), run.error, self.ended, milliseconds)

    async def close(self) -> None:
        """End the process and all of its group; nothing of it is left when this returns."""
        await self._end(Ending.EXITED, "The session was ended")

    async def _end(self, ending: Ending, words: str) -> None:
        self._note_end(ending, words)
        self._channel.kill()
        # A process that left the group may hold the pipe open for ever.
        await asyncio.wait([self._reading], timeout=1.0)
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    def _note_end(self, ending: Ending, words: str) -> None:
        self.ended = self.ended or Ended(ending, f"{words}: its variables are gone.")

    async def _read(self) -> None:
        """Take in what the process says until it is gone; whoever closes or spoils the pipe is ended as well."""
        try:
            while (message := await self._channel.receive()) is not None:
                self._take(message)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._note_end(Ending.EXITED, "The session's process broke its connection to the pool")
        finally:
            code, last_words = await self._channel.close()
            self._note_exit(code, last_words)
            if not self.online.done():
                self.online.set_exception(StartFailed(f"Node.js did not start: {last_words or 'it gave no reason'}."))
            self.online.exception()  # nobody may be waiting for it
            if self._run is not None and not self._run.finished.done():
                self._run.finished.set_result(None)

    def _take(self, message: dict[str, Any]) -> None:
        run = self._run
        if "stdout" in message or "stderr" in message:
            self._take_output(message)
        elif "display" in message:
            self._take_display(message["display"])
        elif "online" in message and not self.online.done():
            self._take_version(str(message["online"]))
        elif "exit" in message:
            self._exit_code = int(message["exit"])
        elif run is not None and message.get("id") == run.id and not run.finished.done():
            if "error" in message:
                error = message["error"]
                run.error = ThrownError(error["ename"], error["evalue"], tuple(error["traceback"]))
            else:
                mime = message.get("mime")
                run.mime = mime if isinstance(mime, dict) else {}
            if message["end"]:
                run.finished.set_result(None)
                self._run = None  # what comes from here on is late, even if it comes before run() goes on

    def _take_output(self, message: dict[str, Any]) -> None:
        streams = self._run.streams if self._run is not None else self._late
        for name, text in message.items():
            streams.add(name, text)
        if self._run is None and streams.size > _LATE_LIMIT:
            self._late = _Streams()
        if streams.size > OUTPUT_LIMIT:
            self._note_end(Ending.OUTPUT, f"The snippet wrote more than {OUTPUT_LIMIT >> 20} MB and was ended")
            self._channel.kill()

    def _take_display(self, display: dict[str, Any]) -> None:
        """Keep what is shown besides the result; what has the id of something shown before replaces it."""
        if self._run is None:
            return
        shown = self._run.displays
        same = [place for place, other in enumerate(shown) if _same_id(other, display)]
        if same:
            shown[same[0]] = display
        else:
            shown.append(display)

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


def _same_id(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether both have an id and it is the same one, of whatever JSON type; to Python, false would be 0."""
    if "display_id" not in one or "display_id" not in other:
        return False
    return json.dumps(one["display_id"]) == json.dumps(other["display_id"])
