"""What each operation sends in each dialect, how a dialect is found, and how listings and files are read."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from scripted_service import RAN, Service, answer

from noderepl.client.auth import make_auth
from noderepl.client.decode_listings import Package, PoolMetadata, SessionInfo
from noderepl.client.session import Session, open_session
from noderepl.client.uploads import CHUNK, SMALL
from noderepl.client.wire import OUTPUT_LENGTH, VERSIONS
from noderepl.errors import LocalFileError, MalformedAnswer, UnsupportedVersion, UsageError
from noderepl.outcome import RemoteFile
from noderepl.sessions.journal import Journal
from noderepl.sessions.state import REPLACED, SessionState

SECRET = "ab%41#&=c d".replace(" ", "+")
FLAT = VERSIONS[:3]
NEWEST = VERSIONS[0]
Make = Callable[..., Session]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("input_type", "sent", "code"),
    [
        ("inline", "inline", "'é' + 1\ud83d"),
        ("inlinetext", "inlinetext", "1+3"),
        ("base64", "InlineBase64", base64.b64encode("é+2".encode()).decode()),
    ],
)
async def test_execute_is_sent_as_the_recordings_have_it(
    session_over: Make, version: str, input_type: Any, sent: str, code: str
) -> None:
    """An execute request has the route, the query, the shape and the fields of its version, and nothing else."""
    service = Service(answer(202, RAN))
    typed = "é+2" if input_type == "base64" else code
    session = session_over(service, identifier=SECRET, api_version=version)
    await session.execute(typed, input_type=input_type, timeout=100)
    request = service.requests[0]
    route = "/executions" if version in FLAT else "/code/execute"
    query = {"identifier": SECRET} | ({} if version == "none" else {"api-version": version})
    assert request.method == "POST"
    assert service.targets == [(route, version)]
    assert dict(request.url.params) == query
    assert b"identifier=ab%2541%23%26%3Dc%2Bd" in request.url.query
    assert request.headers["content-type"] == "application/json"
    assert "authorization" not in request.headers
    body = {
        "codeInputType": sent,
        "executionType": "synchronous",
        "code": code,
        "timeoutInSeconds": 100,
    }
    if version == NEWEST:
        body |= {
            "outputStreamsMaxLength": OUTPUT_LENGTH,
            "returnJupyterFormatExecutionResult": True,
        }
    if version not in FLAT:
        body = {"properties": {"identifier": SECRET, **body}}
    assert json.loads(request.content) == body
    assert request.extensions["timeout"] == {
        "connect": 10.0,
        "read": 130,
        "write": 130,
        "pool": 130,
    }


@pytest.mark.parametrize("version", VERSIONS)
async def test_files_are_asked_for_as_the_version_has_it(
    session_over: Make, version: str, tmp_path: Path
) -> None:
    """Each file operation has its version's route; the name is percent-encoded, a directory goes into the query."""
    flat = version in FLAT
    entry = {"name": "a"} if flat else {"properties": {"filename": "a"}}
    service = Service(
        answer(json_={"value": []}), answer(json_=entry), answer(204), httpx.Response(200, content=b"12"),
        answer(json_=entry if flat else {"value": [entry]}),
    )  # fmt: skip
    session = session_over(service, api_version=version)
    source = tmp_path / "here.txt"
    source.write_bytes(b"content")
    name = "d/e/a #%b;.txt"
    assert await session.files() == ()
    assert await session.file(name) == RemoteFile("a")
    await session.remove(f"/mnt/data/{name}")
    assert await session.download(name, io.BytesIO()) == 2
    assert await session.upload(source, name) == RemoteFile("a")
    encoded = b"a%20%23%25b%3B.txt"
    content = b"/files/" + encoded + b"/content" if flat else b"/files/content/" + encoded
    upload = b"/files" if flat else b"/files/upload"
    expected = [
        ("GET", b"/files", None), ("GET", b"/files/" + encoded, "d/e"), ("DELETE", b"/files/" + encoded, "d/e"),
        ("GET", content, "d/e"), ("POST", upload, "d/e"),
    ]  # fmt: skip
    for request, (method, path, directory) in zip(service.requests, expected, strict=True):
        assert request.method == method
        assert request.url.raw_path.split(b"?")[0].endswith(b"/p" + path)
        assert request.url.params.get("path") == directory
    body = service.requests[-1].content
    assert b'name="file"; filename="a #%b;.txt"' in body
    assert b"\r\n\r\ncontent\r\n" in body


