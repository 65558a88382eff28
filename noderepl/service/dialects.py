"""The data formats of the API: requests and answers, per api-version. This module does no I/O and
reads no clock.

Two dialects (docs/protocol.md lists the sources): legacy, `/code/execute` with a `properties`
envelope, up to 2024-08-02-preview and without an api-version; flat, `/executions`, from
2024-10-02-preview.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.service.completion_values import execution_result
from noderepl.service.errors import ApiError, InvalidBody
from noderepl.service.files import Entry
from noderepl.service.worker import Ran

LEGACY_VERSIONS = ("2024-02-02-preview", "2024-08-02-preview")
FLAT_VERSIONS = ("2024-10-02-preview", "2025-02-02-preview", "2025-10-02-preview")
NEWEST = FLAT_VERSIONS[-1]
_IDENTIFIER = lazy_pattern(r"""[a-zA-Z0-9_|}{\[\]:"';<>?/.,@#$%^&*()\-+=!~`]{4,128}""")
# The years 1 to 9999, the range of Python's dates; a session may set any time.
_EARLIEST, _LATEST = -62_135_596_800 * 10**9, 253_402_300_800 * 10**9 - 1


@dataclass(frozen=True, slots=True)
class Dialect:
    """An api-version and its properties; version is None if the request named none."""

    version: str | None

    @property
    def is_flat(self) -> bool:
        """Whether this is the dialect of `/executions`."""
        return self.version in FLAT_VERSIONS

    @property
    def execute_status(self) -> int:
        """The HTTP status of an execution that has finished, or started.

        202: REC-NODE-2411, SWAGGER-2410 and -2502, SAMPLES for 2024-08-02-preview. 200:
        REC-NODE-2405, SWAGGER-2510.
        """
        return 200 if self.version in (None, LEGACY_VERSIONS[0], NEWEST) else 202

    @property
    def has_sessions(self) -> bool:
        """Whether this version has operations on sessions and the pool (SWAGGER-2502)."""
        return self.version in FLAT_VERSIONS[1:]


@dataclass(frozen=True, slots=True)
class ExecuteRequest:
    """A request to run a snippet. timeout: seconds. stream_limit: the maximum number of characters
    of each stream, None: no limit.
    """

    code: str
    execution_type: str
    timeout: int
    stream_limit: int | None
    jupyter_format: bool

    @property
    def is_asynchronous(self) -> bool:
        """Whether the answer does not wait for the snippet."""
        return self.execution_type.lower() == "asynchronous"


def headers(version: str | None) -> dict[str, str]:
    """Returns the headers of every answer to this api-version (REC-NODE-2411 has them,
    REC-NODE-2405 does not).
    """
    is_legacy = version is None or version in LEGACY_VERSIONS
    return {} if is_legacy else {"api-supported-versions": ", ".join(FLAT_VERSIONS)}


def choose(version: str | None) -> Dialect:
    """Returns the dialect of an api-version. Raises ApiError InvalidApiVersion."""
    if version is not None and version not in LEGACY_VERSIONS + FLAT_VERSIONS:
        raise ApiError(
            400,
            "InvalidApiVersion",
            f"The api-version '{version}' is invalid. The supported versions are"
            f" '{', '.join(FLAT_VERSIONS)}'.",
        )
    return Dialect(version)


def check_identifier(identifier: object) -> str:
    """Returns the identifier if the rules of SWAGGER-2510 allow it. Raises ApiError, which does not
    quote the identifier.
    """
    if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
        message = (
            "The session identifier must be 4 to 128 letters, digits or punctuation characters."
        )
        raise ApiError(400, "InvalidSessionIdentifier", message)
    return identifier


def check_operation(operation: str | None) -> str | None:
    """Returns the id that a request gives its execution, None without one. Raises ApiError if a URL
    cannot contain it.
    """
    if operation and ("/" in operation or operation in (".", "..")):
        raise ApiError(
            400, "InvalidRequest", "The header operation-id must be one part of a URL's path."
        )
    return operation


