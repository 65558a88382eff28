"""The API's own description is true: it names every operation, and whatever is sent, answers are of the shapes it says.

Requests are made by hypothesis from the description, and then bent: odd parameters, other methods, bytes as bodies.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
import pytest
from asking import connect
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from starlette.routing import Route

from noderepl.service.app import create_app
from noderepl.service.description import description
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool

DOCUMENT = description()
OPERATIONS = [
    (method, path, what)
    for path, methods in DOCUMENT["paths"].items()
    for method, what in methods.items()
]
ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
# What is made from a schema alone would hardly ever name the same thing twice.
USUAL = {
    "identifier": st.sampled_from(["first", "other"]),
    "name": st.sampled_from(["a.txt", "b", "content"]),
    "path": st.sampled_from(["", "sub", "/mnt/data/sub"]),
    "id": st.sampled_from(["one", "other"]),
}
# Snippets that take no time; what else snippets may do is tried elsewhere.
SNIPPETS = st.sampled_from(
    ["1", "'MSsy'", "throw 1", "{", "", "$$.png('aGk=')", "$$.display().html('a'); ({})", "\ud800"]
)
ODD = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["..", "a/b", "/mnt/data/x", "a" * 300, "\0", "%2e%2e", "٣"]),
)
SETTINGS = settings(
    max_examples=500,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema of the description allows."""
    match schema:
        case {"enum": values}:
            return st.sampled_from(values)
        case {"type": "integer", "minimum": least}:
            return st.integers(least, schema.get("maximum", 10))
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "string", "pattern": pattern}:
            return st.from_regex(pattern, fullmatch=True).filter(
                lambda text: len(text) <= schema["maxLength"]
            )
        case {"type": "string"}:
            return st.text(min_size=schema.get("minLength", 0), max_size=20)
        case {"type": "object", "properties": properties}:
            parts = {name: fitting(part) for name, part in properties.items()}
            optional = {name: parts.pop(name) for name in set(parts) - set(schema["required"])}
            return st.fixed_dictionaries(parts, optional=optional)
    raise AssertionError(f"no values are known for the schema {schema}")


