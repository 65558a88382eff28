"""Reads from the connections of requests: JSON, the form of an upload, and that a client is gone.
This module does not depend on sessions.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any, BinaryIO, TypeVar

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from noderepl.service import files
from noderepl.service.errors import ApiError, InvalidBody
from noderepl.service.execute_calls import BODY_LIMIT, parse, too_large

_Result = TypeVar("_Result")

_FORM_OVERHEAD = 64 * 1024
# The fields of an upload besides the file, and the bytes of each, which are not used.
_FIELDS = 16
_FIELD_LIMIT = 64 * 1024


async def read_json(request: Request) -> Any:
    """Returns the body of a request as JSON."""
    _check_length(request, BODY_LIMIT, too_large())
    body = bytearray()
    try:
        async for chunk in _limited(request, BODY_LIMIT, too_large()):
            body += chunk
    except ClientDisconnect as error:
        raise InvalidBody("$", "The request body is incomplete.") from error
    return parse(body)


def check_upload(request: Request) -> None:
    """Raises ApiError if an upload declares to be too large."""
    _check_length(request, files.SIZE_LIMIT + _FORM_OVERHEAD, _file_too_large())


@contextlib.asynccontextmanager
async def read_upload(request: Request) -> AsyncIterator[tuple[str, BinaryIO]]:
    """Yields the name and the content of an uploaded file. Raises ApiError."""
    form = MultiPartParser(
        _form_headers(request),
        _form(request),
        max_files=1,
        max_fields=_FIELDS,
        max_part_size=_FIELD_LIMIT,
    )
    try:
        parts = await form.parse()
    except _Refused as refused:
        raise refused.error from refused
    except (MultiPartException, ValueError) as error:
        raise ApiError(
            400, "InvalidRequest", "The upload is not a whole multipart form."
        ) from error
    except OSError as error:  # of the parser's temporary file
        raise files.not_written(error) from error
    try:
        part = parts.get("file")
        if not isinstance(part, UploadFile) or not part.filename:
            raise ApiError(
                400, "InvalidRequest", "The form must have a part 'file' with a filename."
            )
        if (part.size or 0) > files.SIZE_LIMIT:
            raise _file_too_large()
        yield files.check_name(part.filename), part.file
    finally:
        await parts.close()


def _form_headers(request: Request) -> Headers:
    """Returns the header that a form's parser needs, without the charset that the client names:
    some of Python's charsets need quadratic time. The parser then reads names as UTF-8, and as
    Latin-1 if they are not UTF-8.
    """
    _, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"").decode("latin-1")
    quoted = boundary.replace("\\", "\\\\").replace('"', '\\"')
    return Headers({"content-type": f'multipart/form-data; boundary="{quoted}"'})


async def until_disconnect(request: Request, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Returns the result of the work; raises its exception. If the client closes the connection
    first, cancels the work and raises ClientDisconnect.
    """
    working = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((working, gone), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            gone.result()
            raise ClientDisconnect
        return working.result()
    finally:
        for task in (working, gone):
            task.cancel()
        await asyncio.gather(working, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


class _Refused(MultiPartException):
    """An upload that is not read to its end. A parser closes its temporary files only on this kind
    of exception.
    """

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.message)
        self.error = error


async def _form(request: Request) -> AsyncGenerator[bytes, None]:
    """Yields the body of an upload. Raises _Refused if it is too large, too slow or incomplete."""
    tail = b""
    try:
        async for chunk in _limited(request, files.SIZE_LIMIT + _FORM_OVERHEAD, _file_too_large()):
            tail = (tail + chunk)[-16:]
            yield chunk
    except ApiError as error:
        raise _Refused(error) from error
    except ClientDisconnect as error:
        raise MultiPartException("the upload is incomplete") from error
    if not tail.rstrip().endswith(b"--"):
        raise MultiPartException("the form has no end")


def _check_length(request: Request, most: int, too_large: ApiError) -> None:
    """Raises `too_large` if the request declares a larger body, before any of it is read."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and (len(length) > 18 or int(length) > most):
        raise too_large


async def _limited(request: Request, most: int, too_large: ApiError) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > most:
            raise too_large
        yield chunk


def _file_too_large() -> ApiError:
    return ApiError(
        413, "FileTooLarge", f"A file must not be larger than {files.SIZE_LIMIT // 2**20} MB."
    )
