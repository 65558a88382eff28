"""The OpenAPI 3.1 description of the pool's API in both dialects, for tools. This module does no
I/O.
"""

from __future__ import annotations

from typing import Any

from noderepl.service.dialects import FLAT_VERSIONS, LEGACY_VERSIONS

_Schema = dict[str, Any]
_TEXT: _Schema = {"type": "string"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_MOMENT: _Schema = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$"}
_BYTES: _Schema = {"type": "string", "format": "binary"}


def _record(required: dict[str, _Schema], **optional: _Schema) -> _Schema:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _list(items: _Schema) -> _Schema:
    return {"type": "array", "items": items}


_IDENTIFIER = {"type": "string", "minLength": 4, "maxLength": 128, "pattern": "^[!-~]*$"}
_EXECUTE = _record(
    {"code": _TEXT},
    codeInputType={"enum": ["Inline", "InlineText", "InlineBase64", "inline", "inlinetext"]},
    executionType={"enum": ["Synchronous", "synchronous"]},
    timeoutInSeconds={"type": "integer", "minimum": 1, "maximum": 220},
    identifier=_IDENTIFIER,
)
_EXECUTE_FLAT = _record(
    {"code": _TEXT},
    **{
        name: schema
        for name, schema in _EXECUTE["properties"].items()
        if name in ("codeInputType", "timeoutInSeconds")
    },
    executionType={"enum": ["Synchronous", "synchronous", "Asynchronous"]},
    outputStreamsMaxLength={"type": "integer", "minimum": 1, "maximum": 2**31},
    returnJupyterFormatExecutionResult={"type": "boolean"},
)
_STREAMS = {"stdout": _TEXT, "stderr": _TEXT, "executionTimeInMilliseconds": _COUNT}
_SCHEMAS: dict[str, _Schema] = {
    "Executed": _record(
        {
            "id": _TEXT,
            "identifier": _IDENTIFIER,
            "executionType": _TEXT,
            "status": {"enum": ["Succeeded", "Failed", "Running"]},
        },
        result=_record({**_STREAMS, "executionResult": {}}, displayData=_list({"type": "object"})),
        error={"type": "object"},
        rawResult={"type": "object"},
    ),
    "ExecutedLegacy": _record(
        {
            "properties": _record(
                {"status": {"enum": ["Success", "Failure"]}, **_STREAMS},
                result={},
                executionResult={},
                error={"type": "object"},
                rawResult={"type": "object"},
                displayData=_list({"type": "object"}),
            )
        }
    ),
    "File": {
        "anyOf": [
            _record(
                {"name": _TEXT, "sizeInBytes": _COUNT, "lastModifiedAt": _MOMENT},
                type={"enum": ["", "file", "directory"]},
                contentType=_TEXT,
                directory=_TEXT,
            ),
            _record(
                {
                    "properties": _record(
                        {"filename": _TEXT, "size": _COUNT, "lastModifiedTime": _MOMENT}
                    )
                }
            ),
        ]
    },
    "Files": _record({"value": _list({"$ref": "#/components/schemas/File"})}),
    "Session": _record(
        {
            "identifier": _IDENTIFIER,
            "createdAt": _MOMENT,
            "lastAccessedAt": _MOMENT,
            "expireAt": _MOMENT,
            "etag": _TEXT,
        }
    ),
    "Sessions": _record(
        {
            "sessions": _list({"$ref": "#/components/schemas/Session"}),
            "value": _list({"$ref": "#/components/schemas/Session"}),
            "count": _COUNT,
            "nextLink": {"type": ["string", "null"]},
        }
    ),
    "Metadata": _record(
        {
            "runtimes": _list(_record({"name": _TEXT, "version": _TEXT})),
            "preInstalledPackages": _list(_record({"name": _TEXT, "version": _TEXT})),
            "createdAt": _MOMENT,
            "lastUpdatedAt": _MOMENT,
            "jupyterKernel": {"type": "object"},
        }
    ),
    "Error": {
        "anyOf": [
            _record({"error": _record({"code": _TEXT, "message": _TEXT, "traceId": _TEXT})}),
            _record({"code": _TEXT, "message": _TEXT}),
            _record(
                {"title": _TEXT, "status": _COUNT, "errors": {"type": "object"}, "traceId": _TEXT}
            ),
        ]
    },
}
_ALL = LEGACY_VERSIONS + FLAT_VERSIONS
_WITH_SESSIONS = FLAT_VERSIONS[1:]
_UPLOAD = {"multipart/form-data": {"schema": _record({"file": _BYTES})}}


def description() -> dict[str, Any]:
    """Returns the OpenAPI document. Paths are relative to the pool's base URL."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "noderepl's embedded pool", "version": FLAT_VERSIONS[-1]},
        "security": [{"bearer": []}],
        "paths": {
            "/code/execute": {
                "post": _operation(
                    "ExecutedLegacy", 200, 202, body=_json(_record({"properties": _EXECUTE}))
                )
            },
            "/executions": {
                "post": _operation(
                    "Executed", 200, 202, versions=FLAT_VERSIONS, body=_json(_EXECUTE_FLAT)
                )
            },
            "/executions/{id}": {"get": _operation("Executed", versions=FLAT_VERSIONS, part="id")},
            "/files/upload": {"post": _operation("Files", path=True, body=_UPLOAD)},
            "/files": {
                "post": _operation("File", versions=FLAT_VERSIONS, path=True, body=_UPLOAD),
                "get": _operation(
                    "Files", versions=_ALL, path=True, query={"recursive": {"type": "boolean"}}
                ),
            },
            "/files/{name}": {
                "get": _operation("File", versions=_ALL, path=True, part="name"),
                "delete": _operation(None, 204, versions=_ALL, path=True, part="name"),
            },
            "/files/content/{name}": {"get": _operation(_BYTES, path=True, part="name")},
            "/files/{name}/content": {
                "get": _operation(_BYTES, versions=FLAT_VERSIONS, path=True, part="name")
            },
            "/session": {
                "get": _operation("Session", versions=_WITH_SESSIONS),
                "delete": _operation(None, 204, versions=_WITH_SESSIONS),
            },
            "/.management/stopSession": {"post": _operation(_TEXT, versions=_WITH_SESSIONS)},
            "/listSessions": {"get": _listing()},
            "/.management/listSessions": {"get": _listing()},
            "/metadata": {"get": _operation("Metadata", versions=_WITH_SESSIONS, identifier=False)},
            "/openapi.json": {
                "get": {
                    "responses": {"200": {"description": "This document.", "content": _json({})}}
                }
            },
        },
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(
    answer: str | _Schema | None,
    *statuses: int,
    versions: tuple[str, ...] = LEGACY_VERSIONS,
    identifier: bool = True,
    path: bool = False,
    part: str = "",
    query: dict[str, _Schema] | None = None,
    body: _Schema | None = None,
) -> dict[str, Any]:
    """Returns one operation. answer: the name of its schema, the schema of an answer that is not
    JSON, or None for no body.

    statuses: of success, 200 by default; if there are several, the api-version decides. part: the
    name of the path's parameter. api-version is optional if the legacy dialect has the operation.
    """
    parameters = [
        _parameter("api-version", {"enum": list(versions)}, required=versions[0] in FLAT_VERSIONS)
    ]
    if identifier:
        parameters.append(_parameter("identifier", _IDENTIFIER))
    if part:
        parameters.append(_parameter(part, {"type": "string", "minLength": 1}, place="path"))
    more = {**({"path": _TEXT} if path else {}), **(query or {})}
    parameters += [_parameter(word, schema, required=False) for word, schema in more.items()]
    success: dict[str, Any] = {"description": "Success."}
    if isinstance(answer, str):
        success["content"] = _json({"$ref": f"#/components/schemas/{answer}"})
    elif answer is not None:
        media_type = "application/octet-stream" if answer is _BYTES else "text/plain"
        success["content"] = {media_type: {"schema": answer}}
    error = {"$ref": "#/components/schemas/Error"}
    refusal = {
        "description": "Failure.",
        "content": _json(error) | {"application/problem+json": {"schema": error}},
    }
    responses = dict.fromkeys(map(str, statuses or (200,)), success) | {"default": refusal}
    operation: dict[str, Any] = {"parameters": parameters, "responses": responses}
    if body is not None:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _listing() -> dict[str, Any]:
    skip = {"skip": {"type": "integer", "minimum": 0}}
    return _operation("Sessions", versions=_WITH_SESSIONS, identifier=False, query=skip)


def _parameter(
    name: str, schema: _Schema, *, required: bool = True, place: str = "query"
) -> dict[str, Any]:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _json(schema: _Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
