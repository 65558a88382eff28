"""What every request meets before an operation sees it, and what every answer has in common.

The token, the Host header, the time a body may take; the correlation id, the versions header, errors as JSON.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
import secrets
import uuid
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from noderepl.service import dialects
from noderepl.service.dialects import Dialect
from noderepl.service.errors import ApiError

_SLOWEST = 16 * 1024


class JsonAnswer(JSONResponse):
    """JSON in ASCII: a lone surrogate, which JavaScript's strings and file names may hold, has no UTF-8."""

    def render(self, content: object) -> bytes:
        """Serialise an answer's content."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class Guard:
    """The outermost layer: the token before anything else, a correlation id on every answer, no error as HTML.

    token: as Bearer; None lets everybody in. host: the name that is served on a loopback address; a Host header with
    another one that is not loopback's is answered 421, as it is a page's whose name was rebound to this machine. The
    token comes first all the same: without it such a page learns nothing but 401. patience: seconds that a body may
    take, plus one for each 16 KiB that have come; then the answer is 408. None: any host, any time.
    """

    def __init__(self, app: ASGIApp, *, token: str | None, host: str | None, patience: float | None) -> None:
        self.app = app
        self.token = token.encode() if token is not None else None
        self.host = host
        self.patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["mise-correlation-id"] = str(uuid.uuid4())
                headers.update(dialects.headers(_version(scope)))
            await send(message)

        refusal = self._refusal(dict(scope["headers"]))
        if refusal is not None:
            await _error(refusal)(scope, receive, send_with_id)
            return
        try:
            await self.app(scope, receive if self.patience is None else _timed(receive, self.patience), send_with_id)
        except Exception:
            if started:
                raise
            answer = _error(ApiError(500, "InternalServerError", "The pool failed to answer this request."))
            await answer(scope, receive, send_with_id)

    def _refusal(self, headers: dict[bytes, bytes]) -> ApiError | None:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        # The tutorial's own requests have two spaces before the token.
        given = token.strip() if scheme.lower() == b"bearer" else b""
        if self.token is not None and not hmac.compare_digest(given, self.token):
            return ApiError(401, "Unauthorized", "The request has no valid bearer token.")
        if self.host is not None and not _means(self.host, headers.get(b"host", b"").decode("latin-1")):
            return ApiError(421, "MisdirectedRequest", "The Host header does not name this machine's loopback address.")
        return None


def _means(host: str, header: str) -> bool:
    try:
        name = urlsplit(f"//{header}").hostname or ""
        return name in (host.lower(), "localhost") or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _timed(receive: Receive, patience: float) -> Receive:
    """`receive` that raises ApiError 408 once the body is overdue; what comes after the body may take any time."""
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
            raise ApiError(408, "RequestTimeout", "The request's body did not come in time.") from error
        whole = not message.get("more_body", False)
        deadline += len(message.get("body", b"")) / _SLOWEST
        return message

    return receive_in_time


def endpoint(operation: Callable[[Request, Dialect], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint of an operation, which gets the request and the dialect of its api-version."""

    async def answer(request: Request) -> Response:
        try:
            return await operation(request, dialects.choose(_version(request.scope)))
        except ApiError as error:
            return _error(error)

    return answer


def _version(scope: Scope) -> str | None:
    return QueryParams(scope["query_string"]).get("api-version")


def _error(error: ApiError) -> Response:
    trace = f"00-{uuid.uuid4().hex}-{secrets.token_hex(8)}-00"
    return JsonAnswer(error.body(trace), error.status, {"x-ms-error-code": error.code}, error.media_type)


async def no_such_route(request: Request, error: Exception) -> Response:
    """The answer where no operation has this path or method."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, message = {
        404: ("ResourceNotFound", "There is no such operation."),
        405: ("MethodNotAllowed", "This operation does not know this HTTP method."),
    }.get(status, ("InvalidRequest", "The request cannot be served."))
    return _error(ApiError(status, code, message))


def need(condition: bool, operation: str, dialect: Dialect) -> None:
    """Raise ApiError InvalidApiVersion unless this version knows the operation."""
    if not condition:
        named = f"api-version '{dialect.version}'" if dialect.version else "requests without api-version"
        raise ApiError(400, "InvalidApiVersion", f"The operation '{operation}' does not exist for {named}.")