async def test_forbidden_names_are_not_sent(session_over: Make, tmp_path: Path) -> None:
    """A file name that the service forbids is a UsageError, and nothing is sent."""
    service = Service()
    session = session_over(service)
    (tmp_path / "a").write_text("")
    for operation in (
        session.file("a:b"), session.remove("a:b"), session.download("a:b", io.BytesIO()),
        session.upload(tmp_path / "a", "a:b"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match="':'"):
            await operation
    assert service.requests == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_calls_of_newer_versions_say_who_knows_them(session_over: Make, version: str) -> None:
    """Session information, deletion and metadata work since 2025-02-02-preview; before, the error names versions."""
    info = {
        "createdAt": "2026-03-31T19:10:27.964154",
        "expiresAt": "2026-03-31T19:15:27.1234567Z",
        "etag": "e",
    }
    meta = {
        "runtimes": [{"name": "node", "version": "20.2.4"}, "odd"],
        "preInstalledPackages": [{"name": "axios", "version": "1.21.2"}, {}],
        "jupyterKernel": {"name": "IJavascript"},
    }
    service = Service(answer(json_=info), answer(204), answer(json_=meta))
    session = session_over(service, api_version=version)
    if version in VERSIONS[:2]:
        told = await session.info()
        assert told == SessionInfo(
            datetime(2026, 3, 31, 19, 10, 27, 964154, UTC),
            None,
            datetime(2026, 3, 31, 19, 15, 27, 123456, UTC),
        )
        await session.delete()
        assert await session.metadata() == PoolMetadata((Package("node", "20.2.4"),))
        assert [(r.method, r.url.params.get("identifier") is not None) for r in service.requests] == [
            ("GET", True), ("DELETE", True), ("GET", False),
        ]  # fmt: skip
        return
    for operation in (session.info(), session.delete(), session.metadata()):
        with pytest.raises(UnsupportedVersion, match="2025-02-02-preview"):
            await operation
    assert service.requests == []


LISTED = RemoteFile("cert.txt", 7, datetime(2024, 11, 11, 9, 11, 23, 419030, UTC))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            {"$id": "1", "value": [{"$id": "2", "name": "cert.txt", "type": "file", "contentType": "text/plain",
             "sizeInBytes": 7, "lastModifiedAt": "2024-11-11T09:11:23.4190303Z"}]},
            (LISTED,),
        ),
        (
            {"$id": "1", "value": [{"$id": "2", "properties": {"$id": "3", "filename": "cert.txt", "size": 7,
             "lastModifiedTime": "2024-11-11T09:11:23.4190303Z"}}]},
            (LISTED,),
        ),
        ({"$id": "1", "$values": [{"name": "a"}]}, (RemoteFile("a"),)),
        ([{"filename": "cert.txt", "size": 7, "last_modified_time": "2024-11-11T09:11:23.419030+00:00"}], (LISTED,)),
        ({"value": []}, ()),
        ({"value": [{"name": "d", "type": "Directory", "directory": "."}]}, (RemoteFile("d", is_directory=True),)),
        ({"value": [{"name": "b", "directory": "level1/level2"}]}, (RemoteFile("level1/level2/b"),)),
        ({"value": [None, 4, {}, {"name": 4}, {"name": "a", "sizeInBytes": "x", "lastModifiedAt": "y", "type": 4}]},
         (RemoteFile("a"),)),
    ],
)  # fmt: skip
async def test_listings_of_every_shape(
    session_over: Make, told: Any, expected: tuple[RemoteFile, ...]
) -> None:
    """A listing is read in every shape that was seen, and an entry that names nothing is passed over."""
    assert await session_over(Service(answer(json_=told))).files() == expected


async def test_sessions_are_listed_in_each_form(session_over: Make) -> None:
    """Both names of the list, a bare one, pages and the second route; entries may lack all but the identifier."""
    full = {
        "identifier": "one-1",
        "createdAt": "2026-01-02T03:04:05Z",
        "expiresAt": "2026-01-02T04:04:05Z",
    }
    for body in ({"sessions": [full]}, {"value": [{"properties": full}], "count": 1}, [full]):
        (listed,) = await session_over(Service(answer(json_=body))).sessions()
        assert listed.identifier == "one-1" and listed.info.last_used is None
        assert listed.info.expires == datetime(2026, 1, 2, 4, 4, 5, tzinfo=UTC)
        assert "one-1" not in repr(listed)
    odd = [
        {"identifier": "two-2", "createdAt": 5},
        {"identifier": 7},
        "x",
        None,
        {"createdAt": "x"},
    ]
    service = Service(
        answer(404, {"error": {"code": "NotFound"}}, api_supported_versions=NEWEST),
        answer(json_={"sessions": odd, "nextLink": "/more?skip=300"}),
        answer(json_={"value": [full]}),
    )
    listed = await session_over(service).sessions()
    assert [one.identifier for one in listed] == ["two-2", "one-1"]
    asked = [request.url.path.rpartition("/sessionPools/p")[2] for request in service.requests]
    assert asked == ["/listSessions", "/.management/listSessions", "/more"]


