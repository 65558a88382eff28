"""Executes requests to run a snippet: from the parts of a request to those of its answer.

The HTTP API and callers in the same process share this module. It does not depend on an HTTP
library: its import would delay a first snippet.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from noderepl.service import dialects
from noderepl.service.dialects import Dialect, ExecuteRequest
from noderepl.service.errors import ApiError, InvalidBody, NoSession
from noderepl.service.executions import Executions
from noderepl.service.long_messages import LONG, in_turn
from noderepl.service.messages import TooManyValues, check_values
from noderepl.service.pool import Pool, PoolClosed, PoolFull
from noderepl.service.session import Allocation, Session, SessionBusy, SessionEnded
from noderepl.service.spawned import StartFailed
from noderepl.service.threads import Threads
from noderepl.service.worker import Ran

LEGACY_PATH, FLAT_PATH = "/code/execute", "/executions"
# The default limit of ASP.NET, the server of REC-NODE-2405; larger code can be uploaded.
BODY_LIMIT = 30_000_000
# The maximum number of values in a JSON body; an operation uses about ten. All other requests wait
# while a body is parsed.
MOST_VALUES = 10_000


class Parts(NamedTuple):
    """The parts of an answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    media_type: str = "application/json"


class ExecuteCalls:
    """The execute requests of a pool. executions: their results, by their id."""

    def __init__(self, pool: Pool) -> None:
        self.executions = Executions()
        self._pool = pool
        self._answers = Threads(1)

    async def call(self, path: str, query: Mapping[str, str], content: bytes) -> Parts:
        """Returns the answer to a request of a caller in this process, errors included.

        path: LEGACY_PATH or FLAT_PATH. query: its parameters. content: its body.
        """
        version = query.get("api-version")
        try:
            dialect = dialects.choose(version)
            need(dialect.is_flat == (path == FLAT_PATH), path[1:], dialect)
            if len(content) > BODY_LIMIT:
                raise too_large()
            parts = await self.run(dialect, parse(content), query.get("identifier"), None)
        except (ApiError, StartFailed, PoolClosed) as error:
            parts = failed(error)
        except Exception:
            # As the HTTP application answers an error of the pool itself.
            parts = Parts(500, {}, b"Internal Server Error", "text/plain; charset=utf-8")
        common = {"mise-correlation-id": str(uuid.uuid4()), **dialects.headers(version)}
        return parts._replace(headers={**common, **parts.headers})

    async def run(
        self, dialect: Dialect, body: Any, identifier: str | None, operation: str | None
    ) -> Parts:
        """Runs a snippet and returns the answer.

        body: the JSON of the request. identifier, operation: the ids in its query and its headers,
        if there are any. Raises ApiError, StartFailed, PoolClosed.
        """
        moments = [time.perf_counter()]
        wanted = dialects.parse_execute(dialect, body)
        identifier = dialects.check_identifier(identifier or _identifier_in(body))
        operation = dialects.check_operation(operation) or str(uuid.uuid4())
        moments.append(time.perf_counter())
        session = await self.session(identifier)
        moments.append(time.perf_counter())
        headers = {"operation-id": operation}
        if dialect.is_flat:
            query = urlencode({"api-version": dialect.version, "identifier": identifier})
            headers["operation-location"] = f"/executions/{quote(operation, safe='')}?{query}"
        try:
            running = session.execute(wanted.code, wanted.timeout)
        except SessionBusy as error:
            raise ApiError(429, "TooManyExecutions", str(error)) from error
        work = self._ran(running, identifier)
        if wanted.is_asynchronous:

            async def answered() -> bytes:
                return await self._answer((await work)[0], dialect, wanted, identifier, operation)

            state = dialects.running_body(wanted, identifier=identifier, operation=operation)
            started = serialise(state)
            self.executions.start(session, operation, started, answered())
            return Parts(dialect.execute_status, headers, started)
        ran, allocation = await work
        moments.append(time.perf_counter())
        content = await self._answer(ran, dialect, wanted, identifier, operation)
        if dialect.is_flat:
            self.executions.keep(session, operation, content)
        headers |= dialects.execution_headers(
            moments, ran, guid=allocation.guid, is_new=allocation.is_new
        )
        return Parts(dialect.execute_status, headers, content)

    async def session(self, identifier: str) -> Session:
        """Returns the session of an identifier, allocated if necessary. Raises ApiError,
        StartFailed, PoolClosed.
        """
        try:
            return await self._pool.session(identifier)
        except PoolFull as error:
            message = (
                f"The request sessions count is '1'. There are already '{error.active}' active"
                f" sessions and the maximum active sessions count is '{self._pool.max_sessions}'."
            )
            raise ApiError(429, "SessionsCountExceedsLimit", message, flat=True) from error

    async def _ran(
        self, running: Awaitable[tuple[Ran, Allocation]], identifier: str
    ) -> tuple[Ran, Allocation]:
        try:
            done = await running
        except SessionEnded as error:
            raise NoSession(identifier) from error
        self._pool.touch(identifier)
        return done

    async def _answer(
        self,
        ran: Ran,
        dialect: Dialect,
        wanted: ExecuteRequest,
        identifier: str,
        operation: str,
    ) -> bytes:
        """Returns the answer to an execute request, as it is sent."""

        def body() -> dict[str, Any]:
            return dialects.execution_body(
                dialect, wanted, ran, identifier=identifier, operation=operation
            )

        if ran.size <= LONG:
            return serialise(body())
        content = await self._answers.run(body)
        return await in_turn(lambda: serialise(content))