def parse_execute(dialect: Dialect, body: object) -> ExecuteRequest:
    """Returns the decoded body of an execute request: wrapped in `properties` in the legacy
    dialect, bare in the flat one.

    Fields other than the code have defaults (SAMPLES: `{"code": …}` alone works). Raises ApiError.
    """
    fields = body if dialect.is_flat else body.get("properties") if isinstance(body, dict) else None
    if not isinstance(fields, dict):
        where = "." if dialect.is_flat else " with 'properties'."
        raise InvalidBody("$", f"The request body must be a JSON object{where}")
    fields = {name.lower(): value for name, value in fields.items()}
    code = fields.get("code")
    if not isinstance(code, str):
        raise InvalidBody("code", "The field 'code' is required and must be a string.")
    # No source shows how the legacy dialect returns the result of an asynchronous execution.
    types = {"synchronous", "asynchronous"} if dialect.is_flat else {"synchronous"}
    input_type = _choice(
        fields, "codeinputtype", "inline", {"inline", "inlinetext", "inlinebase64"}
    )
    newest = dialect.version == NEWEST
    jupyter = fields.get("returnjupyterformatexecutionresult") or fields.get("returnjupyterformat")
    return ExecuteRequest(
        code=_decode(code) if input_type.lower() == "inlinebase64" else code,
        execution_type=_choice(fields, "executiontype", "synchronous", types),
        timeout=_whole_number(fields, "timeoutinseconds", 60, 220),
        stream_limit=(
            _whole_number(fields, "outputstreamsmaxlength", 4096, 2**31) if newest else None
        ),
        jupyter_format=newest and bool(jupyter),
    )


def execution_body(
    dialect: Dialect, request: ExecuteRequest, ran: Ran, *, identifier: str, operation: str
) -> dict[str, Any]:
    """Returns the answer to an execute request.

    Flat: REC-NODE-2411. Legacy: REC-NODE-2405, of 2024-02-02-preview, also without version;
    SAMPLES, of 2024-08-02-preview, in which the value has another name and the only `$id` is the
    operation's. A failure's text is appended to stderr. There is no recording of a failure:
    `rawResult` has its parts under the names of SAMPLES' proxy, with stderr as the snippet wrote
    it, and `error` states why a worker ended.
    """
    stdout, stderr = ran.stdout, ran.stderr
    if ran.error is not None or ran.ended is not None:
        what = (
            ran.error.text
            if ran.error is not None
            else ran.ended.words
            if ran.ended is not None
            else ""
        )
        stderr += "\n" * (stderr[-1:] not in ("", "\n")) + what + "\n"
    result = {
        "stdout": stdout[: request.stream_limit],
        "stderr": stderr[: request.stream_limit],
        _value_field(dialect): execution_result(ran.mime, jupyter_format=request.jupyter_format),
        "executionTimeInMilliseconds": ran.milliseconds,
    }
    if ran.displays:
        result["displayData"] = list(ran.displays)
    failed = ran.error is not None or ran.ended is not None
    failure = _failure(ran, request.stream_limit) if failed else {}
    if not dialect.is_flat:
        as_sampled = dialect.version == LEGACY_VERSIONS[1]
        fields = {
            "$id": operation if as_sampled else "2",
            "status": "Failure" if failed else "Success",
        }
        properties = {"properties": {**fields, **result, **failure}}
        return properties if as_sampled else {"$id": "1", **properties}
    return {
        "$id": "1",
        "id": operation,
        "identifier": identifier,
        "executionType": request.execution_type,
        "status": "Failed" if failed else "Succeeded",
        "result": {"$id": "2", **result},
        **failure,
    }


def running_body(request: ExecuteRequest, *, identifier: str, operation: str) -> dict[str, Any]:
    """Returns the answer about a running asynchronous execution (SWAGGER-2502's example: without
    result).
    """
    return {
        "id": operation,
        "identifier": identifier,
        "executionType": request.execution_type,
        "status": "Running",
    }


def execution_headers(
    moments: Sequence[float], ran: Ran, *, guid: str, is_new: bool
) -> dict[str, str]:
    """Returns the headers of an answer to an execute request (both recordings; x-ms-new-allocation:
    DOC-HDR).

    moments: the times in seconds when the request arrived, was parsed, had its session, and had
    finished. In both recordings the total is the sum of allocation, preparation and execution, and
    up to 1 ms more.
    """
    preparation, allocation, execution = (
        (after - before) * 1000 for before, after in pairwise(moments)
    )
    return {
        "x-ms-session-guid": guid,
        "x-ms-new-allocation": str(is_new).lower(),
        "x-ms-allocation-retries": "0",
        "x-ms-allocation-time": f"{allocation:.4f}",
        "x-ms-preparation-time": f"{preparation:.4f}",
        "x-ms-container-execution-duration": str(ran.milliseconds),
        "x-ms-execution-request-time": str(round(execution)),
        "x-ms-execution-read-response-time": f"{max(execution - ran.milliseconds, 0):.4f}",
        "x-ms-overall-execution-time": f"{execution:.4f}",
        "x-ms-total-execution-service-time": f"{preparation + allocation + execution:.4f}",
    }


