"""A session of a pool: one method per operation of the API. Knows neither the terminal nor JavaScript."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urljoin

import httpx

from noderepl.client import listings, problems, wire
from noderepl.client.answers import read_execution
from noderepl.client.endpoint import origin
from noderepl.client.identifier import check_identifier
from noderepl.client.listings import PoolMetadata, SessionInfo
from noderepl.client.retries import Retries, Tell
from noderepl.client.transport import Answer, Asking, Link
from noderepl.client.uploads import Progress, opened
from noderepl.errors import NotFound, ServiceError
from noderepl.outcome import Execution, RemoteFile, Status, Thrown

if TYPE_CHECKING:
    from noderepl.settings import InputType

MARGIN_SECONDS = 30
# What the prelude and its client tell each other in files (javascript/output.py).
OWN_FILES = ".noderepl-"
# The embedded pool's own codes for answers that tell a loss themselves: it is not told a second time.
LOSSES = frozenset(["ExecutionTimeout", "SessionProcessExited", "OutputLimitExceeded", "SessionCeilingExceeded"])
REPLACED = "The session was replaced by an empty one: earlier variables are gone, and packages and files may be."


class Session:
    """A session of a pool, and the connections to the pool. Not to be used after aclose().

    `.is_asked`: whether something was sent that makes the service have such a session.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        identifier: str,
        api_version: str = "auto",
        auth: httpx.Auth | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        idle: float | None = None,
        wait: float = 0,
        tell: Tell = lambda _: None,
    ) -> None:
        """Send nothing yet: the service makes the session when it is first asked for something.

        endpoint: the pool's base URL, or any URL below it that runs code. identifier: 4 to 128 characters, a secret.
        api_version: "auto" or one of wire.VERSIONS. auth: from auth.make_auth. transport: instead of the network.
        clock: seconds, for durations. wall: seconds that go on while the machine sleeps, for idle times.
        idle: seconds since it was last used, None for a new one. wait: for how many seconds a full pool is asked again.
        tell: called when a call that failed will be tried again, and with None when that is over. Raises UsageError.
        """
        retries = Retries(wait, tell)
        link = Link(endpoint, api_version=api_version, auth=auth, transport=transport, retries=retries)
        self._begin(link, identifier, clock, wall, idle)

    def _begin(
        self,
        link: Link,
        identifier: str,
        clock: Callable[[], float],
        wall: Callable[[], float],
        idle: float | None = None,
    ) -> None:
        self.identifier = check_identifier(identifier)
        self._link = link
        self._clock = clock
        self._wall = wall
        self._used = None if idle is None else wall() - idle
        self.is_asked = False
        self._forget()

    def _forget(self) -> None:
        self._guid = ""
        self._has_run = False

    def __repr__(self) -> str:
        return f"<Session at {self.endpoint}, api-version {self.dialect.version}>"

    @property
    def endpoint(self) -> str:
        """The pool's base URL."""
        return self._link.endpoint

    @property
    def dialect(self) -> wire.Dialect:
        """The dialect chosen so far; settled by the first answer."""
        return self._link.dialect

    @property
    def idle(self) -> float | None:
        """Seconds since the last answer to a call that counts as use; None where nothing has been answered.

        Snippets and file calls count (DOC-POOL: the idle time is reset by each call); whether GET /session does is not
        known, so it is not counted.
        """
        return None if self._used is None else max(0.0, self._wall() - self._used)

    def renewed(self, identifier: str) -> Session:
        """Return another session of the same pool, over the same connections and with what is known of its dialect.

        aclose() of either closes the connections of both. Raises UsageError for a bad identifier.
        """
        other = object.__new__(type(self))
        other._begin(self._link, identifier, self._clock, self._wall)
        return other

    async def execute(
        self, code: str, *, input_type: InputType = "inline", timeout: int = 60, repeatable: bool = False
    ) -> Execution:
        """Run a snippet and return how it ended; a snippet that throws or takes too long is a value, not an error.

        timeout: seconds the service lets it run, 1 to 220; an answer is waited for 30 s longer. repeatable: whether
        running it twice is running it once; else it is not sent again once it may have run. Raises ServiceError and
        NotAuthorised; a `doubt` in it says that the snippet may have run.
        """
        started = self._clock()
        # Also where the answer is given up on: what was sent has been run, and may have been lost since.
        had_run, self._has_run = self._has_run, True
        asking = Asking(
            lambda dialect: dialect.execute(self.identifier, code, input_type, timeout),
            self.identifier,
            read_seconds=timeout + MARGIN_SECONDS,
            repeatable=repeatable,
        )
        try:
            answer = await self._use(asking)
        except ServiceError as exc:
            if not problems.is_execution_timeout(exc):
                raise
            thrown = Thrown(exc.code or "ExecutionTimeout", str(exc))
            return Execution(Status.TIMEOUT, error=thrown, milliseconds=self._since(started))
        measured = _milliseconds(answer.response.headers.get("x-ms-container-execution-duration"))
        execution: Execution = answer.read(
            lambda body: read_execution(
                body,
                jupyter=answer.dialect.jupyter,
                measured=self._since(started) if measured is None else measured,
            )
        )
        notes = self._notes(answer.response.headers, had_run)
        if execution.error is not None and execution.error.name in LOSSES:
            self._forget()
            execution = replace(execution, lost=True)
        return replace(execution, notes=notes, replaced=bool(notes))

    async def files(self) -> tuple[RemoteFile, ...]:
        """List the files of the session's /mnt/data, without noderepl's own. Raises ServiceError and NotAuthorised."""
        answer = await self._use(Asking(lambda dialect: dialect.files(self.identifier), self.identifier))
        found: list[RemoteFile] = []
        seen: set[str] = set()
        while True:
            page, link = answer.read(listings.read_files)
            found += page
            if link is None:
                return tuple(file for file in found if not file.name.startswith(OWN_FILES))
            following = _same_origin(answer, link)
            if following in seen:
                raise problems.malformed(answer.response, answer.about, "a listing whose pages go in a circle")
            seen.add(following)
            call = wire.Call("GET", "/files", subject="files", link=following)
            answer = await self._ask(lambda _, call=call: call)  # type: ignore[misc]

    async def file(self, name: str) -> RemoteFile:
        """Tell size and age of one file.

        name: relative to /mnt/data or absolute below it. Raises UsageError for a name the service forbids, NotFound,
        ServiceError and NotAuthorised.
        """
        answer = await self._use(Asking(lambda dialect: dialect.file(self.identifier, name), self.identifier))
        found: RemoteFile = answer.read(listings.read_file)
        return found

    async def upload(self, source: Path, name: str, progress: Progress | None = None) -> RemoteFile:
        """Send a file, streamed from disk; a file of that name in the session is replaced.

        source: a file on this machine. name: its name in the session. progress: told bytes sent and bytes in all.
        Raises LocalFileError, UsageError for a name the service forbids, TooLarge, ServiceError and NotAuthorised.
        """
        with opened(source, progress) as stream:
            answer = await self._send(name, stream)
            size = stream.total
        if not answer.response.content:
            return RemoteFile(name, size)
        told: RemoteFile = answer.read(listings.read_file)
        return told

    async def write(self, name: str, data: bytes) -> None:
        """Send bytes as a file. name: its name in the session. Raises as upload() does."""
        await self._send(name, data)

    async def _send(self, name: str, content: BinaryIO | bytes) -> Answer:
        _, base = wire.split_name(name)
        return await self._use(
            Asking(
                lambda dialect: dialect.upload(self.identifier, name),
                self.identifier,
                attach=lambda: {"file": (base, content)},
                is_transfer=True,
            )
        )

    async def download(self, name: str, sink: BinaryIO, progress: Progress | None = None) -> int:
        """Write a file's bytes to sink as they arrive, and return how many.

        progress: told bytes received and bytes in all. Raises as file() does, and the sink's own OSError; what is
        written by then stays in the sink.
        """
        start = sink.tell()

        async def once() -> int:
            sink.seek(start)
            sink.truncate()
            return await self._receive(name, sink, progress)

        return await self._link.repeat(once, repeatable=True)

    async def glance(self, name: str) -> bytes:
        """Return a file's bytes, asked for only once. Raises as file() does, also for what fails in passing."""
        sink = io.BytesIO()
        await self._receive(name, sink, None)
        return sink.getvalue()

    async def _receive(self, name: str, sink: BinaryIO, progress: Progress | None) -> int:
        asking = Asking(lambda dialect: dialect.content(self.identifier, name), self.identifier, is_transfer=True)
        received = 0
        self.is_asked = True
        async with self._link.open(asking) as answer:
            self._used = self._wall()
            if not name.lower().endswith((".htm", ".html")):
                await answer.refuse_page()
            headers = answer.response.headers
            length = headers.get("content-length", "")
            total = int(length) if length.isdecimal() and "content-encoding" not in headers else None
            async for chunk in answer.response.aiter_bytes():
                sink.write(chunk)
                received += len(chunk)
                if progress is not None:
                    progress(received, total)
        return received

    async def remove(self, name: str) -> None:
        """Delete one file. Raises as file() does."""
        await self._removed(lambda dialect: dialect.remove(self.identifier, name))

    async def info(self) -> SessionInfo:
        """Tell when the session began and ends. Raises UnsupportedVersion before 2025-02-02-preview, NotFound."""
        answer = await self._ask(lambda dialect: dialect.info(self.identifier))
        found: SessionInfo = answer.read(listings.read_info)
        return found

    async def delete(self) -> None:
        """End the session and all it holds. Raises UnsupportedVersion before 2025-02-02-preview, NotFound."""
        await self._removed(lambda dialect: dialect.delete(self.identifier))
        self._forget()

    async def metadata(self) -> PoolMetadata:
        """Tell runtimes and packages of the pool. Raises UnsupportedVersion before 2025-02-02-preview."""
        answer = await self._ask(lambda dialect: dialect.metadata())
        found: PoolMetadata = answer.read(listings.read_metadata)
        return found

    async def aclose(self) -> None:
        """Close the connections, also those of renewed() sessions; the remote session stays until it is idle."""
        await self._link.aclose()

    async def _use(self, asking: Asking) -> Answer:
        """Ask for what makes the session where there is none, and begins its idle time anew."""
        self.is_asked = True
        answer = await self._link.ask(asking)
        self._used = self._wall()
        return answer

    async def _ask(self, build: Callable[[wire.Dialect], wire.Call]) -> Answer:
        return await self._link.ask(Asking(build, self.identifier))

    async def _removed(self, build: Callable[[wire.Dialect], wire.Call]) -> None:
        try:
            await self._use(Asking(build, self.identifier))
        except NotFound as error:
            # It is gone by the try whose answer was lost.
            if error.tries == 1:
                raise

    def _since(self, started: float) -> int:
        return round((self._clock() - started) * 1000)

    def _notes(self, headers: httpx.Headers, had_run: bool) -> tuple[str, ...]:
        """Return what must be said of the session itself (headers: REC-NODE-2411, DOC-HDR), and remember it."""
        # A header that came twice is one text.
        guid = headers.get("x-ms-session-guid", "").partition(",")[0]
        other = bool(guid and self._guid and guid != self._guid)
        fresh = headers.get("x-ms-new-allocation", "").lower().startswith("true") and had_run
        self._guid = guid or self._guid
        return (REPLACED,) if other or fresh else ()


def _same_origin(answer: Answer, link: str) -> str:
    """Return the absolute URL of the next page; a token must not follow it to another origin."""
    asked = str(answer.response.url)
    try:
        following = urljoin(asked, link)
        if origin(following) == origin(asked):
            return following
    except ValueError:
        pass
    raise problems.malformed(answer.response, answer.about, "its next page is on another host")


def _milliseconds(header: str | None) -> int | None:
    try:
        return max(0, round(float(header))) if header else None
    except (ValueError, OverflowError):
        return None