def of(operation: dict[str, Any], draw: st.DrawFn) -> tuple[dict[str, str], str, dict[str, Any]]:
    """Parameters of the query, the name in the path, and what httpx needs for the body."""
    query, name, body = {}, "", {}
    for parameter in operation.get("parameters", ()):
        is_odd = draw(st.integers(0, 7)) == 0
        usual = (
            USUAL[parameter["name"]] if parameter["name"] in USUAL else fitting(parameter["schema"])
        )
        value: object = draw(ODD if is_odd else usual)
        if parameter["in"] == "path":
            name = str(value)
        elif parameter["required"] or draw(st.booleans()):
            query[parameter["name"]] = str(value)
    media = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in media:
        body = {"files": {"file": (draw(USUAL["name"] | ODD), draw(st.binary(max_size=50)))}}
    elif media:
        content = draw(fitting(media["application/json"]["schema"]))
        content.get("properties", content)["code"] = draw(SNIPPETS)
        body = {"content": json.dumps(content).encode()}
    if draw(st.integers(0, 7)) == 0:
        body = {
            "content": draw(st.binary(max_size=50)),
            "headers": {"content-type": draw(st.sampled_from(sorted(media) or [""]))},
        }
    return query, name, body


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A method, what the description says of it, and what httpx sends."""
    method, path, operation = draw(st.sampled_from(OPERATIONS))
    query, name, body = of(operation, draw)
    if draw(st.integers(0, 15)) == 0:
        method = draw(st.sampled_from(["put", "head", "get", "delete", "post"]))
    url = re.sub(r"\{.*\}", quote(name, safe="", errors="replace"), path)
    return method, DOCUMENT["paths"][path].get(method, {}), {"url": url, "params": query, **body}


@pytest.fixture
async def guarded() -> AsyncIterator[httpx.AsyncClient]:
    """A client of a pool that wants a token."""
    pool = Pool(Launcher(find_node()), max_sessions=3)
    async with connect(pool, token="the-token") as client:
        yield client
    await pool.close()


def test_every_operation_is_described() -> None:
    """The description names each route's path and method, and no other."""
    app = create_app(Pool(Launcher(find_node())))
    routes = {
        (method.lower(), route.path.replace("{first}/{second}", "{name}/content"))
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    described = {
        (method, path.replace("content/{name}", "{name}/content")) for method, path, _ in OPERATIONS
    }
    assert described == routes


async def test_the_description_is_served_with_the_token(guarded: httpx.AsyncClient) -> None:
    """/openapi.json is the description, for who has the token."""
    assert (await guarded.get("/openapi.json")).status_code == 401
    answer = await guarded.get("/openapi.json", headers={"Authorization": "Bearer the-token"})
    assert answer.json() == DOCUMENT


def check(answer: httpx.Response, operation: dict[str, Any]) -> None:
    """Raise unless the answer is of a status and shape that the description has for it."""
    assert answer.status_code < 500, answer.text
    assert answer.headers["mise-correlation-id"]
    responses = operation.get("responses", {})
    if answer.is_success and answer.request.method != "HEAD":
        content = responses[str(answer.status_code)].get("content", {"": {}})
    elif answer.request.method != "HEAD":
        content = responses.get("default", {"content": ERROR})["content"]
    else:
        return
    media_type = answer.headers.get("content-type", "").split(";")[0]
    assert media_type in content
    if "json" in media_type:
        schema = {**content[media_type].get("schema", {}), "components": DOCUMENT["components"]}
        jsonschema.validate(answer.json(), schema)


def requests_made() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """What hypothesis makes of the description, the same every time."""
    made = []

    @SETTINGS
    @given(requests())
    def make(request: tuple[str, dict[str, Any], dict[str, Any]]) -> None:
        made.append(request)

    make()
    return made


NEWEST, OLDER = {"api-version": "2025-10-02-preview"}, {"api-version": "2024-10-02-preview"}
FIRST = {"identifier": "first"}
UPLOAD = {"file": ("a.txt", b"text")}
# Each with its path in the description, its URL, and the status of its answer, in this order.
CERTAIN: list[tuple[str, str, str, dict[str, Any], int]] = [
    ("post", "/executions", "/executions", {"params": FIRST | NEWEST, "json": {"code": "1"}}, 200),
    ("post", "/executions", "/executions", {"params": FIRST | OLDER, "json": {"code": "1"}}, 202),
    ("post", "/files", "/files", {"params": FIRST | NEWEST, "files": UPLOAD}, 200),
    ("get", "/files", "/files", {"params": FIRST | NEWEST}, 200),
    ("get", "/files/{name}", "/files/a.txt", {"params": FIRST | NEWEST}, 200),
    ("get", "/files/{name}/content", "/files/a.txt/content", {"params": FIRST | NEWEST}, 200),
    ("delete", "/files/{name}", "/files/a.txt", {"params": FIRST | NEWEST}, 204),
    ("delete", "/files/{name}", "/files/a.txt", {"params": FIRST | NEWEST}, 404),
    ("get", "/files/{name}", "/files/%00", {"params": FIRST | NEWEST}, 400),
    ("post", "/executions", "/executions", {"params": FIRST | NEWEST, "content": b"{"}, 400),
    ("put", "/executions", "/executions", {"params": FIRST | NEWEST}, 405),
    ("get", "/session", "/session", {"params": FIRST | NEWEST}, 200),
    ("get", "/listSessions", "/listSessions", {"params": NEWEST}, 200),
    ("delete", "/session", "/session", {"params": FIRST | NEWEST}, 204),
    ("get", "/session", "/session", {"params": FIRST | NEWEST}, 404),
]


async def test_every_kind_of_answer_is_as_described(guarded: httpx.AsyncClient) -> None:
    """Answers of each status that an operation has without a failure are of the shape that is described."""
    for method, path, url, sent, status in CERTAIN:
        answer = await guarded.request(
            method, url, **sent, headers={"Authorization": "Bearer the-token"}
        )
        assert (method, url, answer.status_code) == (method, url, status)
        check(answer, DOCUMENT["paths"][path].get(method, {}))


async def test_whatever_is_sent_is_answered_as_described(guarded: httpx.AsyncClient) -> None:
    """No request is answered 5xx or in a shape that is not described, and none without the token but with 401."""
    for method, operation, sent in requests_made():
        assert (await guarded.request(method, **sent)).status_code == 401
        headers = sent.pop("headers", {}) | {"Authorization": "Bearer the-token"}
        check(await guarded.request(method, **sent, headers=headers), operation)