def serialise(content: object) -> bytes:
    """Returns JSON in UTF-8, except for lone surrogates, which JavaScript's strings and file names
    may contain: UTF-8 cannot encode them, so they are escaped.
    """
    # Escapes for all of it would take three times the memory; backslashreplace writes JSON escapes.
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def parse(body: bytes | bytearray) -> Any:
    """Returns the JSON of a request's body. Raises InvalidBody."""
    try:
        text = body.decode(json.detect_encoding(body), "surrogatepass")
        check_values(text.encode("utf-8", "surrogatepass"), MOST_VALUES)
        return json.loads(text)
    except TooManyValues as error:
        message = f"The request body must not hold more than {MOST_VALUES:,} values."
        raise InvalidBody("$", message) from error
    except (ValueError, RecursionError) as error:
        raise InvalidBody("$", "The request body is not JSON.") from error


def too_large() -> ApiError:
    """Returns the error for a body of more than BODY_LIMIT bytes."""
    message = f"A request body must not be larger than {BODY_LIMIT} bytes."
    return ApiError(413, "RequestTooLarge", message)


def need(condition: bool, operation: str, dialect: Dialect) -> None:
    """Raises ApiError InvalidApiVersion unless this version has the operation."""
    if not condition:
        named = (
            f"api-version '{dialect.version}'"
            if dialect.version
            else "requests without api-version"
        )
        raise ApiError(
            400, "InvalidApiVersion", f"The operation '{operation}' does not exist for {named}."
        )


def failed(error: ApiError | StartFailed | PoolClosed) -> Parts:
    """Returns the answer of an error, with the ids by which the service's log identifies it."""
    if isinstance(error, StartFailed):
        error = ApiError(500, "SessionStartFailed", str(error))
    elif isinstance(error, PoolClosed):
        error = ApiError(503, "PoolClosed", str(error))
    trace = f"00-{uuid.uuid4().hex}-{os.urandom(8).hex()}-00"
    headers = {"x-ms-error-code": error.code, "mise-correlation-id": str(uuid.uuid4())}
    return Parts(error.status, headers, serialise(error.body(trace)), error.media_type)


def _identifier_in(body: Any) -> object:
    fields = body.get("properties", body)
    return fields.get("identifier") if isinstance(fields, dict) else None
