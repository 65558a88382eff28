"""The answers of the real service, as recorded or published, against the pool's: fields, types, headers, status.

recordings.json has them in the order of a session's life. `source` is the short name of docs/protocol.md; `varies` has
a pattern for each value that is not the same every time, which the recorded value must match too; `absent` names
headers that must not come. Where neither `body` nor `text` is there, only the request is known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

RECORDINGS = json.loads(Path(__file__).with_name("recordings.json").read_text("utf-8"))
SOURCES = (Path(__file__).parents[2] / "docs/protocol.md").read_text("utf-8")


def leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that has no parts, and the empty ones that could have some, with its place."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not parts:
        yield place, value
    for name, part in parts:
        yield from leaves(part, f"{place}.{name}".lstrip("."))


def as_checked(body: Any, varies: dict[str, str]) -> dict[str, tuple[type, Any]]:
    """The places of a body with type and value; a value that fits its pattern is replaced by the pattern."""
    found = {}
    for place, value in leaves(body):
        pattern = varies.get(place)
        fits = pattern is not None and re.search(pattern, str(value))
        found[place] = (type(value), pattern if fits else value)
    return found


async def ask(client: httpx.AsyncClient, request: dict[str, Any]) -> httpx.Response:
    file = request.get("file")
    if file:
        head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{file["name"]}"\r\n\r\n'
        content = f"{head}{file['content']}\r\n--b--\r\n".encode()
        kind = "multipart/form-data; boundary=b"
    else:
        content = json.dumps(request["json"]).encode() if "json" in request else request.get("text", "").encode()
        kind = "application/json"
    return await client.request(
        request["method"], request["path"], params=request["query"], content=content, headers={"content-type": kind}
    )


async def test_the_pool_answers_as_recorded(client: httpx.AsyncClient) -> None:
    """Every recorded request gets the recorded answer: the same status, fields, types, values and headers."""
    for recorded in RECORDINGS:
        answer = await ask(client, recorded["request"])
        name = f"{recorded['name']} ({recorded['source']})"
        assert answer.status_code == recorded["status"], (name, answer.text)
        for header, pattern in recorded["headers"].items():
            assert re.search(pattern, answer.headers.get(header, "")), (name, header)
        assert not set(recorded.get("absent", ())) & set(answer.headers), name
        if "text" in recorded:
            assert answer.text == recorded["text"], name
        if "body" in recorded:
            varies = recorded.get("varies", {})
            expected = as_checked(recorded["body"], varies)
            assert {place for place, (_, value) in expected.items() if value == varies.get(place)} == set(varies), name
            assert as_checked(answer.json(), varies) == expected, name


def test_every_recording_has_a_source() -> None:
    """Each recording names a source that docs/protocol.md lists, years and months of one kind in one row."""
    for source in {recorded["source"] for recorded in RECORDINGS}:
        kind, _, date = source.rpartition("-")
        assert source in SOURCES or (kind in SOURCES and f"-{date}" in SOURCES), source
