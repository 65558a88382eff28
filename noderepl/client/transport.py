"""The connections to one pool: sends calls with timeouts, and determines the dialect of the pool.

All sessions of the pool share them. http_errors.py and transport_errors.py map failures to errors;
retries.py decides which calls are retried. A call whose api-version or route the service rejected
was not processed, and is sent again in another dialect.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from noderepl.client import http_errors
from noderepl.client.circumstances import Circumstances
from noderepl.client.compression import UnknownCompression, decompressed
from noderepl.client.endpoint import base_url
from noderepl.client.http_response import HttpClient, Response, WholeResponse
from noderepl.client.retries import Retries
from noderepl.client.wire import Call, Dialect, first_dialect, older
from noderepl.errors import MalformedAnswer, NotFound, ServiceError, UnsupportedVersion
from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import Unfit, decode
from noderepl.threaded import worked

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
# The seconds that the whole answer may take in addition to its first byte, and the seconds for each
# byte that is sent.
SLOW_SECONDS = 120.0
SECONDS_PER_BYTE = 1 / 4096
# The maximum decompressed size of an answer that is read whole, and of the part of an error or of a
# page that is read.
MOST_BYTES = 16 << 20
ERROR_BYTES = 64 << 10
# The maximum size in bytes of an answer that is decoded in the event loop.
SHORT_ANSWER = 1 << 18
# The number of chunks of a body between two turns of the event loop.
TURN = 100

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Relocate:
    """How a pool is found again. pool: its name or resource id, as the user gave it. endpoint:
    returns its present endpoint, None if that is not known.
    """

    pool: str
    endpoint: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Asking:
    """The parameters of one operation.

    build: returns the call in a dialect. identifier: of the session; no error contains it.
    read_seconds: the timeout for a silent service. attach: returns the multipart fields, once per
    attempt. sends: the number of bytes of these fields, which extends the time limit. is_transfer:
    whether the answer is a file, which has no time limit. repeatable: whether the operation is
    idempotent.
    """

    build: Callable[[Dialect], Call]
    identifier: str = field(default="", repr=False)
    read_seconds: float = READ_SECONDS
    attach: Callable[[], Mapping[str, Any]] | None = None
    sends: int = 0
    is_transfer: bool = False
    repeatable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer, of which at least the head has arrived, and its request."""

    response: Response
    about: Circumstances

    async def chunks(self, most: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yields the body as it arrives, decompressed, in small chunks.

        most: the maximum size in bytes, None for no limit. Raises MalformedAnswer if the body is
        larger, or has an unsupported compression.
        """
        received = count = 0
        try:
            async for chunk in decompressed(self.response):
                received += len(chunk)
                count += 1
                if most is not None and received > most:
                    raise http_errors.too_long(most, self.about)
                yield chunk
                if count % TURN == 0:
                    # One read may return thousands of chunks of a few bytes.
                    await asyncio.sleep(0)
        except UnknownCompression as exc:
            raise http_errors.compressed(str(exc), self.about) from exc

    async def whole(self) -> Self:
        """Returns the answer with its body read and decompressed. Raises MalformedAnswer if the
        body is too large.
        """
        content = bytearray()
        async for chunk in self.chunks(MOST_BYTES):
            content += chunk
        return self._with(content)

    async def beginning(self) -> Self:
        """Returns the answer with the beginning of its body, which is enough to describe an error
        or a page.
        """
        content = bytearray()
        from httpx import DecodingError

        with contextlib.suppress(MalformedAnswer, DecodingError):
            async with contextlib.aclosing(self.chunks()) as chunks:
                async for chunk in chunks:
                    content += chunk
                    if len(content) >= ERROR_BYTES:
                        break
        return self._with(content[:ERROR_BYTES])

    def _with(self, content: bytearray) -> Self:
        was = self.response
        whole = WholeResponse(was.status_code, was.headers, bytes(content), was.url)
        return replace(self, response=whole)

    async def refuse_page(self) -> None:
        """Raises MalformedAnswer for an HTML page, such as a sign-in page."""
        if "html" in self.response.headers.get("content-type", "").lower():
            async with asyncio.timeout(SLOW_SECONDS):
                begun = await self.beginning()
            raise http_errors.malformed(begun.response, self.about)

    async def read(self, understand: Callable[[Any], Any]) -> Any:
        """Returns understand(the answer's JSON). The body must have been read. Raises
        MalformedAnswer.

        understand: called in a thread if the answer is long.
        """
        content = self.response.content
        try:
            return await worked(
                lambda data: understand(decode(data)), content, len(content), short=SHORT_ANSWER
            )
        except Unfit as exc:
            raise http_errors.malformed(self.response, self.about, str(exc)) from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Received):
    """A 2xx answer, and its dialect."""

    dialect: Dialect


class Link:
    """The connections to one pool, and its dialect. `.has_sent`: whether a request was sent, or may
    have been; until then there was no connection or no token.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        api_version: str,
        client: HttpClient | None = None,
        auth: httpx.Auth | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        retries: Retries,
        relocate: Relocate | None = None,
    ) -> None:
        """Connects at the first call. client: sends the calls, None for one over the network with
        auth and transport. relocate: finds the pool again after a 404 for the first
        call; None if the user gave the endpoint. Raises UsageError for an invalid endpoint or
        version, or a token over plain http.
        """
        self.endpoint = base_url(endpoint)
        self.dialect = first_dialect(api_version)
        self._negotiates = api_version == "auto"
        # After a route existed that only this shape of the API has, a 404 is about the file or the
        # pool.
        self._proven = False
        self._retries = retries
        self._relocate = relocate
        self._pool = relocate.pool if relocate else ""
        self.has_sent = client is not None or transport is not None
        if client is None:
            from noderepl.client.http_client import open_client

            self._http: HttpClient = open_client(self.endpoint, auth=auth, transport=transport)
        else:
            self._http = client

    async def ask(self, asking: Asking) -> Answer:
        """Returns the whole 2xx answer. Raises ServiceError, NotAuthorised or UsageError."""

        async def once() -> Answer:
            async with self.open(asking) as answer:
                await answer.refuse_page()
                return await answer.whole()

        try:
            return await self.repeat(once, repeatable=asking.repeatable)
        except NotFound:
            if not await self._has_moved():
                raise
        return await self.repeat(once, repeatable=asking.repeatable)

    async def repeat(self, work: Callable[[], Awaitable[Result]], *, repeatable: bool) -> Result:
        """Returns the result of work, with retries. work raises as open() does.

        repeatable: whether work is idempotent.
        """
        return await self._retries.make(work, repeatable=repeatable)

    @contextlib.asynccontextmanager
    async def open(self, asking: Asking) -> AsyncIterator[Answer]:
        """Yields the 2xx answer with its body unread. Raises as ask() does, also while the body is
        read.
        """
        dialect: Dialect | None = self.dialect
        refused: ServiceError | None = None
        guessed = False
        while dialect is not None:
            call = asking.build(dialect)
            async with self._exchange(asking, call, dialect) as answer:
                if answer.response.is_success:
                    self.dialect = dialect
                    self._proven = self._proven or call.own_route
                    yield answer
                    return
                begun = await answer.beginning()
                error = http_errors.from_answer(begun.response, answer.about)
            dialect, guess = self._next(answer, error)
            if refused is None or not (guessed or isinstance(error, UnsupportedVersion)):
                refused = error
            guessed = guessed or guess
        assert refused is not None
        raise refused

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _has_moved(self) -> bool:
        """Returns whether the pool, which has answered no call, has another endpoint now."""
        relocate, self._relocate = self._relocate, None
        if relocate is None or self._proven:
            return False
        before, self.endpoint = self.endpoint, await relocate.endpoint() or self.endpoint
        return self.endpoint != before

    def _next(self, answer: Answer, error: ServiceError) -> tuple[Dialect | None, bool]:
        """Returns the dialect to try after a rejection, and whether that is only a guess from a
        missing route.
        """
        response, version = answer.response, answer.dialect.version
        if not self._negotiates:
            return None, False
        if http_errors.refuses_version(response, error, version):
            return older(answer.dialect, http_errors.supported_versions(response)), False
        if (
            answer.about.call.own_route
            and not self._proven
            and http_errors.lacks_route(response, error, version)
        ):
            return older(answer.dialect, other_shape=True), True
        return None, False

    @contextlib.asynccontextmanager
    async def _exchange(
        self, asking: Asking, call: Call, dialect: Dialect
    ) -> AsyncIterator[Answer]:
        url = call.link or self.endpoint + call.target
        about = Circumstances(call, self.endpoint, dialect.version, (asking.identifier,))
        content = None if call.body is None else json.dumps(call.body).encode()
        # httpx limits only the time without data; an answer may also arrive one byte at a time.
        limit = asking.read_seconds + SLOW_SECONDS + asking.sends * SECONDS_PER_BYTE
        try:
            async with (
                asyncio.timeout(limit) as deadline,
                self._http.stream(
                    call.method,
                    url,
                    content=content,
                    files=asking.attach() if asking.attach else None,
                    headers={"Accept-Encoding": "identity"}
                    | ({} if content is None else {"Content-Type": "application/json"}),
                    timeout=(CONNECT_SECONDS, *[asking.read_seconds] * 3),
                    extensions={"trace": self._trace},
                ) as response,
            ):
                secrets = (asking.identifier, _token_of(response))
                about = Circumstances(
                    call, self.endpoint, dialect.version, secrets, pool=self._pool
                )
                if asking.is_transfer and response.is_success:
                    deadline.reschedule(None)
                yield Answer(response=response, dialect=dialect, about=about)
        except Exception as exc:
            from noderepl.client import transport_errors

            if not isinstance(exc, transport_errors.FOREIGN):
                raise
            raise transport_errors.from_exception(exc, about) from exc

    async def _trace(self, event: str, _: object) -> None:
        """Notes the events of httpcore that concern `has_sent`."""
        self.has_sent = self.has_sent or event.endswith("send_request_headers.started")


def _token_of(response: Any) -> str:
    """Returns the token that was sent; "" to the embedded pool."""
    if isinstance(response, WholeResponse):
        return ""
    sent: str = response.request.headers.get("authorization", "")
    return sent.removeprefix("Bearer ")
