"""A session of a pool, with one method for each operation of the API."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from noderepl.client import decode_listings, http_errors, wire
from noderepl.client.circumstances import error_without_secrets
from noderepl.client.decode_execution import read_execution
from noderepl.client.decode_listings import ListedSession, PoolMetadata, SessionInfo
from noderepl.client.identifier import check_identifier
from noderepl.client.listing import all_files, all_sessions
from noderepl.client.retries import Retries, RetryListener
from noderepl.client.round_trips import RoundTrips
from noderepl.client.transport import Answer, Asking, Link, Relocate
from noderepl.client.uploads import Content, Progress, Upload, opened
from noderepl.errors import NotFound, ServiceError
from noderepl.outcome import Execution, RemoteFile, Status, Thrown
from noderepl.schema import number

if TYPE_CHECKING:
    import httpx

    from noderepl.client.http_response import HttpClient
    from noderepl.options import InputType

MARGIN_SECONDS = 30
# The prefix of the files that the prelude and the client exchange (javascript/output.py).
OWN_FILES = ".noderepl-"
# The embedded pool's own codes for answers after which the session's process is gone.
ENDINGS = frozenset(
    ["ExecutionTimeout", "SessionProcessExited", "OutputLimitExceeded", "SessionLimitExceeded"]
)


class Session:
    """A session of a pool, and the connections to the pool. Must not be used after aclose().

    `.is_asked`: whether a request was sent that creates the session. `.round_trips`: of snippets.
    """

    def __init__(
        self,
        link: Link,
        identifier: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        idle: float | None = None,
    ) -> None:
        """Sends nothing: the service creates the session at its first request.

        link: the connections to the pool. identifier: 4 to 128 characters, a secret. clock: returns
        seconds, for durations. wall: returns seconds that include the machine's sleep, for idle
        times. idle: seconds since the last use of the session, None for a new one. Raises
        UsageError.
        """
        self.identifier = check_identifier(identifier)
        self._link = link
        self._clock = clock
        self._wall = wall
        self._used = None if idle is None else wall() - idle
        self.is_asked = False
        self.round_trips = RoundTrips()

    def __repr__(self) -> str:
        return f"<Session at {self.endpoint}, api-version {self.dialect.version}>"

    @property
    def endpoint(self) -> str:
        """The pool's base URL."""
        return self._link.endpoint

    @property
    def dialect(self) -> wire.Dialect:
        """The dialect chosen so far; the first answer determines it."""
        return self._link.dialect

    @property
    def idle(self) -> float | None:
        """Seconds since the last answer to a call that resets the cooldown; None before the first
        answer.

        Snippets and file calls reset it (DOC-POOL); for GET /session this is not known.
        """
        return None if self._used is None else max(0.0, self._wall() - self._used)

    @property
    def is_unsent(self) -> bool:
        """Whether requests were made, but none was sent: there is no connection or no token."""
        return self.is_asked and not self._link.has_sent

    def renewed(self, identifier: str) -> Session:
        """Returns another session of the same pool, over the same connections and with the same
        dialect.

        aclose() of either closes the connections of both. Raises UsageError for an invalid
        identifier.
        """
        return Session(self._link, identifier, clock=self._clock, wall=self._wall)

    async def execute(
        self,
        code: str,
        *,
        input_type: InputType = "inline",
        timeout: int = 60,
        repeatable: bool = False,
    ) -> Execution:
        """Runs a snippet and returns its outcome. A snippet that throws or times out is a value,
        not an error.

        timeout: the time limit of the service in seconds, 1 to 220; the client waits for the answer
        for 30 s longer. repeatable: whether the snippet is idempotent; otherwise it is not sent
        again after it may have run. Raises ServiceError and NotAuthorised; its `doubt` states that
        the snippet may have run.
        """
        started = self._clock()
        asking = Asking(
            lambda dialect: dialect.execute(self.identifier, code, input_type, timeout),
            self.identifier,
            read_seconds=timeout + MARGIN_SECONDS,
            repeatable=repeatable,
        )
        try:
            answer = await self._use(asking)
        except ServiceError as exc:
            if not http_errors.is_execution_timeout(exc):
                raise
            thrown = Thrown(exc.code or "ExecutionTimeout", str(exc))
            took = self._clock() - started
            return Execution(Status.TIMEOUT, error=thrown, milliseconds=round(took * 1000))
        measured = number(answer.response.headers.get("x-ms-container-execution-duration", ""))
        ran = None if measured is None else measured / 1000
        took = self._clock() - started
        self.round_trips.add(took, code, ran=ran, is_brief=repeatable)
        execution: Execution = await answer.read(
            lambda body: read_execution(
                body,
                jupyter=answer.dialect.jupyter,
                measured=round(took * 1000 if measured is None else measured),
            )
        )
        headers = answer.response.headers
        return replace(
            execution,
            error=execution.error and error_without_secrets(execution.error, answer.about.secrets),
            # A header that was sent twice is one text here.
            guid=headers.get("x-ms-session-guid", "").partition(",")[0],
            is_allocated=headers.get("x-ms-new-allocation", "").lower().startswith("true"),
            lost=execution.error is not None and execution.error.name in ENDINGS,
        )

    async def files(self, directory: str = "") -> tuple[RemoteFile, ...]:
        """Returns the files of a directory, without noderepl's own.

        directory: relative to /mnt/data; "" for itself. Raises ServiceError and NotAuthorised.
        """
        answer = await self._use(
            Asking(lambda dialect: dialect.files(self.identifier, directory), self.identifier)
        )
        found = await all_files(answer, self._ask, self._clock)
        return tuple(file for file in found if not file.name.startswith(OWN_FILES))

    async def file(self, name: str) -> RemoteFile:
        """Returns size and age of one file.

        name: relative to /mnt/data or absolute below it. Raises UsageError for a name that the
        service forbids, NotFound, ServiceError and NotAuthorised.
        """
        answer = await self._use(
            Asking(lambda dialect: dialect.file(self.identifier, name), self.identifier)
        )
        found: RemoteFile = await answer.read(decode_listings.read_file)
        return found

    async def upload(self, source: Path, name: str, progress: Progress | None = None) -> RemoteFile:
        """Uploads a file as a stream from the disk; replaces a file of that name in the session.

        source: a file on this machine. name: its name in the session. progress: called with bytes
        sent and bytes in all. Raises LocalFileError, UsageError for a name that the service
        forbids, TooLarge, ServiceError and NotAuthorised.
        """
        with opened(source, progress) as stream:
            size = stream.total
            answer = await self._send(name, stream, size)
        if not answer.response.content:
            return RemoteFile(name, size)
        uploaded: RemoteFile = await answer.read(decode_listings.read_file)
        return uploaded

    async def write(self, name: str, data: bytes, progress: Progress | None = None) -> None:
        """Uploads bytes as a file. name, progress: as for upload(). Raises as upload() does."""
        await self._send(name, Content(data, progress) if progress else data, len(data))

    async def _send(self, name: str, content: Upload | Content | bytes, size: int) -> Answer:
        _, base = wire.split_name(name)
        return await self._use(
            Asking(
                lambda dialect: dialect.upload(self.identifier, name),
                self.identifier,
                attach=lambda: {"file": (base, content)},
                sends=size,
            )
        )

    async def download(self, name: str, sink: BinaryIO, progress: Progress | None = None) -> int:
        """Writes a file's bytes to sink as they arrive. Returns their number.

        progress: called with bytes received and bytes in all. Raises as file() does, and the
        OSError of sink; data that was written before stays in sink.
        """
        start = sink.tell()

        async def once() -> int:
            sink.seek(start)
            sink.truncate()
            return await self._receive(name, sink, progress)

        return await self._link.repeat(once, repeatable=True)

    async def fetch(self, name: str, *, most: int, repeats: bool = True) -> bytes:
        """Returns a file's bytes.

        most: the maximum size in bytes, checked as they arrive. repeats: whether to retry after
        transient failures. Raises as file() does, and MalformedAnswer for a larger file.
        """

        async def once() -> bytes:
            content = bytearray()
            async with self._content(name, is_transfer=False) as answer:
                async for chunk in answer.chunks(most):
                    content += chunk
            return bytes(content)

        return await self._link.repeat(once, repeatable=True) if repeats else await once()

    async def _receive(self, name: str, sink: BinaryIO, progress: Progress | None) -> int:
        received = 0
        async with self._content(name, is_transfer=True) as answer:
            headers = answer.response.headers
            length = (
                None if "content-encoding" in headers else number(headers.get("content-length", ""))
            )
            total = None if length is None else int(length)
            async for chunk in answer.chunks():
                sink.write(chunk)
                received += len(chunk)
                if progress is not None:
                    progress(received, total)
        return received

    @asynccontextmanager
    async def _content(self, name: str, *, is_transfer: bool) -> AsyncIterator[Answer]:
        """Yields the answer with a file's content, unread. is_transfer: as in Asking."""
        asking = Asking(
            lambda dialect: dialect.content(self.identifier, name),
            self.identifier,
            is_transfer=is_transfer,
        )
        self.is_asked = True
        async with self._link.open(asking) as answer:
            self._used = self._wall()
            if not name.lower().endswith((".htm", ".html")):
                await answer.refuse_page()
            yield answer

    async def remove(self, name: str) -> None:
        """Deletes one file. Raises as file() does."""
        await self._removed(lambda dialect: dialect.remove(self.identifier, name))

    async def info(self) -> SessionInfo:
        """Returns when the session was created and expires. Raises UnsupportedVersion before
        2025-02-02-preview, NotFound.
        """
        answer = await self._ask(lambda dialect: dialect.info(self.identifier))
        found: SessionInfo = await answer.read(decode_listings.read_info)
        return found

    async def delete(self) -> None:
        """Deletes the session with its state and files. Raises UnsupportedVersion before
        2025-02-02-preview, NotFound.
        """
        await self._removed(lambda dialect: dialect.delete(self.identifier))

    async def metadata(self) -> PoolMetadata:
        """Returns runtimes and packages of the pool. Raises UnsupportedVersion before
        2025-02-02-preview.
        """
        answer = await self._ask(lambda dialect: dialect.metadata())
        found: PoolMetadata = await answer.read(decode_listings.read_metadata)
        return found

    async def sessions(self) -> list[ListedSession]:
        """Returns the sessions of the pool. Raises UnsupportedVersion if it does not list them."""
        return await all_sessions(self._ask, self._clock)

    async def aclose(self) -> None:
        """Closes the connections, also those of renewed() sessions; the remote session stays until
        its cooldown ends.
        """
        await self._link.aclose()

    async def _use(self, asking: Asking) -> Answer:
        """Sends a request that creates the session if necessary and resets its idle time."""
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
            # On a retry, the first attempt, whose answer was lost, may have deleted it.
            if error.tries == 1:
                raise


def open_session(
    endpoint: str,
    identifier: str,
    *,
    api_version: str = "auto",
    client: HttpClient | None = None,
    auth: httpx.Auth | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    wait: float = 0,
    on_retry: RetryListener = lambda _: None,
    relocate: Relocate | None = None,
    **more: Any,
) -> Session:
    """Returns a session with new connections.

    endpoint: the pool's base URL, or any URL below it that runs code. api_version: "auto" or one of
    wire.VERSIONS. auth: from auth.make_auth. transport: replaces the network. client, relocate: as
    for Link. wait: the seconds of retries while the pool is full. on_retry: called before a retry,
    and with None after it. more: as for Session. Raises UsageError.
    """
    given: Any = {"client": client, "auth": auth, "transport": transport, "relocate": relocate}
    link = Link(endpoint, api_version=api_version, retries=Retries(wait, on_retry), **given)
    return Session(link, identifier, **more)
