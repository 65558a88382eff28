"""The connections to one pool: sending calls with timeouts, and finding the dialect that the pool speaks.

Shared by all sessions of the pool. What goes wrong is turned into errors by problems.py and broken.py alone; retries.py
decides what is tried again. A call whose api-version or route the service refused was not carried out, and is asked
otherwise.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import httpx

from noderepl.client import broken, problems
from noderepl.client.endpoint import base_url, check_token_may_go, is_loopback
from noderepl.client.retries import Retries
from noderepl.client.wire import Call, Dialect, first_dialect, older
from noderepl.errors import ConfigError, ServiceError, UnsupportedVersion

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
# What an answer that is read whole may take beyond the time that its first byte may, and what it may come to.
SLOW_SECONDS = 120.0
MOST_BYTES = 256 << 20
# What httpx and httpcore log holds URLs and headers, and so identifiers; filters do not reach child loggers.
LOGGERS = (
    "httpx",
    *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
)


_PACKING = {"content-encoding", "transfer-encoding", "content-length"}
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Asking:
    """How one operation is asked.

    build: the call in a dialect. identifier: whose session, kept out of errors. read_seconds: how long the service may
    be silent. attach: makes the multipart fields, once per sending. is_transfer: whether a file goes with it or comes,
    which may take as long as it takes. repeatable: whether asking twice is asking once.
    """

    build: Callable[[Dialect], Call]
    identifier: str = field(default="", repr=False)
    read_seconds: float = READ_SECONDS
    attach: Callable[[], Mapping[str, Any]] | None = None
    is_transfer: bool = False
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer, the dialect it is in, and what was asked."""

    response: httpx.Response
    dialect: Dialect
    about: problems.Circumstances

    async def whole(self) -> Answer:
        """Return the answer with its body read and unpacked. Raises MalformedAnswer where that is too long.

        httpx would unpack a body of any size before anybody can look at it.
        """
        content = bytearray()
        async for chunk in self.response.aiter_bytes():
            content += chunk
            if len(content) > MOST_BYTES:
                raise problems.too_long(MOST_BYTES, self.about)
        headers = [pair for pair in self.response.headers.multi_items() if pair[0] not in _PACKING]
        response = httpx.Response(
            self.response.status_code, headers=headers, content=bytes(content), request=self.response.request
        )
        return replace(self, response=response)

    async def refuse_page(self) -> None:
        """Raise MalformedAnswer for an HTML page, such as a sign-in page."""
        if "html" in self.response.headers.get("content-type", "").lower():
            whole = await self.whole()
            raise problems.malformed(whole.response, self.about)

    def read(self, decode: Callable[[Any], Any]) -> Any:
        """Return decode(the answer's JSON). The body must have been read. Raises MalformedAnswer."""
        try:
            return decode(json.loads(self.response.content))
        except (ValueError, RecursionError) as exc:
            why = "" if isinstance(exc, (json.JSONDecodeError, UnicodeDecodeError, RecursionError)) else str(exc)
            raise problems.malformed(self.response, self.about, why) from exc


class Link:
    """The connections to one pool and the dialect it speaks."""

    def __init__(
        self,
        endpoint: str,
        *,
        api_version: str,
        auth: httpx.Auth | None,
        transport: httpx.AsyncBaseTransport | None,
        retries: Retries,
    ) -> None:
        """Connect to nothing yet. Raises UsageError for a bad endpoint or version, or a token over plain http."""
        self.endpoint = base_url(endpoint)
        self.dialect = first_dialect(api_version)
        if auth is not None:
            check_token_may_go(self.endpoint)
        self._negotiates = api_version == "auto"
        # Once a route that only this shape of the API has was there, a 404 is about the file or the pool.
        self._proven = False
        self._retries = retries
        _keep_logs_clean()
        try:
            self._http = httpx.AsyncClient(
                auth=auth,
                transport=transport,
                follow_redirects=False,
                # A proxy of the environment cannot reach this machine's own loopback.
                trust_env=not is_loopback(self.endpoint),
            )
        except (OSError, ValueError, ImportError, *broken.FOREIGN) as exc:
            raise ConfigError(
                "the proxy or certificate settings of the environment cannot be used "
                "(HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, SSL_CERT_FILE, SSL_CERT_DIR)"
            ) from exc

    async def ask(self, asking: Asking) -> Answer:
        """Return the whole 2xx answer. Raises ServiceError, NotAuthorised or UsageError."""

        async def once() -> Answer:
            async with self.open(asking) as answer:
                whole = await answer.whole()
                await whole.refuse_page()
                return whole

        return await self.repeat(once, repeatable=asking.repeatable)

    async def repeat(self, work: Callable[[], Awaitable[Result]], *, repeatable: bool) -> Result:
        """Return what work gives, which raises as open() does; it is done again where that may help.

        repeatable: whether doing it twice is doing it once.
        """
        return await self._retries.make(work, repeatable=repeatable)

    @asynccontextmanager
    async def open(self, asking: Asking) -> AsyncIterator[Answer]:
        """Give the 2xx answer with its body still unread. Raises as ask() does, also while the body is read."""
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
                whole = await answer.whole()
                error = problems.from_answer(whole.response, answer.about)
            dialect, guess = self._next(answer, error)
            if refused is None or not (guessed or isinstance(error, UnsupportedVersion)):
                refused = error
            guessed = guessed or guess
        assert refused is not None
        raise refused

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _next(self, answer: Answer, error: ServiceError) -> tuple[Dialect | None, bool]:
        """Return the dialect to try after a refusal, and whether that is only a guess from a missing route."""
        response, version = answer.response, answer.dialect.version
        if not self._negotiates:
            return None, False
        if problems.refuses_version(response, error, version):
            return older(answer.dialect, problems.supported_versions(response)), False
        if answer.about.call.own_route and not self._proven and problems.lacks_route(response, error, version):
            return older(answer.dialect, other_shape=True), True
        return None, False

    @asynccontextmanager
    async def _exchange(self, asking: Asking, call: Call, dialect: Dialect) -> AsyncIterator[Answer]:
        url = call.link or self.endpoint + call.target
        about = problems.Circumstances(call, self.endpoint, dialect.version, (asking.identifier,))
        content = None if call.body is None else json.dumps(call.body).encode()
        # httpx minds only how long nothing comes; an answer may also come a byte at a time.
        limit = None if asking.is_transfer else asking.read_seconds + SLOW_SECONDS
        try:
            async with (
                asyncio.timeout(limit),
                self._http.stream(
                    call.method,
                    url,
                    content=content,
                    files=asking.attach() if asking.attach else None,
                    headers={"Accept-Encoding": "identity"}
                    | ({} if content is None else {"Content-Type": "application/json"}),
                    timeout=httpx.Timeout(asking.read_seconds, connect=CONNECT_SECONDS),
                ) as response,
            ):
                token = response.request.headers.get("authorization", "").removeprefix("Bearer ")
                about = problems.Circumstances(call, self.endpoint, dialect.version, (asking.identifier, token))
                if "," in response.headers.get("content-encoding", ""):
                    raise problems.packed_twice(about)
                yield Answer(response, dialect, about)
        except broken.FOREIGN as exc:
            raise broken.from_exception(exc, about) from exc


def _keep_logs_clean() -> None:
    for name in LOGGERS:
        logging.getLogger(name).addFilter(_drop)


def _drop(_: logging.LogRecord) -> bool:
    return False
