"""The HTTP API in front of a pool: routes, headers, and every error as JSON.

Shapes are dialects.py's, files files.py's, sessions pool.py's.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, BinaryIO

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route

from noderepl.service import dialects, files
from noderepl.service.channel import StartFailed
from noderepl.service.dialects import Dialect
from noderepl.service.errors import ApiError
from noderepl.service.guard import Guard, JsonAnswer, endpoint, need, no_such_route
from noderepl.service.management import Management
from noderepl.service.pool import Pool, PoolClosed, PoolFull, Session, SessionEnded

POOL_PATH = "/subscriptions/{subscription}/resourceGroups/{group}/sessionPools/{pool}"
_FORM_OVERHEAD = 64 * 1024


def create_app(pool: Pool, *, token: str | None = None) -> Starlette:
    """The API of `pool` as an ASGI application, at the root and below the path that a pool has on Azure.

    token: what must come as `Authorization: Bearer TOKEN`; None lets everybody in. The pool is not closed by this.
    """
    api = _Api(pool)
    routes = [
        Route("/code/execute", endpoint(api.execute_legacy), methods=["POST"]),
        Route("/executions", endpoint(api.execute_flat), methods=["POST"]),
        Route("/files/upload", endpoint(api.upload_legacy), methods=["POST"]),
        Route("/files", endpoint(api.upload_flat), methods=["POST"]),
        Route("/files", endpoint(api.list_files), methods=["GET"]),
        Route("/files/{first}/{second}", endpoint(api.download), methods=["GET"]),
        Route("/files/{name}", endpoint(api.describe), methods=["GET"]),
        Route("/files/{name}", endpoint(api.delete), methods=["DELETE"]),
        *Management(pool).routes(),
    ]
    app = Starlette(
        routes=[Mount(POOL_PATH, routes=routes), *routes],
        middleware=[Middleware(Guard, token=token)],
        exception_handlers={HTTPException: no_such_route},
    )
    app.router.redirect_slashes = False
    return app


class _Api:
    """One method per operation; each gets the request and its dialect."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

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
        recursive = dialect.version == dialects.NEWEST and request.query_params.get("recursive", "").lower() == "true"
        parts, root = await self._place(request)
        entries = await asyncio.to_thread(files.list_entries, root, parts, recursive=recursive)
        return JsonAnswer(dialects.list_body(dialect, entries))

    async def describe(self, request: Request, dialect: Dialect) -> Response:
        name = files.check_name(request.path_params["name"])
        parts, root = await self._place(request)
        entry = await asyncio.to_thread(files.describe, root, parts, name)
        return JsonAnswer(dialects.file_body(dialect, entry))

    async def download(self, request: Request, dialect: Dialect) -> Response:
        first, second = request.path_params["first"], request.path_params["second"]
        fixed, name = (second, first) if dialect.is_flat else (first, second)
        if fixed != "content":
            raise HTTPException(404)
        name = files.check_name(name)
        parts, root = await self._place(request)
        file, entry = await asyncio.to_thread(files.open_file, root, parts, name)
        return StreamingResponse(
            _chunks(file, entry.size),
            media_type="application/octet-stream",
            headers={"content-length": str(entry.size)},
        )

    async def delete(self, request: Request, dialect: Dialect) -> Response:
        name = files.check_name(request.path_params["name"])
        parts, root = await self._place(request)
        await asyncio.to_thread(files.delete, root, parts, name)
        return Response(status_code=204)

    async def _execute(self, request: Request, dialect: Dialect) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError as error:
            raise ApiError(400, "InvalidRequest", "The request body is not JSON.") from error
        wanted = dialects.parse_execute(dialect, body)
        identifier = dialects.check_identifier(request.query_params.get("identifier") or _identifier_in(body))
        began = asyncio.get_running_loop().time()
        session = await self._session(identifier)
        waited = (asyncio.get_running_loop().time() - began) * 1000
        try:
            ran, allocation = await session.execute(wanted.code, wanted.timeout)
        except StartFailed as error:
            raise ApiError(500, "SessionStartFailed", str(error)) from error
        except SessionEnded as error:
            raise ApiError(404, "NoSessionFoundError", str(error)) from error
        self.pool.touch(identifier)
        operation = request.headers.get("operation-id") or str(uuid.uuid4())
        content = dialects.execution_body(dialect, wanted, ran, identifier=identifier, operation=operation)
        headers = {
            "operation-id": operation,
            "x-ms-session-guid": allocation.guid,
            "x-ms-new-allocation": str(allocation.is_new).lower(),
            "x-ms-allocation-time": f"{waited:.4f}",
            "x-ms-container-execution-duration": str(ran.milliseconds),
        }
        return JsonAnswer(content, 202 if dialect.is_flat else 200, headers)

    async def _upload(self, request: Request, dialect: Dialect) -> Response:
        length = request.headers.get("content-length", "0")
        if length.isdecimal() and int(length) > files.SIZE_LIMIT + _FORM_OVERHEAD:
            raise _too_large()
        parts, root = await self._place(request)
        try:
            form = await MultiPartParser(request.headers, _limited(request), max_files=1).parse()
        except _TooLarge as error:
            raise _too_large() from error
        except (MultiPartException, KeyError) as error:
            raise ApiError(400, "InvalidRequest", "The upload is not a whole multipart form.") from error
        try:
            part = form.get("file")
            if not isinstance(part, UploadFile) or not part.filename:
                raise ApiError(400, "InvalidRequest", "The form must have a part 'file' with a filename.")
            if (part.size or 0) > files.SIZE_LIMIT:
                raise _too_large()
            name = files.check_name(part.filename)
            entry = await asyncio.to_thread(files.save, root, parts, name, part.file)
        finally:
            await form.close()
        return JsonAnswer(dialects.file_body(dialect, entry, uploaded=True))

    async def _place(self, request: Request) -> tuple[tuple[str, ...], Path]:
        """The directory that a file request means: its parts, and the session's root."""
        parts = files.check_path(request.query_params.get("path"))
        session = await self._session(dialects.check_identifier(request.query_params.get("identifier")))
        session.take_new()
        return parts, session.data

    async def _session(self, identifier: str) -> Session:
        try:
            return await self.pool.session(identifier)
        except PoolFull as error:
            message = (
                f"The request sessions count is '1'. There are already '{error.active}' active sessions and the "
                f"maximum active sessions count is '{self.pool.max_sessions}'."
            )
            raise ApiError(429, "SessionsCountExceedsLimit", message, flat=True) from error
        except PoolClosed as error:
            raise ApiError(503, "PoolClosed", str(error)) from error


class _TooLarge(MultiPartException):
    """More bytes came than an upload may have."""


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    """The body, if it is not too large and comes to its end; what the parser has spooled it then closes itself."""
    received, tail = 0, b""
    try:
        async for chunk in request.stream():
            received += len(chunk)
            tail = (tail + chunk)[-16:]
            if received > files.SIZE_LIMIT + _FORM_OVERHEAD:
                raise _TooLarge("too large")
            yield chunk
    except ClientDisconnect as error:
        raise MultiPartException("the upload broke off") from error
    if not tail.rstrip().endswith(b"--"):
        raise MultiPartException("the form has no end")


async def _chunks(file: BinaryIO, size: int) -> AsyncGenerator[bytes, None]:
    """A file's first `size` bytes, as it was when its length was promised."""
    with file:
        while size > 0 and (chunk := await asyncio.to_thread(file.read, min(size, 256 * 1024))):
            size -= len(chunk)
            yield chunk


def _too_large() -> ApiError:
    return ApiError(413, "FileTooLarge", f"A file must not be larger than {files.SIZE_LIMIT // 2**20} MB.")


def _identifier_in(body: Any) -> object:
    fields = body.get("properties", body)
    return fields.get("identifier") if isinstance(fields, dict) else None
