"""What every answer of the API has in common: the token, the correlation id, the versions header, errors as JSON."""

from __future__ import annotations

import hmac
import json
import uuid
from collections.abc import Awaitable, Callable

from starlette.datastructures import MutableHeaders, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from noderepl.service import dialects
from noderepl.service.dialects import Dialect
from noderepl.service.errors import ApiError


class JsonAnswer(JSONResponse):
    """JSON in ASCII: a lone surrogate, which JavaScript's strings and file names may hold, has no UTF-8."""

    def render(self, content: object) -> bytes:
        """Serialise an answer's content."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


class Guard:
    """The outermost layer: the token before anything else, a correlation id on every answer, no error as HTML."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self.app = app
        self.token = token.encode() if token is not None else None

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

        if not self._admits(scope):
            answer = _error(ApiError(401, "Unauthorized", "The request has no valid bearer token."))
            await answer(scope, receive, send_with_id)
            return
        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            if started:
                raise
            answer = _error(ApiError(500, "InternalServerError", "The pool failed to answer this request."))
            await answer(scope, receive, send_with_id)

    def _admits(self, scope: Scope) -> bool:
        if self.token is None:
            return True
        given = dict(scope["headers"]).get(b"authorization", b"")
        scheme, _, token = given.partition(b" ")
        # The tutorial's own requests have two spaces before the token.
        return scheme.lower() == b"bearer" and hmac.compare_digest(token.strip(), self.token)


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
    return JsonAnswer(error.body(), error.status)


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
