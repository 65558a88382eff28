"""How a dialect is found: stepping down from refused versions and missing routes."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from scripted_service import RAN, RAN_WRAPPED, Service, answer

from noderepl.client.session import Session
from noderepl.client.wire import VERSIONS
from noderepl.errors import NotFound, TooManyRequests, UnsupportedVersion, UsageError
from noderepl.outcome import RemoteFile

NEWEST = VERSIONS[0]
Make = Callable[..., Session]

REFUSALS = [
    (400, {"error": {"code": "InvalidApiVersion", "message": "no"}}),
    (
        400,
        {
            "error": {
                "code": "X",
                "message": "The api-version '2025-10-02-preview' is not supported.",
            }
        },
    ),
    (400, {"code": "UnsupportedApiVersion", "message": "no"}),
    (404, {"error": {"code": "UnsupportedApiVersion", "message": "no"}}),
]


@pytest.mark.parametrize(("status", "body"), REFUSALS)
async def test_auto_steps_down_from_a_refused_version(
    session_over: Make, status: int, body: object
) -> None:
    """On an unsupported-version answer the next older version is tried, and the one that works is kept."""
    service = Service(
        answer(status, body), answer(status, body), answer(202, RAN), answer(202, RAN)
    )
    session = session_over(service)
    assert (await session.execute("2+2")).value is not None
    await session.execute("2+2")
    assert [version for _, version in service.targets] == [
        NEWEST,
        VERSIONS[1],
        VERSIONS[2],
        VERSIONS[2],
    ]
    assert session.dialect.version == VERSIONS[2]
    assert session.renewed("another-one").dialect.version == VERSIONS[2]


async def test_auto_jumps_to_the_newest_version_that_the_service_names(session_over: Make) -> None:
    """The header api-supported-versions decides which version is tried next, whatever the words are."""
    refusal = answer(
        400,
        {"error": {}},
        api_supported_versions="2023-01-01, 2024-10-02-preview,2024-02-02-preview",
    )
    service = Service(refusal, answer(202, RAN))
    await session_over(service).execute("1")
    assert [version for _, version in service.targets] == [NEWEST, "2024-10-02-preview"]


@pytest.mark.parametrize(
    "missing", [answer(404), answer(405), answer(404, {"error": {"code": "ResourceNotFound"}})]
)
async def test_auto_changes_the_shape_when_the_route_is_missing(
    session_over: Make, missing: httpx.Response
) -> None:
    """Where /executions does not exist, /code/execute is tried without trying /executions again."""
    service = Service(missing, answer(200, RAN_WRAPPED))
    execution = await session_over(service).execute("2+2")
    assert execution.value is not None
    assert service.targets == [("/executions", NEWEST), ("/code/execute", "2024-08-02-preview")]


async def test_the_first_call_may_be_any(session_over: Make, tmp_path: Path) -> None:
    """Negotiation happens on whichever operation comes first, an upload included, which is then sent whole again."""
    (tmp_path / "a").write_bytes(b"0123456789")
    entry = {"value": [{"properties": {"filename": "a", "size": 10}}]}
    service = Service(answer(404), answer(200, entry))
    session = session_over(service)
    seen: list[tuple[int, int | None]] = []
    assert await session.upload(tmp_path / "a", "a", lambda *told: seen.append(told)) == RemoteFile(
        "a", 10
    )
    assert service.targets == [("/files", NEWEST), ("/files/upload", "2024-08-02-preview")]
    assert all(b"\r\n\r\n0123456789\r\n" in request.content for request in service.requests)
    assert seen == [(10, 10), (10, 10)]
    service = Service(answer(400, REFUSALS[0][1]), answer(200, {"value": []}))
    session = session_over(service)
    assert await session.files() == ()
    assert session.dialect.version == VERSIONS[1]


async def test_a_missing_file_is_told_and_the_dialect_stays(session_over: Make) -> None:
    """A 404 that may mean a missing route, but does not, is told as the missing file that it is; nothing is settled."""
    service = Service(
        answer(404), answer(400, REFUSALS[0][1]), answer(400), answer(202, RAN), answer(404)
    )
    session = session_over(service)
    with pytest.raises(NotFound, match=r"no file 'a\.txt'"):
        await session.download("a.txt", io.BytesIO())
    assert session.dialect.version == NEWEST
    await session.execute("1")
    with pytest.raises(NotFound):
        await session.download("a.txt", io.BytesIO())
    assert service.answers == []


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (answer(404, {"error": {"code": "NoSessionFoundError"}}), NotFound),
        (answer(404, {"error": {"message": "no more sessions being allocated"}}), TooManyRequests),
        (answer(404, api_supported_versions=f"{VERSIONS[1]}, {NEWEST}"), NotFound),
    ],
)
async def test_a_404_with_a_meaning_is_no_missing_route(
    session_over: Make, refusal: httpx.Response, kind: type[Exception]
) -> None:
    """No other version is tried when the 404 says what is not there, or that the version is known."""
    service = Service(refusal, *(answer(404) for _ in range(9)))
    with pytest.raises(kind):
        await session_over(service).execute("1")
    assert len(service.requests) in {1, 2}


async def test_a_chosen_version_is_never_changed(session_over: Make) -> None:
    """With a version given there is no negotiation: a refusal is an error that names the versions."""
    for status, body in REFUSALS:
        service = Service(answer(status, body, api_supported_versions="2024-10-02-preview"))
        with pytest.raises(UnsupportedVersion, match="2024-10-02-preview"):
            await session_over(service, api_version="2025-02-02-preview").execute("1")
    with pytest.raises(NotFound):
        await session_over(Service(answer(404)), api_version="none").execute("1")


async def test_when_all_versions_are_refused_the_error_says_so(session_over: Make) -> None:
    """A service that refuses every version is an UnsupportedVersion with its words, after one try of each."""
    service = Service(*(answer(400, REFUSALS[0][1]) for _ in VERSIONS))
    session = session_over(service)
    with pytest.raises(UnsupportedVersion, match=r"pool\.example:443 refuses api-version"):
        await session.execute("1")
    assert [version for _, version in service.targets] == list(VERSIONS)
    assert session.dialect.version == NEWEST


def test_unknown_versions_are_refused_by_name(session_over: Make) -> None:
    """An api-version that nobody knows is a UsageError listing the known ones."""
    with pytest.raises(UsageError, match=r"2031-01-01.*2025-10-02-preview.*none"):
        session_over(Service(), api_version="2031-01-01")
