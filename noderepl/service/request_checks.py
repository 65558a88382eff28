"""The checks of every request before its operation, and the common parts of every answer.

These are the token, the Host header and the time limit of a body; the correlation id, the versions
header, and errors as JSON.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import re
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol
from urllib.parse import unquote, urlsplit

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from noderepl.service import dialects
from noderepl.service.dialects import Dialect
from noderepl.service.errors import ApiError
from noderepl.service.execute_calls import Parts, failed, serialise
from noderepl.service.pool import PoolClosed
from noderepl.service.spawned import StartFailed

_SLOWEST = 16 * 1024
# RFC 9110, 7.2: uri-host [":" port]; no user name, and nothing after the port.
_HOST = re.compile(
    rb"(\[[0-9A-Fa-f:.]+(%[\w.~%-]+)?\]|[\w.~!$&'()*+,;=%-]*)(:(?P<port>[0-9]{0,5}))?"
)
_LAST_PORT = 65535


class JsonAnswer(JSONResponse):
    """JSON in UTF-8, except for lone surrogates, which JavaScript's strings and file names may
    contain: UTF-8 cannot encode them, so they are escaped.
    """

    def render(self, content: object) -> bytes:
        """Serialises an answer's content."""
        return serialise(content)


class ListAnswer(JSONResponse):
    """The answer of a list. Its items are serialised one by one: construct it in a thread, so that
    other requests continue.
    """

    def render(self, content: Iterable[object]) -> bytes:
        """Serialises the items of a list."""
        return b'{"$id":"1","value":[%s]}' % b",".join(map(serialise, content))


class Connection(Protocol):
    """A network connection, as the guard finds it in scope["state"]["connection"]."""

    def admit(self) -> None:
        """Lifts the limits for unauthenticated clients."""


class Guard:
    """The outermost layer: checks the token first, adds a correlation id to every answer, and
    returns no error as HTML.

    A request with two Authorization headers, with an invalid Host header, or with a length and a
    transfer coding gets 400, with or without the token. A server that stops cancels its running
    requests: each gets 503. A caller in the same process has no connection, and a request that it
    cancels gets no answer.

    token: as Bearer; None allows all clients. host: the name that is served on a loopback address;
    a Host header with another name that is not loopback's gets 421, because it comes from a page
    whose name was rebound to this machine. The token is checked before that: without it such a page
    gets only 401. patience: the seconds within which a body must arrive, plus one for each 16 KiB
    that have arrived; then the answer is 408. None: any host, no time limit.
    """

    def __init__(
        self, app: ASGIApp, *, token: str | None, host: str | None, patience: float | None
    ) -> None:
        self.app = app
        self.token = token.encode() if token is not None else None
        self.host = host
        self.patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = _with_path(scope)
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers.setdefault("mise-correlation-id", str(uuid.uuid4()))
                headers.update(dialects.headers(_version(scope)))
            await send(message)

        refusal = self._refusal(scope["headers"])
        if refusal is not None:
            answer = error_answer(refusal)
            if refusal.status == 400:  # servers disagree about where such a request ends
                answer.headers["connection"] = "close"
            await answer(scope, receive, send_with_id)
            return
        connection: Connection | None = scope.get("state", {}).get("connection")
        if connection is not None:
            connection.admit()
        try:
            await self.app(
                scope,
                receive if self.patience is None else _timed(receive, self.patience),
                send_with_id,
            )
        except asyncio.CancelledError:
            if started or connection is None:
                raise
            answer = error_answer(ApiError(503, "PoolClosed", "The pool is being closed."))
            await answer(scope, receive, send_with_id)
        except Exception:
            if started:
                raise
            answer = error_answer(
                ApiError(500, "InternalServerError", "The pool failed to answer this request.")
            )
            await answer(scope, receive, send_with_id)

    def _refusal(self, fields: Sequence[tuple[bytes, bytes]]) -> ApiError | None:
        names, headers = [name for name, _ in fields], dict(fields)
        for name in (b"Authorization", b"Host"):
            if names.count(name.lower()) > 1:
                message = f"The request has more than one {name.decode()} header."
                return ApiError(400, "InvalidRequest", message)
        if b"transfer-encoding" in headers and b"content-length" in headers:
            message = "The request has both a Transfer-Encoding and a Content-Length header."
            return ApiError(400, "InvalidRequest", message)
        host = headers.get(b"host", b"")
        if not _is_host(host):
            message = "The Host header must be a name or an address, and a port if it has one."
            return ApiError(400, "InvalidRequest", message)
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        # The tutorial's own requests have two spaces before the token.
        given = token.strip() if scheme.lower() == b"bearer" else b""
        if self.token is not None and not hmac.compare_digest(given, self.token):
            return ApiError(401, "Unauthorized", "The request has no valid bearer token.")
        if self.host is not None and not _means(self.host, host.decode("ascii")):
            return ApiError(
                421,
                "MisdirectedRequest",
                "The Host header does not name this machine's loopback address.",
            )
        return None


