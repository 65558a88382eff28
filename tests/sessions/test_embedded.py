"""The embedded pool without HTTP: the same answers as over HTTP, and a first session that has the prelude."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from noderepl.javascript import prelude
from noderepl.service.app import create_app
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool
from noderepl.sessions.embedded import EmbeddedClient
from noderepl.sessions.embedded_launcher import embedded_launcher
from noderepl.sessions.embedded_pool import prepared_pool
from noderepl.settings import read_settings

NEWEST, OLDEST = "2025-10-02-preview", "2024-02-02-preview"
# What differs from call to call.
IDS = ("mise-correlation-id", "operation-id", "operation-location", "content-length")


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """A pool of real Node.js processes."""
    pool = Pool(Launcher(find_node()))
    yield pool
    await pool.close()


async def direct(
    client: EmbeddedClient, path: str, query: Mapping[str, str], body: bytes
) -> tuple[int, Mapping[str, str], Any]:
    """The answer without HTTP."""
    url = f"http://embedded{path}?{urlencode(query)}"
    async with client.stream("POST", url, content=body) as response:
        return response.status_code, response.headers, json.loads(response.content)


def stable(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers without ids and times."""
    return {
        name.lower(): "" if "duration" in name.lower() or "time" in name.lower() else value
        for name, value in headers.items()
        if name.lower() not in IDS and name.lower() != "x-ms-new-allocation"
    }


@pytest.mark.parametrize(
    ("path", "version", "identifier", "body"),
    [
        ("/executions", NEWEST, "test-session", b'{"code": "6 * 7"}'),
        ("/executions", NEWEST, "test-session", b'{"code": "null.x"}'),
        ("/code/execute", OLDEST, "test-session", b'{"properties": {"code": "1"}}'),
        ("/code/execute", NEWEST, "test-session", b'{"properties": {"code": "1"}}'),
        ("/executions", "2000-01-01", "test-session", b'{"code": "1"}'),
        ("/executions", NEWEST, "x", b'{"code": "1"}'),
        ("/executions", NEWEST, "test-session", b"no JSON"),
        ("/executions", NEWEST, "test-session", b"[" * 20_000),
        ("/executions", NEWEST, "test-session", b" " * 30_000_001),
    ],
)
async def test_the_answer_is_that_of_http(
    pool: Pool, path: str, version: str, identifier: str, body: bytes
) -> None:
    """An execution without HTTP has the status, the headers and the body of one over HTTP, also if it is refused."""
    query = {"api-version": version, "identifier": identifier}
    status, headers, answer = await direct(EmbeddedClient(pool), path, query, body)
    transport = httpx.ASGITransport(create_app(pool))
    async with httpx.AsyncClient(transport=transport, base_url="http://embedded") as http:
        over_http = await http.post(path, params=query, content=body)
    assert status == over_http.status_code
    assert stable(headers) == stable(over_http.headers)
    assert _without_ids(answer) == _without_ids(over_http.json())


async def test_other_calls_find_what_was_executed(pool: Pool) -> None:
    """A file that a snippet wrote, and the result of the snippet, are there for the calls over HTTP."""
    client, query = EmbeddedClient(pool), {"api-version": NEWEST, "identifier": "with-files"}
    code = json.dumps({"code": "require('fs').writeFileSync('/mnt/data/a', 'x'); 5"}).encode()
    _, headers, _ = await direct(client, "/executions", query, code)
    for path in ("/files/a/content", f"/executions/{headers['operation-id']}"):
        url = f"http://embedded{path}?{urlencode(query)}"
        async with client.stream("GET", url) as response:
            assert response.is_success
    await client.aclose()


async def test_only_the_first_session_has_the_prelude_at_once() -> None:
    """The first session of a run begins with the prelude, and one that replaces it is empty, so that a loss is noticed."""
    settings = read_settings({}, environ={}, directory=Path("none"))
    pool = prepared_pool(settings, embedded_launcher(settings), spares=1)
    client, query = EmbeddedClient(pool), {"api-version": NEWEST, "identifier": "test-session"}
    code = json.dumps({"code": f"typeof {prelude.global_name()}"}).encode()

    async def found() -> str:
        _, _, answer = await direct(client, "/executions", query, code)
        return str(answer["result"]["executionResult"])

    try:
        assert await found() == "object"
        await pool.stop("test-session")
        assert await found() == "undefined"
        query["identifier"] = "other-session"
        assert await found() == "undefined"
    finally:
        await pool.close()


def _without_ids(answer: Any) -> Any:
    if isinstance(answer, dict):
        return {
            name: _without_ids(value)
            for name, value in answer.items()
            if name not in ("id", "traceId", "identifier", "$id") and "ime" not in name
        }
    return answer
