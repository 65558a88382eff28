"""The answers of the real service, as recorded or published, against the pool's: fields, types, headers, status.

recordings.json has them in the order of a session's life, with JavaScript in place of Python. `source` is the short
name of docs/protocol.md. What the source does not tell is not there: without `status` any success will do, `partly` is a
body whose other fields are not told, `absent` names headers that must not come. `varies` has a pattern for each value
that is not the same every time, the name of one in PATTERNS or a regular expression, which the recorded value must
match too; `headers` has one for each header. `equal` has headers that say the same as the body. `until` is the status to
ask again for, `page` how many sessions a page of a list is to have, `full` what is asked of a pool with five sessions.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from asking import connect

from noderepl.service import management
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool

RECORDINGS = json.loads(Path(__file__).with_name("recordings.json").read_text("utf-8"))
SOURCES = (Path(__file__).parents[2] / "docs/protocol.md").read_text("utf-8")
PATTERNS = {
    "guid": r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    "whole": r"^\d+$",
    "decimal": r"^\d+(\.\d{1,4})?$",
    "moment": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$",
    "seven digits": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$",
}


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that has no parts, and the empty ones that could have some, with its place."""
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    if not parts:
        yield place, value
    for name, part in parts:
        yield from leaves(part, f"{place}.{name}".lstrip("."))


def as_checked(body: Any, varies: dict[str, str]) -> dict[str, tuple[type, Any]]:
    """The places of a body with type and value; a value that fits its pattern is replaced by the pattern."""
    found = {}
    for place, value in leaves(body):
        pattern = varies.get(place)
        fits = pattern is not None and re.search(PATTERNS.get(pattern, pattern), str(value))
        found[place] = (type(value), pattern if fits else value)
    return found


async def ask(client: httpx.AsyncClient, request: dict[str, Any]) -> httpx.Response:
    file = request.get("file")
    if file:
        head = (
            f'--b\r\nContent-Disposition: form-data; name="file"; filename="{file["name"]}"\r\n\r\n'
        )
        content = f"{head}{file['content']}\r\n--b--\r\n".encode()
        kind = "multipart/form-data; boundary=b"
    else:
        content = (
            json.dumps(request["json"]).encode()
            if "json" in request
            else request.get("text", "").encode()
        )
        kind = "application/json"
    headers = {"content-type": kind, **request.get("headers", {})}
    return await client.request(
        request["method"],
        request["path"],
        params=request["query"],
        content=content,
        headers=headers,
    )


def check(answer: httpx.Response, recorded: dict[str, Any]) -> None:
    """Raise unless the answer is the recorded one."""
    name = f"{recorded['name']} ({recorded['source']})"
    if "status" in recorded:
        assert answer.status_code == recorded["status"], (name, answer.text)
    else:
        assert answer.is_success, (name, answer.text)
    for header, pattern in recorded.get("headers", {}).items():
        assert re.search(PATTERNS.get(pattern, pattern), answer.headers.get(header, "")), (
            name,
            header,
        )
    assert not set(recorded.get("absent", ())) & set(answer.headers), name
    if "text" in recorded:
        assert answer.text == recorded["text"], name
    if "body" not in recorded:
        return
    varies = recorded.get("varies", {})
    expected, given = as_checked(recorded["body"], varies), as_checked(answer.json(), varies)
    assert all(expected[place][1] == pattern for place, pattern in varies.items()), name
    if recorded.get("partly"):
        given = {place: given[place] for place in expected if place in given}
    assert given == expected, name
    values = dict(leaves(answer.json()))
    for header, place in recorded.get("equal", {}).items():
        assert answer.headers[header] == str(values[place]), (name, header)


async def test_the_pool_answers_as_recorded(
    client: httpx.AsyncClient, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every recorded request gets the recorded answer: the same status, fields, types, values and headers."""
    for recorded in RECORDINGS:
        if "full" in recorded:
            continue
        with monkeypatch.context() as patches:
            if "page" in recorded:
                patches.setattr(management, "_PAGE", recorded["page"])
                assert len(pool.sessions()) > recorded["page"]
            answer = await ask(client, recorded["request"])
            while "until" in recorded and answer.json()["status"] != recorded["until"]:
                await asyncio.sleep(0.01)
                answer = await ask(client, recorded["request"])
        check(answer, recorded)


async def test_a_full_pool_answers_as_recorded() -> None:
    """Where five sessions are the limit and there, a request for one more gets the recorded answer."""
    pool = Pool(Launcher(find_node()), max_sessions=5)
    try:
        for number in range(5):
            await pool.session(f"session-{number}")
        async with connect(pool) as client:
            (recorded,) = [recorded for recorded in RECORDINGS if "full" in recorded]
            check(await ask(client, recorded["request"]), recorded)
    finally:
        await pool.close()


def test_every_recording_has_a_source() -> None:
    """Each recording names a source that docs/protocol.md lists, years and months of one kind in one row."""
    for source in {recorded["source"] for recorded in RECORDINGS}:
        kind, _, date = source.rpartition("-")
        assert source in SOURCES or (kind in SOURCES and f"-{date}" in SOURCES), source