def _with_path(scope: Scope) -> Scope:
    """Returns a scope whose target is a path. If it was a URL, as clients send to proxies, its
    authority replaces the Host header (RFC 9112, 3.2.2).
    """
    scheme, is_url, rest = (scope.get("raw_path") or b"").partition(b"://")
    if not is_url or scheme.lower() not in (b"http", b"https"):
        return scope
    authority, slash, path = rest.partition(b"/")
    raw_path = b"/" + path if slash else b"/"
    # A second Host header stays, as it is refused.
    headers = [(name, authority if name == b"host" else it) for name, it in scope["headers"]]
    if b"host" not in dict(headers):
        headers.append((b"host", authority))
    decoded = unquote(raw_path.decode("ascii"))
    return {**scope, "raw_path": raw_path, "path": decoded, "headers": headers}


def _is_host(header: bytes) -> bool:
    """Returns whether this is a valid Host header; an empty one is (RFC 9112, 3.2)."""
    found = _HOST.fullmatch(header)
    return found is not None and int(found["port"] or 0) <= _LAST_PORT


def _means(host: str, header: str) -> bool:
    try:
        name = urlsplit(f"//{header}").hostname or ""
        return name in (host.lower(), "localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _timed(receive: Receive, patience: float) -> Receive:
    """Returns `receive` with a time limit for the body, after which it raises ApiError 408;
    messages after the body have no limit.
    """
    clock = asyncio.get_running_loop().time
    deadline, whole = clock() + patience, False

    async def receive_in_time() -> Message:
        nonlocal deadline, whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise ApiError(
                408, "RequestTimeout", "The request's body did not arrive in time."
            ) from error
        whole = not message.get("more_body", False)
        deadline += len(message.get("body", b"")) / _SLOWEST
        return message

    return receive_in_time


def endpoint(
    operation: Callable[[Request, Dialect], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Returns the endpoint of an operation, which gets the request and the dialect of its
    api-version.
    """

    async def answered(request: Request) -> Response:
        try:
            return await operation(request, dialects.choose(_version(request.scope)))
        except (ApiError, StartFailed, PoolClosed) as error:
            return error_answer(error)

    return answered


def _version(scope: Scope) -> str | None:
    return QueryParams(scope["query_string"]).get("api-version")


def error_answer(error: ApiError | StartFailed | PoolClosed) -> Response:
    """Returns the answer of an error."""
    return answer(failed(error))


def answer(parts: Parts) -> Response:
    """Returns an answer of these parts."""
    return Response(parts.content, parts.status, parts.headers, parts.media_type)


async def no_such_route(request: Request, error: Exception) -> Response:
    """Returns the answer if no operation has this path or method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, message = {
        404: ("ResourceNotFound", "There is no such operation."),
        405: ("MethodNotAllowed", "This operation does not support this HTTP method."),
    }.get(status, ("InvalidRequest", "The request cannot be served."))
    return error_answer(ApiError(status, code, message))