async def test_sessions_that_are_not_listed(session_over: Make) -> None:
    """An old version and a service without the route are the same error; another answer is malformed."""
    with pytest.raises(UnsupportedVersion, match="no list of sessions"):
        await session_over(Service(), api_version="2024-10-02-preview").sessions()
    missing = [
        answer(404, {"error": {"code": "NotFound"}}, api_supported_versions=NEWEST)
        for _ in range(2)
    ]
    with pytest.raises(UnsupportedVersion, match="does not list"):
        await session_over(Service(*missing)).sessions()
    for body in ({"sessions": {}}, 7, {"value": None}):
        with pytest.raises(MalformedAnswer):
            await session_over(Service(answer(json_=body))).sessions()


async def test_pages_are_followed_on_the_same_origin_only(session_over: Make) -> None:
    """nextLink is followed, relative or absolute, but never to another host and never in a cycle."""
    base = "https://pool.example"
    pages = [
        {"value": [{"name": "a"}], "nextLink": "/more?skip=1"},
        {"value": [{"name": "b"}], "nextLink": f"{base}:443/x"},
    ]
    service = Service(
        *(answer(json_=page) for page in pages), answer(json_={"value": [], "nextLink": None})
    )
    assert await session_over(service).files() == (RemoteFile("a"), RemoteFile("b"))
    assert [str(request.url) for request in service.requests[1:]] == [
        f"{base}/more?skip=1",
        f"{base}/x",
    ]
    for link in (
        "https://evil.example/x",
        "//evil.example/x",
        "http://pool.example/x",
        "https://pool.example:99999/",
    ):
        service = Service(answer(json_={"value": [], "nextLink": link}))
        with pytest.raises(MalformedAnswer, match="next page"):
            await session_over(service).files()
        assert len(service.requests) == 1
    cycle = (answer(json_={"value": [], "nextLink": "/x"}) for _ in range(9))
    with pytest.raises(MalformedAnswer, match="cycle"):
        await session_over(Service(*cycle)).files()


async def test_a_replaced_session_is_reported_once(session_over: Make) -> None:
    """When the session behind the identifier changes, the outcome says once that its state is gone."""
    guids = ["a", "a", "", "b", "b"]
    service = Service(
        *(answer(202, RAN, **({"x_ms_session_guid": guid} if guid else {})) for guid in guids)
    )
    session, state = session_over(service), SessionState(Journal())
    notes = [state.observe(await session.execute("1"), "1", by_prelude=False).notes for _ in guids]
    assert notes == [(), (), (), (REPLACED,), ()]


async def test_a_new_allocation_is_reported_only_after_something_ran(session_over: Make) -> None:
    """x-ms-new-allocation is news only for a session that had run something; another session begins afresh."""
    new = {"x_ms_new_allocation": "true"}
    service = Service(
        answer(202, RAN, **new), answer(202, RAN, x_ms_new_allocation="false"), answer(202, RAN, **new), answer(204),
        answer(202, RAN, **new), answer(202, RAN, **new),
    )  # fmt: skip
    session, state = session_over(service), SessionState(Journal())

    async def notes_of(session: Session) -> tuple[str, ...]:
        return state.observe(await session.execute("1"), "1", by_prelude=False).notes

    assert [await notes_of(session) for _ in range(3)] == [(), (), (REPLACED,)]
    await session.delete()
    for other in (session.renewed("another-one"), session.renewed("one-more")):
        state.begin(is_whole=True)
        assert await notes_of(other) == ()


async def test_durations_come_from_the_answer_else_the_header_else_the_clock(
    session_over: Make,
) -> None:
    """Milliseconds are the service's where it tells them, otherwise what the injected clock measured."""
    timed = {"status": "Succeeded", "result": {"executionTimeInMilliseconds": 72}}
    service = Service(
        answer(202, timed, x_ms_container_execution_duration="5"),
        answer(202, RAN, x_ms_container_execution_duration="61.6"),
        answer(202, RAN), answer(202, RAN, x_ms_container_execution_duration="odd"),
    )  # fmt: skip
    ticks = iter(range(100))
    session = session_over(service, clock=lambda: next(ticks) / 4)
    assert [(await session.execute("1")).milliseconds for _ in range(4)] == [72, 62, 250, 250]


