"""Whatever a service answers, the client gives an outcome that can be shown, or an error with a sentence."""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import httpx
import pytest
from foreign_data import (
    CHARSETS,
    HEADERS,
    HUGE,
    ODD_HEADERS,
    STATUSES,
    Body,
    changed,
    documents,
    encoded,
    examples,
    places,
    raw,
    show,
)
from hypothesis import given
from hypothesis import strategies as st

from noderepl.client.decode_listings import SessionInfo
from noderepl.client.session import Session, open_session
from noderepl.errors import MalformedAnswer, NodeReplError, ServiceError
from noderepl.outcome import Execution, Failure, FileList, RemoteFile

POOL = "https://pool.example/subscriptions/s/sessionPools/p"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
PICTURE = {"type": "image", "format": "png", "base64_data": "iVBORw0KGgo="}
OUTPUT = {
    "stdout": "out\n",
    "stderr": "",
    "executionResult": "'a'",
    "executionTimeInMilliseconds": 12,
}
RAN = {"$id": "1", "id": "x", "identifier": "i", "status": "Succeeded", "result": OUTPUT}
THREW = {
    "status": "Failed",
    "result": {
        "stdout": "",
        "stderr": "Error: no\n    at a.js:1:1\n",
        "executionTimeInMilliseconds": 3,
    },
    "rawResult": {
        "error_name": "Error",
        "error_message": "no",
        "error_stack_trace": ["Error: no", "    at a.js:1:1"],
    },
    "error": {
        "code": "ExecutionTimeout",
        "message": "timed out",
        "error": {"code": "x", "message": "y"},
    },
}
EXECUTED = (
    RAN,
    THREW,
    {"status": "Succeeded", "result": PICTURE},
    {"status": "Succeeded", "result": {**OUTPUT, "executionResult": PICTURE}},
    {"$id": "1", "properties": {"$id": "2", "status": "Success", "stdout": "a", "stderr": "b", "result": 4, "executionTimeInMilliseconds": 5}},
    {"properties": {**THREW, "executionResult": ["a", {"b": 1}]}},
)  # fmt: skip
FILE = {
    "name": "a.txt",
    "directory": ".",
    "type": "file",
    "sizeInBytes": 12,
    "lastModifiedAt": "2024-05-01T00:00:00Z",
}
LISTED = (
    {"value": [FILE, {"properties": {"filename": "b", "size": 3, "last_modified_time": "2024-05-01T00:00:00"}}], "nextLink": None},
    {"$values": [FILE], "nextLink": f"{POOL}/files?page=2"},
    [FILE],
)  # fmt: skip
ENTRIES = (FILE, {"properties": FILE}, [FILE])
TIMES = {
    "createdAt": "2024-05-01T00:00:00.1234567Z",
    "lastAccessedAt": "2024-05-01T00:10:00Z",
    "expireAt": "2024-05-01T01:00:00Z",
    "expiresAt": "2024-05-01T01:00:00Z",
    "etag": "e",
}
INFO = (TIMES, {"properties": TIMES})
NODE = {"name": "node", "version": "24.0.0"}
METADATA = (
    {
        "runtimes": [NODE],
        "preInstalledPackages": [NODE],
        "jupyterKernel": NODE,
        "createdAt": "2024-05-01T00:00:00Z",
        "lastUpdatedAt": "2024-05-01T00:00:00Z",
    },
)
ERRORS = (
    {"error": {"code": "A", "message": "b", "error": {"error": {"code": "C"}}}},
    {"code": "A", "message": "b", "traceId": "t"},
    {
        "type": "about:blank",
        "title": "t",
        "detail": "d",
        "errors": {"code": ["a", "b"]},
        "status": 400,
    },
    "text",
)
Ask = Callable[[Session], Any]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upload") / "a.txt"
    path.write_text("content")
    return path


OPERATIONS: dict[str, tuple[Ask, Sequence[object]]] = {
    "execute": (lambda session: session.execute("1"), EXECUTED),
    "files": (lambda session: session.files(), LISTED),
    "file": (lambda session: session.file("a.txt"), ENTRIES),
    "write": (lambda session: session.write("a.txt", b"data"), ENTRIES),
    "download": (
        lambda session: session.download("a.txt", io.BytesIO(), lambda *_: None),
        ("content",),
    ),
    "remove": (lambda session: session.remove("a.txt"), ({},)),
    "info": (lambda session: session.info(), INFO),
    "delete": (lambda session: session.delete(), ({},)),
    "metadata": (lambda session: session.metadata(), METADATA),
}
VERSIONS = ("auto", "2025-10-02-preview", "2025-02-02-preview", "2024-08-02-preview")