def file_body(dialect: Dialect, entry: Entry, *, uploaded: bool = False) -> dict[str, Any]:
    """Returns the answer to an upload or a metadata request (REC-NODE-2411; DOC-CI-2601 for the
    legacy dialect).
    """
    if not dialect.is_flat:
        listed = {"$id": "2", "properties": {"$id": "3", **_legacy_file(entry)}}
        return (
            {"$id": "1", "value": [listed]}
            if uploaded
            else {"$id": "1", "properties": listed["properties"]}
        )
    kind = {"type": "", "contentType": ""} if uploaded else {}
    return {
        "$id": "1",
        "name": entry.name,
        **kind,
        "sizeInBytes": entry.size,
        "lastModifiedAt": timestamp(entry),
    }


def list_items(dialect: Dialect, entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    """Yields the entries of the answer to a list request; the answer itself has the $id 1."""
    for number, entry in enumerate(entries):
        if not dialect.is_flat:
            properties = {"$id": str(2 * number + 3), **_legacy_file(entry)}
            yield {"$id": str(2 * number + 2), "properties": properties}
            continue
        where = {"directory": entry.directory} if dialect.version == NEWEST else {}
        size = {"sizeInBytes": entry.size, "lastModifiedAt": timestamp(entry)}
        yield {"$id": str(number + 2), "name": entry.name, **where, **_kind(entry), **size}


def timestamp(entry: Entry) -> str:
    """Returns the time of a file's last change, in UTC with the seven digits of the service."""
    seconds, nanoseconds = divmod(min(max(entry.modified, _EARLIEST), _LATEST), 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat()[:19]}.{nanoseconds // 100:07d}Z"


def _value_field(dialect: Dialect) -> str:
    return "result" if dialect.version in (None, LEGACY_VERSIONS[0]) else "executionResult"


def _kind(entry: Entry) -> dict[str, str]:
    if entry.is_directory:
        return {"type": "directory", "contentType": "application/octet-stream"}
    from mimetypes import guess_type

    guessed = guess_type(entry.name)[0] or "application/octet-stream"
    return {
        "type": "file",
        "contentType": f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed,
    }


def _legacy_file(entry: Entry) -> dict[str, Any]:
    return {"filename": entry.name, "size": entry.size, "lastModifiedTime": timestamp(entry)}


def _failure(ran: Ran, stream_limit: int | None) -> dict[str, Any]:
    name, message, trace = ("", "", "")
    extra: dict[str, Any] = {}
    if ran.ended is not None:
        name, message = ran.ended.ending.value, ran.ended.words
        extra = {"error": {"error": {"code": name, "message": message}}}
    elif ran.error is not None:
        name, message, trace = ran.error.name, ran.error.message, "\n".join(ran.error.traceback)
    raw = {
        "hresult": 1,
        "result": "",
        "error_name": name,
        "error_message": message,
        "error_stack_trace": trace,
        "stdout": ran.stdout[:stream_limit],
        "stderr": ran.stderr[:stream_limit],
    }
    return {"rawResult": raw, **extra}


def _decode(code: str) -> str:
    try:
        return base64.b64decode(code, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        message = (
            "The field 'code' is not base64 of UTF-8 text, as codeInputType InlineBase64 needs."
        )
        raise InvalidBody("code", message) from error


def _choice(fields: Mapping[str, Any], name: str, default: str, known: set[str]) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or value.lower() not in known:
        raise InvalidBody(name, f"The field '{name}' must be one of: {', '.join(sorted(known))}.")
    return value


def _whole_number(fields: Mapping[str, Any], name: str, default: int, most: int) -> int:
    value = fields.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidBody(name, f"The field '{name}' must be a whole number from 1 to {most}.")
    return value
