"""How the tests of the pool ask it: over HTTP, inside this process."""

from __future__ import annotations

from typing import Any

import httpx

from noderepl.service.app import create_app
from noderepl.service.pool import Pool

VERSION = "2025-10-02-preview"


def connect(pool: Pool, token: str | None = None) -> httpx.AsyncClient:
    """A client of the pool's API."""
    transport = httpx.ASGITransport(create_app(pool, token=token))
    return httpx.AsyncClient(transport=transport, base_url="http://pool", timeout=None)


async def execute(
    client: httpx.AsyncClient, code: str, identifier: str = "test-session", **fields: Any
) -> Any:
    """The JSON that the newest version answers to a snippet."""
    body = {"code": code, "outputStreamsMaxLength": 2**30, **fields}
    answer = await client.post(
        "/executions", params={"identifier": identifier, "api-version": VERSION}, json=body
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def value_of(client: httpx.AsyncClient, code: str, identifier: str = "test-session") -> Any:
    """The value that a snippet has."""
    answer = await execute(client, code, identifier)
    assert answer["status"] == "Succeeded", answer
    return answer["result"]["executionResult"]
