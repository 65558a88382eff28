"""What is tried again, for how long, and what is told meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest
from scripted_service import RAN, Service, answer

from noderepl import errors
from noderepl.client import retries
from noderepl.client.retries import Waiting, seconds_asked
from noderepl.client.session import Session
from noderepl.outcome import Status

Make = Callable[..., Session]
FULL = {"code": "SessionsCountExceedsLimit", "message": "full"}
FILES = answer(200, [])


@pytest.fixture(autouse=True)
def _soon(_one_try: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are tried again at once, for a moment."""
    monkeypatch.setattr(retries, "SECONDS", 0.4)
    monkeypatch.setattr(retries, "UNKNOWN_SECONDS", 0.2)
    monkeypatch.setattr(retries, "SHORTEST", 0.01)


@pytest.mark.parametrize(
    "refusal",
    [
        answer(429), answer(429, retry_after="0"), answer(503, retry_after="0"),
        httpx.ConnectError("refused"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("busy"),
    ],
)  # fmt: skip
async def test_a_snippet_that_was_refused_is_sent_again(
    session_over: Make, refusal: object
) -> None:
    """Where nothing was sent, or the service turned it away, the same request goes out once more."""
    service = Service(refusal, answer(202, RAN))  # type: ignore[arg-type]
    execution = await session_over(_raising(service), api_version="2025-10-02-preview").execute("1")
    assert execution.status is Status.OK
    assert len({request.content for request in service.requests}) == 1
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    "failure",
    [
        answer(500), answer(502), answer(502, retry_after="0"), answer(503), answer(503, retry_after="soon"),
        answer(504), answer(408), answer(401), answer(403), answer(429, FULL, retry_after="0"),
        httpx.ReadError("reset"), httpx.WriteError("reset"), httpx.RemoteProtocolError("gone"),
        httpx.ReadTimeout("silent"), httpx.Response(200, text="no JSON"),
    ],
)  # fmt: skip
async def test_a_snippet_that_may_have_run_or_was_refused_for_good_is_sent_once(
    session_over: Make, failure: object
) -> None:
    """There is one request, whatever happened to it."""
    service = Service(failure, answer(202, RAN))  # type: ignore[arg-type]
    with contextlib.suppress(errors.ServiceError):
        await session_over(_raising(service), api_version="2025-10-02-preview").execute("1")
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "failure",
    [
        answer(429),
        answer(502),
        answer(503),
        answer(504),
        httpx.ReadError("reset"),
        httpx.ConnectError("no"),
    ],
)
async def test_calls_that_change_nothing_by_being_made_twice_are_made_again(
    session_over: Make, failure: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading, uploading, downloading and asking for an answer again outlive what passes."""
    # Here all tries count, however busy the machine is.
    monkeypatch.setattr(retries, "UNKNOWN_SECONDS", 30)
    (tmp_path / "a").write_bytes(b"content")
    sink, uploads = io.BytesIO(), []
    for operation, result in (
        (lambda session: session.files(), FILES),
        (lambda session: session.info(), answer(200, {"etag": "x"})),
        (lambda session: session.upload(tmp_path / "a", "a"), answer(200)),
        (lambda session: session.download("a", sink), httpx.Response(200, content=b"content")),
        (lambda session: session.execute("1", repeatable=True), answer(202, RAN)),
    ):
        service = Service(failure, failure, result)  # type: ignore[arg-type]
        await operation(session_over(_raising(service), api_version="2025-10-02-preview"))
        assert len(service.requests) == 3
        uploads += [
            request.content for request in service.requests if b"form-data" in request.content
        ]
    assert len(uploads) == 3
    assert all(b"content" in body.partition(b"\r\n\r\n")[2] for body in uploads)
    assert sink.getvalue() == b"content"


async def test_a_removal_that_was_done_at_the_first_try_is_done(session_over: Make) -> None:
    """Where the answer to a removal was lost, that there is nothing left to remove is its success."""
    gone = answer(404, {"error": {"code": "FileNotFound", "message": "gone"}})
    await session_over(Service(answer(502), gone), api_version="2025-10-02-preview").remove("a")
    await session_over(Service(answer(502), answer(404)), api_version="2025-10-02-preview").delete()
    with pytest.raises(errors.NotFound):
        await session_over(Service(gone), api_version="2025-10-02-preview").remove("a")


async def test_trying_ends_with_its_time(session_over: Make) -> None:
    """A call is given up after its seconds, sooner where the service has never answered; the last failure is told."""
    asked: list[float] = []
    told: list[Waiting | None] = []

    def refuse(_: httpx.Request) -> httpx.Response:
        asked.append(time.monotonic())
        return answer(503)

    with pytest.raises(errors.ServiceFailed) as caught:
        await session_over(refuse, on_retry=told.append).files()
    assert 0.2 < asked[-1] - asked[0] < 2
    assert {waiting.limit for waiting in told if waiting} == {retries.SECONDS}
    assert caught.value.tries == len(asked) > 4

    def unreachable(_: httpx.Request) -> httpx.Response:
        asked.append(time.monotonic())
        raise httpx.ConnectError("refused")

    asked.clear()
    told.clear()
    with pytest.raises(errors.Unreachable):
        await session_over(unreachable, on_retry=told.append).files()
    assert asked[-1] - asked[0] < 2
    assert {waiting.limit for waiting in told if waiting} == {retries.UNKNOWN_SECONDS}


async def test_waits_grow_and_differ(session_over: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each wait is about twice the one before, and no two clients wait alike."""
    monkeypatch.setattr(retries, "LONGEST", 0.1)
    monkeypatch.setattr(retries, "SECONDS", 1)
    monkeypatch.setattr(retries, "UNKNOWN_SECONDS", 1)
    sleep, waits = asyncio.sleep, list[float]()

    async def noted(seconds: float) -> None:
        waits.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", noted)
    spans = []
    for _ in range(2):
        waits.clear()
        with pytest.raises(errors.ServiceFailed):
            await session_over(lambda _: answer(502)).files()
        spans.append(tuple(waits))
    for span in spans:
        assert len(span) >= 2
        for number, seconds in enumerate(span):
            least = min(retries.SHORTEST * 2**number, 0.1)
            assert least <= seconds <= least + retries.SHORTEST
    assert spans[0] != spans[1]


async def test_a_retry_after_beyond_the_time_is_not_waited_for(session_over: Make) -> None:
    """Where the service wants to be left alone for longer, that is told at once."""
    for asked in ("3600", formatdate(time.time() + 3600, usegmt=True)):
        service = Service(answer(429, retry_after=asked))
        with pytest.raises(errors.TooManyRequests, match="Retry-After"):
            await session_over(service).files()


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("0", "", 0), (" 12 ", "", 12), ("-1", "", None), ("1.5", "", None), ("", "", None), ("soon", "", None),
        ("Tue, 24 Nov 2026 12:00:30 GMT", "Tue, 24 Nov 2026 12:00:00 GMT", 30),
        ("Tue, 24 Nov 2026 12:00:00 GMT", "Tue, 24 Nov 2026 12:00:30 GMT", 0),
        ("Tuesday, 24-Nov-26 12:00:30 GMT", "Tue, 24 Nov 2026 12:00:00 GMT", 30),
        ("Tue, 99 Nov 2026 12:00:30 GMT", "", None),
    ],
)  # fmt: skip
def test_retry_after_is_read(retry_after: str, date: str, seconds: float | None) -> None:
    """Seconds, or a date by the service's own clock."""
    assert seconds_asked(retry_after, date) == seconds


