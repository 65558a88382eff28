"""The HTTP API in front of a pool: routes, headers, and every error as JSON.

dialects.py defines the data formats, files.py the files, and pool.py the sessions.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

from noderepl.service import dialects, files
from noderepl.service.description import description
from noderepl.service.dialects import Dialect, ExecuteRequest
from noderepl.service.errors import ApiError, NoSession
from noderepl.service.executions import Executions
from noderepl.service.long_messages import LONG, in_turn
from noderepl.service.management import Management
from noderepl.service.pool import Pool, PoolFull
from noderepl.service.request_bodies import (
    check_upload,
    read_json,
    read_upload,
    until_disconnect,
)
from noderepl.service.request_checks import (
    Guard,
    JsonAnswer,
    ListAnswer,
    endpoint,
    need,
    no_such_route,
    serialise,
)
from noderepl.service.session import Allocation, Session, SessionBusy, SessionEnded
from noderepl.service.threads import Threads
from noderepl.service.worker import Ran

POOL_PATH = "/subscriptions/{subscription}/resourceGroups/{group}/sessionPools/{pool}"
# Calls of files at a time: each has a thread, which may be busy for long.
_FILE_CALLS = 8
# Lists at a time: each may take seconds and 100 MB, and other calls of files do not wait for them.
_LISTINGS = 2


def create_app(
    pool: Pool, *, token: str | None = None, host: str | None = None, patience: float | None = None
) -> Starlette:
    """Returns the API of `pool` as an ASGI application, at the root and below the path that a pool
    has on Azure.

    token, host, patience: as for request_checks.Guard; without them every client has access. The
    application does not close the pool.
    """
    api = _Api(pool)
    routes = [
        Route("/code/execute", endpoint(api.execute_legacy), methods=["POST"]),
        Route("/executions", endpoint(api.execute_flat), methods=["POST"]),
        Route("/executions/{id}", endpoint(api.execution), methods=["GET"]),
        Route("/files/upload", endpoint(api.upload_legacy), methods=["POST"]),
        Route("/files", endpoint(api.upload_flat), methods=["POST"]),
        Route("/files", endpoint(api.list_files), methods=["GET"]),
        Route("/files/{first}/{second}", endpoint(api.download), methods=["GET"]),
        Route("/files/{name}", endpoint(api.describe), methods=["GET"]),
        Route("/files/{name}", endpoint(api.delete), methods=["DELETE"]),
        *Management(pool).routes(),
        Route("/openapi.json", endpoint(_describe_itself), methods=["GET"]),
    ]
    app = Starlette(
        routes=[Mount(POOL_PATH, routes=routes), *routes],
        middleware=[Middleware(Guard, token=token, host=host, patience=patience)],
        exception_handlers={HTTPException: no_such_route},
    )
    app.router.redirect_slashes = False
    return app


class _Api:
    """One method per operation; each gets the request and its dialect."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.executions = Executions()
        self.threads = Threads(_FILE_CALLS)
        self.listings = Threads(_LISTINGS)
        self.answers = Threads(1)

    async def execute_legacy(self, request: Request, dialect: Dialect) -> Response:
        need(not dialect.is_flat, "code/execute", dialect)
        return await self._execute(request, dialect)

    async def execute_flat(self, request: Request, dialect: Dialect) -> Response:
        need(dialect.is_flat, "executions", dialect)
        return await self._execute(request, dialect)

    async def upload_legacy(self, request: Request, dialect: Dialect) -> Response:
        need(not dialect.is_flat, "files/upload", dialect)
        return await self._upload(request, dialect)

    async def upload_flat(self, request: Request, dialect: Dialect) -> Response:
        need(dialect.is_flat, "files", dialect)
        return await self._upload(request, dialect)

    async def list_files(self, request: Request, dialect: Dialect) -> Response:
        recursive = (
            dialect.version == dialects.NEWEST
            and request.query_params.get("recursive", "").lower() == "true"
        )

        def work(is_over: Callable[[], bool]) -> Response:
            entries = files.list_entries(session.data, parts, recursive=recursive, is_over=is_over)
            return ListAnswer(dialects.list_items(dialect, entries))

        async def listed() -> Response:
            async with session.listing:
                return await self.listings.run_needed(work)

        async with self._place(request) as (parts, session):
            return await until_disconnect(request, listed())

    async def describe(self, request: Request, dialect: Dialect) -> Response:
        name = files.check_name(request.path_params["name"])
        async with self._place(request) as (parts, session):
            entry = await self.threads.run(files.describe, session.data, parts, name)
        return JsonAnswer(dialects.file_body(dialect, entry))

    async def download(self, request: Request, dialect: Dialect) -> Response:
        first, second = request.path_params["first"], request.path_params["second"]
        fixed, name = (second, first) if dialect.is_flat else (first, second)
        if fixed != "content":
            raise HTTPException(404)
        name = files.check_name(name)
        async with self._place(request) as (parts, session):
            file, entry = await self.threads.run(files.open_file, session.data, parts, name)
        return StreamingResponse(
            _chunks(file, entry.size, self.threads),
            media_type="application/octet-stream",
            headers={"content-length": str(entry.size)},
        )

    async def delete(self, request: Request, dialect: Dialect) -> Response:
        name = files.check_name(request.path_params["name"])
        async with self._place(request) as (parts, session):
            await self.threads.run(files.delete, session.data, parts, name)
        return Response(status_code=204)

    async def execution(self, request: Request, dialect: Dialect) -> Response:
        """Returns the result of an execution, or that it is still running."""
        need(dialect.is_flat, "executions", dialect)
        identifier = dialects.check_identifier(request.query_params.get("identifier"))
        session = self.pool.find(identifier)
        if session is None:
            raise NoSession(identifier)
        self.pool.touch(identifier)
        answer = self.executions.answer(session, request.path_params["id"])
        return Response(answer, media_type=JsonAnswer.media_type)

    async def _execute(self, request: Request, dialect: Dialect) -> Response:
        moments = [time.perf_counter()]
        body = await read_json(request)
        wanted = dialects.parse_execute(dialect, body)
        identifier = dialects.check_identifier(
            request.query_params.get("identifier") or _identifier_in(body)
        )
        operation = dialects.check_operation(request.headers.get("operation-id")) or str(
            uuid.uuid4()
        )
        moments.append(time.perf_counter())
        session = await self._session(identifier)
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
            self.executions.start(session, operation, serialise(state), answered())
            return JsonAnswer(state, dialect.execute_status, headers)
        ran, allocation = await work
        moments.append(time.perf_counter())
        content = await self._answer(ran, dialect, wanted, identifier, operation)
        if dialect.is_flat:
            self.executions.keep(session, operation, content)
        headers |= dialects.execution_headers(
            moments, ran, guid=allocation.guid, is_new=allocation.is_new
        )
        return Response(content, dialect.execute_status, headers, JsonAnswer.media_type)

    async def _ran(
        self, running: Awaitable[tuple[Ran, Allocation]], identifier: str
    ) -> tuple[Ran, Allocation]:
        try:
            done = await running
        except SessionEnded as error:
            raise NoSession(identifier) from error
        self.pool.touch(identifier)
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
        content = await self.answers.run(body)
        return await in_turn(lambda: serialise(content))

    async def _upload(self, request: Request, dialect: Dialect) -> Response:
        check_upload(request)
        async with (
            self._place(request) as (parts, session),
            read_upload(request) as (name, content),
        ):
            entry = await self.threads.run(files.save, session.data, parts, name, content)
        return JsonAnswer(dialects.file_body(dialect, entry, uploaded=True))

    @contextlib.asynccontextmanager
    async def _place(self, request: Request) -> AsyncIterator[tuple[tuple[str, ...], Session]]:
        """Yields the directory of a file request: its parts, and the session, whose files stay
        until the block ends.
        """
        parts = files.check_path(request.query_params.get("path"))
        identifier = dialects.check_identifier(request.query_params.get("identifier"))
        session = await self._session(identifier)
        try:
            with session.file_call():
                yield parts, session
        except files.RootGone as error:
            raise NoSession(identifier) from error

    async def _session(self, identifier: str) -> Session:
        try:
            return await self.pool.session(identifier)
        except PoolFull as error:
            message = (
                f"The request sessions count is '1'. There are already '{error.active}' active"
                f" sessions and the maximum active sessions count is '{self.pool.max_sessions}'."
            )
            raise ApiError(429, "SessionsCountExceedsLimit", message, flat=True) from error


async def _describe_itself(_request: Request, _dialect: Dialect) -> Response:
    return JsonAnswer(description())


async def _chunks(file: BinaryIO, size: int, threads: Threads) -> AsyncGenerator[bytes, None]:
    """Yields a file's first `size` bytes, the length that its answer has declared."""
    with file:
        while size > 0 and (chunk := await threads.run(file.read, min(size, 256 * 1024))):
            size -= len(chunk)
            yield chunk


def _identifier_in(body: Any) -> object:
    fields = body.get("properties", body)
    return fields.get("identifier") if isinstance(fields, dict) else None