def came(
    ask: Ask, answers: Sequence[httpx.Response], version: str = "2025-10-02-preview"
) -> object:
    """What the client gives for a service that answers so, over and over; an error is a value here."""

    async def run() -> object:
        coming = itertools.cycle(answers)
        # Two sends of a cookie, and not a list of pages without an end.
        most = itertools.chain(
            (next(coming) for _ in range(8)), itertools.repeat(httpx.Response(410))
        )
        session = open_session(
            POOL,
            identifier="identifier",
            api_version=version,
            transport=httpx.MockTransport(lambda _: next(most)),
        )
        try:
            return await ask(session)
        except NodeReplError as error:
            return error
        finally:
            await session.aclose()

    return asyncio.run(run())


def look(found: object) -> str:
    """Show what the client gave, and calculate with it as the program does."""
    match found:
        case NodeReplError():
            return show(Failure(str(found), found.exit_code))
        case Execution():
            assert 0 <= found.milliseconds <= 2**53
            return show(found)
        case RemoteFile():
            return look((found,))
        case tuple():
            for file in found:
                assert file.size is None or 0 <= file.size <= 2**53
            return show(FileList(found, NOW))
        case SessionInfo():
            _calculate(found.created, found.last_used, found.expires)
    return ""


def _calculate(*moments: datetime | None) -> None:
    for moment in filter(None, moments):
        for hours in (-14, 14):
            assert moment.astimezone(timezone(timedelta(hours=hours))).strftime("%Y-%m-%d %H:%M:%S")
        assert abs(NOW - moment) > timedelta(0)


def reply(
    document: object, *, status: int = 200, headers: Sequence[tuple[bytes, bytes]] = ()
) -> httpx.Response:
    return httpx.Response(status, headers=list(headers), stream=Body(encoded(document).encode()))


@pytest.mark.parametrize("operation", OPERATIONS)
def test_any_field_of_any_answer(operation: str) -> None:
    """May be missing, or have any type and any value."""
    ask, originals = OPERATIONS[operation]

    @examples(150 if operation == "execute" else 80)
    @given(documents(*originals), st.sampled_from(VERSIONS))
    def check(document: object, version: str) -> None:
        look(came(ask, [reply(document)], version))

    check()


@examples(300)
@given(
    st.sampled_from(sorted(OPERATIONS)),
    documents(*ERRORS),
    STATUSES,
    HEADERS,
    st.sampled_from(VERSIONS),
)
def test_any_error_and_any_header(
    operation: str, document: object, status: int, headers: list[tuple[bytes, bytes]], version: str
) -> None:
    """With any status, any bytes in any header, and any charset."""
    ask, originals = OPERATIONS[operation]
    ok = reply(originals[0], headers=headers)
    look(came(ask, [reply(document, status=status, headers=headers), ok], version))


@examples(200)
@given(
    st.sampled_from(sorted(OPERATIONS)),
    st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode)),
    STATUSES,
    HEADERS,
    st.booleans(),
)
def test_any_bytes(
    operation: str, data: bytes, status: int, headers: list[tuple[bytes, bytes]], is_cut: bool
) -> None:
    """As the body, whole or cut off."""
    ask, _ = OPERATIONS[operation]
    answers = [
        httpx.Response(status, headers=headers, stream=Body(data, is_cut=is_cut)) for _ in range(8)
    ]
    look(came(ask, answers))


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize(
    "name", ["x-via", "server", "retry-after", "set-cookie", "mise-correlation-id", "location"]
)
def test_an_answer_with_a_header_of_any_bytes_is_read(name: str, status: int) -> None:
    """It is as good as without the header."""
    for value in ODD_HEADERS:
        headers = [(name.encode(), value)]
        found = came(
            lambda session: session.execute("1"), [reply(RAN, status=status, headers=headers)] * 8
        )
        assert isinstance(found, Execution if status == 200 else ServiceError), value
        look(found)


