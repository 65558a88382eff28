"""The client of Azure's management plane: requests, pages, throttling and long operations.

A token goes to the management endpoint only: a link of an answer to another origin is refused.
arm_errors.py maps refusals; resources.py reads what comes back.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from noderepl.azure import arm_errors
from noderepl.azure.fields import at, message, word
from noderepl.client import http_errors, transport_errors
from noderepl.client.auth import AzureAuth, Credential
from noderepl.client.circumstances import Circumstances
from noderepl.client.endpoint import address, base_url, check_token_may_go, origin
from noderepl.client.http_client import open_client
from noderepl.client.retries import seconds_asked
from noderepl.client.transport import Received
from noderepl.client.wire import Call, Subject
from noderepl.errors import MalformedAnswer, NotFound, ServiceError, ServiceFailed, UsageError
from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import Unfit

CONNECT_SECONDS, READ_SECONDS, ANSWER_SECONDS = 10.0, 60.0, 120.0
# The seconds of all waits for a throttled request; the seconds of a long operation.
THROTTLED_SECONDS, OPERATION_SECONDS = 300.0, 900.0
POLL_SECONDS, LEAST_PAUSE, MOST_PAUSE = 2.0, 1.0, 60.0
MOST_PAGES, MOST_ITEMS = 1000, 100_000
# The maximum length of a link to the next page.
LINK_LENGTH = 16_000
OPTION = "--arm-endpoint"
_RUNNING = HTTPStatus.ACCEPTED

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Clock:
    """now: returns seconds. sleep: waits for seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


CLOCK = Clock()


@dataclass(frozen=True, slots=True)
class Reply:
    """A 2xx answer. value: its JSON, None without a body."""

    status: int
    value: Any
    headers: Mapping[str, str]