async def test_large_files_are_streamed_both_ways(session_over: Make, tmp_path: Path) -> None:
    """An upload is read and a download written piece by piece, with progress told on the way."""
    source = tmp_path / "big.bin"
    source.write_bytes(bytes(600_000))
    pieces: list[int] = []

    class Count(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                return httpx.Response(200, headers={"content-length": "3"}, stream=Pieces())
            assert int(request.headers["content-length"]) > 600_000
            async for piece in request.stream:  # type: ignore[union-attr]
                pieces.append(len(piece))
            return httpx.Response(200, json={"name": "big.bin", "sizeInBytes": 600_000})

    class Pieces(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            for piece in (b"a", b"b", b"c"):
                yield piece

    session = open_session("https://h.example", identifier="abcd", transport=Count())
    seen: list[tuple[int, int | None]] = []
    await session.upload(source, "big.bin", lambda *told: seen.append(told))
    assert max(pieces) <= CHUNK
    assert seen[0] == (CHUNK, 600_000)
    assert seen[-1] == (600_000, 600_000)
    seen.clear()
    sink = io.BytesIO()
    assert await session.download("big.bin", sink, lambda *told: seen.append(told)) == 3
    assert (sink.getvalue(), seen) == (b"abc", [(1, 3), (2, 3), (3, 3)])


async def test_local_files_that_cannot_be_sent(session_over: Make, tmp_path: Path) -> None:
    """A file that is missing, or is none, is a LocalFileError naming it; nothing is sent."""
    service = Service()
    for source in (tmp_path / "missing", tmp_path, Path("/dev/null")):
        with pytest.raises(LocalFileError, match=str(source)):
            await session_over(service).upload(source, "a")
    assert service.requests == []


async def test_a_repr_shows_no_identifier(session_over: Make) -> None:
    """repr() of a session and of all that it hands on is without the identifier."""
    session = session_over(Service(), identifier="very-secret-one")
    call = session.dialect.execute("very-secret-one", "1", "inline", 1)
    assert "very-secret" not in repr(session) + repr(call) + repr(
        session.renewed("very-secret-two")
    )
    assert "pool.example" in repr(session)
    with pytest.raises(UsageError) as caught:
        session.renewed("very secret")
    assert "very" not in str(caught.value)


@pytest.mark.parametrize("change", ["grows", "shrinks"])
@pytest.mark.parametrize("size", [100_000, 3_000_000])
async def test_a_file_that_changes_while_it_is_sent(
    session_over: Make, tmp_path: Path, change: str, size: int
) -> None:
    """What was there at first is sent; a file that has lost some of that is an error about the file."""
    (source := tmp_path / "log").write_bytes(b"a" * size)
    sent: list[int] = []

    class Slow(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            assert isinstance(request.stream, httpx.AsyncByteStream)
            assert int(request.headers["content-length"]) > size
            async for piece in request.stream:
                sent.append(len(piece))
                os.truncate(source, 2 * size if change == "grows" else 1000)
            return httpx.Response(200)

    session = open_session("https://h.example", "abcd", transport=Slow())
    if change == "shrinks" and size > SMALL:
        with pytest.raises(LocalFileError, match="became shorter"):
            await session.upload(source, "log")
    else:
        assert (await session.upload(source, "log")).size == size
        assert size < sum(sent) < size + 1000


@pytest.mark.parametrize("status", [200, 202])
@pytest.mark.parametrize("body", ["error", "message", "stack"])
async def test_secrets_in_the_error_of_an_answer_are_not_shown(
    session_over: Make, status: int, body: str
) -> None:
    """A service may quote the request in the error of a 2xx answer: token and identifier are replaced."""
    token = "sekret-token-value-1234"
    session_id = "secret-Identifier_0123456789abcd"
    words = f"denied: {session_id} {token} Bearer {token}"
    answers = {
        "error": {"error": {"code": token, "message": words}},
        "message": {
            "status": "Failed",
            "result": {"stdout": "", "stderr": ""},
            "rawResult": {"error_name": token, "error_message": words},
        },
        "stack": {
            "status": "Failed",
            "result": {"stdout": "", "stderr": f"Error: {words}\n    at {token} (a:1:1)\n"},
        },
    }
    auth = make_auth("token", endpoint="https://pool.example", scope="", token=token)
    service = Service(answer(status, answers[body]))
    session = session_over(service, identifier=session_id, auth=auth)
    error = (await session.execute("1")).error
    assert error is not None
    assert "denied" in error.message
    assert not any(
        secret in text
        for secret in (token, session_id)
        for text in (error.name, error.message, error.stack)
    )
