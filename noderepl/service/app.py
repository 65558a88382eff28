"""The HTTP API in front of a pool: routes, headers, and every error as JSON.

dialects.py defines the data formats, files.py the files, and pool.py the sessions.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import BinaryIO

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

from noderepl.service import dialects, files
from noderepl.service.description import description
from noderepl.service.dialects import Dialect
from noderepl.service.errors import NoSession
from noderepl.service.execute_calls import ExecuteCalls, need
from noderepl.service.management import Management
from noderepl.service.pool import Pool
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
    answer,
    endpoint,
    no_such_route,
)
from noderepl.service.session import Session
from noderepl.service.threads import Threads

POOL_PATH = "/subscriptions/{subscription}/resourceGroups/{group}/sessionPools/{pool}"
# Calls of files at a time: each has a thread, which may be busy for long.
_FILE_CALLS = 8
# Lists at a time: each may take seconds and 100 MB, and other calls of files do not wait for them.
_LISTINGS = 2


def create_app(
    pool: Pool,
    *,
    token: str | None = None,
    host: str | None = None,
    patience: float | None = None,
    calls: ExecuteCalls | None = None,
) -> Starlette:
    """Returns the API of `pool` as an ASGI application, at the root and below the path that a pool
    has on Azure.

    token, host, patience: as for request_checks.Guard; without them every client has access. calls:
    the execute requests of the pool, if other callers make some too. The application does not
    close the pool.
    """
    api = _Api(pool, calls or ExecuteCalls(pool))
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

    def __init__(self, pool: Pool, calls: ExecuteCalls) -> None:
        self.pool = pool
        self.calls = calls
        self.threads = Threads(_FILE_CALLS)
        self.listings = Threads(_LISTINGS)

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
        content = self.calls.executions.answer(session, request.path_params["id"])
        return Response(content, media_type=JsonAnswer.media_type)

    async def _execute(self, request: Request, dialect: Dialect) -> Response:
        body = await read_json(request)
        return answer(
            await self.calls.run(
                dialect,
                body,
                request.query_params.get("identifier"),
                request.headers.get("operation-id"),
            )
        )

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
        session = await self.calls.session(identifier)
        try:
            with session.file_call():
                yield parts, session
        except files.RootGone as error:
            raise NoSession(identifier) from error


async def _describe_itself(_request: Request, _dialect: Dialect) -> Response:
    return JsonAnswer(description())


async def _chunks(file: BinaryIO, size: int, threads: Threads) -> AsyncGenerator[bytes, None]:
    """Yields a file's first `size` bytes, the length that its answer has declared."""
    with file:
        while size > 0 and (chunk := await threads.run(file.read, min(size, 256 * 1024))):
            size -= len(chunk)
            yield chunk