class Arm:
    """The connection to the management plane.

    endpoint: the option arm-endpoint. auth: adds its tokens. transport: replaces the network.
    clock: for waits. on_wait: called with a sentence before each wait, and whether a request has
    failed; with "" after it. Raises UsageError for an invalid endpoint, or one to which no token
    may go.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        auth: AzureAuth,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock = CLOCK,
        on_wait: Callable[[str, bool], None] = lambda *_: None,
    ) -> None:
        try:
            self.endpoint = base_url(endpoint)
            check_token_may_go(self.endpoint)
        except UsageError as error:
            raise UsageError(
                "arm-endpoint must be an https:// URL, such as https://management.azure.com"
            ) from error
        self._http = open_client(self.endpoint, auth=auth, transport=transport)
        self.auth = auth
        self.clock = clock
        self._on_wait = on_wait

    async def get(self, path: str, version: str, **query: str) -> Any:
        """Returns the JSON at a path. version: the api-version. Raises ServiceError."""
        return (await self.send("GET", path, version, query=query)).value

    async def send(
        self,
        method: str,
        path: str,
        version: str,
        *,
        body: Mapping[str, object] | None = None,
        query: Mapping[str, str] = {},
        subject: Subject = "resource",
    ) -> Reply:
        """Sends one request, again while it is throttled. path: percent-encoded. subject: "query"
        for a POST that changes nothing. Raises ServiceError.
        """
        pairs = (("api-version", version), *query.items())
        return await self._patiently(Call(method, path, pairs, body, subject=subject))

    async def pages(
        self, path: str, version: str, read: Callable[[object], Item], **query: str
    ) -> Sequence[Item]:
        """Returns the items of all pages of a list. read: what is stored of an item. Raises
        ServiceError.
        """
        reply = await self.send("GET", path, version, query=query)
        found = [read(item) for item in self.items(reply.value, "value")]
        seen: set[str] = set()
        while link := self.next_page(reply.value, "nextLink"):
            if link in seen or len(seen) >= MOST_PAGES or len(found) > MOST_ITEMS:
                raise MalformedAnswer(
                    f"the list of {address(self.endpoint)} does not end after {len(seen) + 1} pages"
                )
            seen.add(link)
            reply = await self._follow(link)
            found += map(read, self.items(reply.value, "value"))
        return found

    def items(self, answer: object, key: str) -> Sequence[object]:
        """Returns the list in an answer. Raises MalformedAnswer if there is none."""
        found = at(answer, key)
        if not isinstance(found, list):
            raise self.malformed(f"it has no list {key!r}")
        return found

    def next_page(self, answer: object, key: str) -> str:
        """Returns what leads from an answer to the next page of its list, "" if it is the last.
        Raises MalformedAnswer.
        """
        found = at(answer, key)
        if found is None:
            return ""
        if not isinstance(found, str) or not found.isprintable() or len(found) > LINK_LENGTH:
            raise self.malformed(f"{key!r}, which leads to the rest of a list, is invalid")
        return found

    def malformed(self, why: str) -> MalformedAnswer:
        """Returns the error for an answer that cannot be read. why: the reason."""
        server = address(self.endpoint)
        return MalformedAnswer(f"{server} did not answer as the API does: {why}; check {OPTION}")

    async def finish(
        self, reply: Reply, path: str, version: str, *, is_deleted: bool = False
    ) -> None:
        """Waits until the operation that a request has started is done.

        reply: the answer of that request. path, version: of the resource. is_deleted: whether the
        operation deletes it; otherwise it must exist afterwards. Raises ServiceFailed if the
        operation failed or takes too long, and ServiceError.
        """
        link = reply.headers.get("azure-asyncoperation") or reply.headers.get("location")
        is_running = reply.status == _RUNNING or bool(link) or not _ended(reply.value)
        if link and not self._is_ours(link):
            # The state of the resource says the same, and the token stays here.
            link = None
        end = self.clock.now() + OPERATION_SECONDS
        while is_running:
            if self.clock.now() > end:
                raise ServiceFailed(
                    f"{address(self.endpoint)} has not finished the operation within"
                    f" {OPERATION_SECONDS / 60:.0f} min; it may still be running"
                )
            pause = _asked(reply.headers)
            await self.wait(POLL_SECONDS if pause is None else pause, "Azure works on it")
            try:
                reply = await (self._follow(link) if link else self.send("GET", path, version))
            except NotFound:
                # The operation is forgotten; or the resource is not there yet, or not any more.
                if is_deleted:
                    return
                link = None
                continue
            is_running = reply.status == _RUNNING or not _ended(reply.value)
        self._check(reply.value)
        if link and not is_deleted:
            self._check(await self.get(path, version))

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    def _check(self, value: object) -> None:
        """Raises ServiceFailed if an operation or a resource says that it has failed."""
        state = _state(value)
        if state in ("failed", "canceled"):
            raise ServiceFailed(
                f"Azure could not finish the operation ({state})"
                + "".join(f": {text}" for text in _reasons(value))
            )

    def _is_ours(self, link: str) -> bool:
        try:
            return origin(link) == origin(self.endpoint)
        except ValueError:
            return False

    async def _follow(self, link: str) -> Reply:
        """Returns what a link of an answer leads to. Raises MalformedAnswer for another origin."""
        if not self._is_ours(link):
            raise MalformedAnswer(
                f"{address(self.endpoint)} links to another server, where the token must not go;"
                f" check {OPTION}"
            )
        return await self._patiently(Call("GET", "", subject="resource", link=link))

    async def _patiently(self, call: Call) -> Reply:
        """Sends a request, again as long as the service asks for a later one."""
        end, pause = self.clock.now() + THROTTLED_SECONDS, 1.0
        while True:
            try:
                return await self._once(call)
            except ServiceError as error:
                is_safe = call.method == "GET" or error.status in (429, 503)
                asked = pause if error.retry_after is None else error.retry_after
                asked = max(asked, LEAST_PAUSE)
                if not (error.transient and is_safe) or self.clock.now() + asked > end:
                    raise
                if error.status is None and pause > 4:
                    raise
                why = "asks to wait" if error.status == 429 else "does not answer"
                await self.wait(asked, f"{address(self.endpoint)} {why}", has_failed=True)
                pause = min(pause * 2, MOST_PAUSE)

    async def wait(self, seconds: float, why: str, *, has_failed: bool = False) -> None:
        """Waits for seconds, and says why. has_failed: whether a request has failed."""
        self._on_wait(f"{why}; next try in {seconds:.0f} s", has_failed)
        try:
            await self.clock.sleep(seconds)
        finally:
            self._on_wait("", has_failed)

    async def _once(self, call: Call) -> Reply:
        async with self._exchange(call) as received:
            if not received.response.is_success:
                begun = await received.beginning()
                raise arm_errors.from_answer(begun.response, received.about)
            if "html" in received.response.headers.get("content-type", "").lower():
                begun = await received.beginning()
                raise http_errors.malformed(begun.response, received.about)
            whole = await received.whole()
            status, headers = whole.response.status_code, whole.response.headers
            if not whole.response.content.strip():
                return Reply(status, None, headers)
            return Reply(status, await whole.read(_mapping), headers)

    @asynccontextmanager
    async def _exchange(self, call: Call) -> AsyncIterator[Received]:
        about = Circumstances(call, self.endpoint, "", option=OPTION)
        content = None if call.body is None else json.dumps(call.body).encode()
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                self._http.stream(
                    call.method,
                    call.link or self.endpoint + call.target,
                    content=content,
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"}
                    | ({} if content is None else {"Content-Type": "application/json"}),
                    timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
                ) as response,
            ):
                token = response.request.headers.get("authorization", "").removeprefix("Bearer ")
                about = Circumstances(call, self.endpoint, "", (token,), OPTION)
                yield Received(response=response, about=about)
        except transport_errors.FOREIGN as exc:
            raise transport_errors.from_exception(exc, about) from exc


def open_arm(
    endpoint: str,
    scope: str,
    *,
    tenant: str | None = None,
    credential: Credential | None = None,
    **more: Any,
) -> Arm:
    """Returns the management plane. scope, tenant: of its tokens. credential: as for make_auth.
    more: as for Arm.
    """
    return Arm(endpoint, auth=AzureAuth(scope, credential, tenant=tenant), **more)


def _mapping(value: object) -> object:
    if not isinstance(value, Mapping):
        raise Unfit(f"JSON that is not an object: {type(value).__name__}")
    return value


def _asked(headers: Mapping[str, str]) -> float | None:
    asked = seconds_asked(headers.get("retry-after", ""), headers.get("date", ""))
    return None if asked is None else min(max(asked, LEAST_PAUSE), MOST_PAUSE)


def _state(value: object) -> str:
    """Returns the state of an operation or a resource, in small letters; "" if it has none."""
    return (word(value, "properties", "provisioningState") or word(value, "status")).lower()


def _ended(value: object) -> bool:
    return _state(value) in ("", "succeeded", "failed", "canceled")


def _reasons(value: object) -> Sequence[str]:
    error = at(value, "error") or at(value, "properties", "error")
    return [text for text in (message(error, "code"), message(error, "message")) if text]