async def test_a_full_pool_is_asked_again_where_that_is_wanted(session_over: Make) -> None:
    """Without --wait it is told at once; with it the pool is asked until there is room, or the time is over."""
    with pytest.raises(errors.PoolFull, match="--wait"):
        await session_over(Service(answer(429, FULL))).execute("1")
    service = Service(
        answer(429, FULL), answer(404, {"error": {"message": "no more sessions"}}), answer(202, RAN)
    )
    assert (await session_over(service, wait=5).execute("1")).status is Status.OK
    with pytest.raises(errors.PoolFull):
        await session_over(lambda _: answer(429, FULL), wait=0.1).execute("1")


async def test_waiting_is_told(session_over: Make) -> None:
    """Before each wait it is told why and how long, after it that it is over, and nothing where there was none."""
    told: list[Waiting | None] = []
    service = Service(answer(429), answer(503, retry_after="0"), answer(202, RAN), answer(202, RAN))
    session = session_over(service, on_retry=told.append)
    await session.execute("1")
    first, over, second, last = told
    assert first is not None and second is not None and over is last is None
    assert "too many requests" in first.words and "trying again for 0 s" in first.words
    assert "503" in second.words
    assert first.unsent
    await session.execute("1")
    assert len(told) == 4


async def test_giving_up_ends_the_waiting(
    session_over: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled call sends nothing more, and says that it waits no longer."""
    monkeypatch.setattr(retries, "SECONDS", 30)
    told: list[Waiting | None] = []
    waits = asyncio.Event()

    def tell(waiting: Waiting | None) -> None:
        told.append(waiting)
        waits.set()

    service = Service(answer(429, retry_after="20"))
    call = asyncio.create_task(session_over(service, on_retry=tell).execute("1"))
    await waits.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert told[-1] is None
    assert len(service.requests) == 1


def _raising(service: Service) -> Callable[[httpx.Request], httpx.Response]:
    """The service, whose exceptions are raised instead of answered."""

    def handle(request: httpx.Request) -> httpx.Response:
        came = service(request)
        if isinstance(came, Exception):
            raise came
        return came

    return handle