@pytest.mark.parametrize("charset", CHARSETS)
def test_text_in_any_charset_is_told(charset: str) -> None:
    """A charset that Python's codecs unpack or evaluate, and one that nobody knows, is no charset of text."""
    headers = [(b"content-type", f"text/plain; charset={charset}".encode())]
    plain = httpx.Response(400, headers=headers, stream=Body(b"no such thing"))
    found = came(lambda session: session.files(), [plain])
    assert isinstance(found, ServiceError)
    if charset not in {"utf-16", "utf-32"}:
        assert "no such thing" in str(found)
    garbled = httpx.Response(200, headers=headers, stream=Body(b"\xff\xfe\x00x"))
    assert isinstance(came(lambda session: session.files(), [garbled]), MalformedAnswer)
    assert isinstance(
        came(lambda session: session.execute("1"), [reply(RAN, headers=headers)]), Execution
    )


@pytest.mark.parametrize(
    "number", [HUGE, raw("7" * 5000), raw("1e400"), raw("NaN"), -1, 1e300, "12", True, [], {}]
)
def test_a_number_out_of_range_is_not_known(number: object) -> None:
    """A duration is measured here instead, and a size is not shown."""
    for document, at in (
        (RAN, ("result", "executionTimeInMilliseconds")),
        (EXECUTED[4], ("properties", "executionTimeInMilliseconds")),
    ):
        found = came(lambda session: session.execute("1"), [reply(changed(document, at, number))])
        assert isinstance(found, Execution) and found.milliseconds < 100_000
        look(found)
    found = came(
        lambda session: session.files(), [reply([changed(FILE, ("sizeInBytes",), number)])]
    )
    assert found == (RemoteFile("a.txt", None, datetime(2024, 5, 1, tzinfo=UTC)),)


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.9999999+00:00",
        "9999-12-31T23:59:59-14:00",
        HUGE,
    ],
)
def test_a_time_at_the_end_of_the_calendar_is_not_known(moment: object) -> None:
    """Services say so that there is none."""
    for place in (at for at in places(TIMES) if at not in {(), ("etag",)}):
        found = came(lambda session: session.info(), [reply(changed(TIMES, place, moment))])
        assert isinstance(found, SessionInfo)
        look(found)
    found = came(
        lambda session: session.files(), [reply([changed(FILE, ("lastModifiedAt",), moment)])]
    )
    assert found == (RemoteFile("a.txt", 12, None),)


@pytest.mark.parametrize("depth", [451, 980, 100_000])
@pytest.mark.parametrize("operation", ["execute", "files", "file", "info", "metadata"])
def test_json_that_is_nested_too_deep_is_no_answer(operation: str, depth: int) -> None:
    """Wherever it is in the answer."""
    ask, originals = OPERATIONS[operation]
    for document in originals:
        for at in places(document):
            found = came(ask, [reply(changed(document, at, raw("[" * depth + "]" * depth)))])
            assert isinstance(found, MalformedAnswer) and "nested too deep" in str(found)
            look(found)


def test_a_value_as_deep_as_the_embedded_pool_sends_is_shown() -> None:
    """That is 400 levels."""
    deep = raw("[" * 400 + "]" * 400)
    found = came(
        lambda session: session.execute("1"),
        [reply(changed(RAN, ("result", "executionResult"), deep))],
    )
    assert isinstance(found, Execution) and found.value is not None
    assert found.value.text == "[" * 400 + "]" * 400


@pytest.mark.parametrize(
    "link",
    [
        5,
        HUGE,
        ["a"],
        "\ud800",
        "http://xn--a/",
        "https://pool.example\\@evil.example/",
        "//[",
        "x" * 70_000,
    ],
)
def test_a_next_page_that_is_none_is_told(link: object) -> None:
    """A list is whole, or is refused."""
    found = came(lambda session: session.files(), [reply({"value": [FILE], "nextLink": link})])
    assert isinstance(found, NodeReplError)
    look(found)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("1e400", "1e400"), ("007", "007"), ("\u0661", "\u0661"), ("-1e999", "-1e999")],
)
def test_a_kernels_text_that_is_no_number_of_json_is_text(text: str, meant: str) -> None:
    """It is shown as it is."""
    found = came(
        lambda session: session.execute("1"),
        [reply(changed(RAN, ("result", "executionResult"), text))],
    )
    assert isinstance(found, Execution) and found.value is not None
    assert (found.value.text, found.value.data) == (text, meant)
    look(found)


def test_an_upload_is_answered_by_any_entry(source: Path) -> None:
    """What the service says of the file may be odd; the file is there."""

    @examples(60)
    @given(documents(*ENTRIES))
    def check(document: object) -> None:
        look(came(lambda session: session.upload(source, "a.txt"), [reply(document)]))

    check()
