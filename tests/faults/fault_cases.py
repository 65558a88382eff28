"""The table of faults: what is done to the request that runs a snippet, or to its answer, and how the client is set up."""

from __future__ import annotations

import gzip
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import fault_kinds as kinds
from fault_proxy import Exchange, Fault

FULL = b'{"code":"SessionsCountExceedsLimit","message":"There are already 5 active sessions."}'
NO_MORE = b'{"error":{"code":"NotFound","message":"no more sessions being allocated"}}'
PAGE = b"<html><head><title>Sign in</title></head><body>please</body></html>"
ODD = (None, 5, True, [], [1], {}, {"a": 1})


@dataclass(frozen=True)
class Case:
    """One row. name: what goes wrong. faults: done to the snippet's request, each in a run of its own.

    times: how often, None for always. asking, asking_times: the same for requests that ask what became of the snippet.
    options: of
    noderepl. is_first: whether the snippet's request is the first of the client. sleep: of the snippet, in ms. wait:
    seconds after which a late request has come. tls: which certificate the proxy shows. endpoint: instead of the
    proxy's. has_credential: whether tokens come from a credential. early: the connection is met, not a request.
    deaf: seconds for which the port is closed.
    hour: by how many hours this machine's clock is wrong from the fault on.
    """

    name: str
    faults: tuple[Fault, ...]
    times: int | None = 1
    asking: Fault | None = None
    asking_times: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    is_first: bool = False
    sleep: int = 0
    wait: float = 0
    tls: str = ""
    endpoint: str = ""
    has_credential: bool = False
    early: bool = False
    deaf: float = 0
    hour: int = 0
    is_quick: bool = False


def _case(name: str, *faults: Fault, **more: object) -> Case:
    return Case(name, faults, **more)  # type: ignore[arg-type]


def _field(path: str, *values: object, words: str) -> Case:
    return _case(
        f"`{path}` of the answer is {words}", *(kinds.field(path, value) for value in values)
    )


async def _none(exchange: Exchange) -> None:
    await exchange.send(await exchange.passed_on())


async def _ended(exchange: Exchange) -> None:
    """The snippet runs, the session is deleted, and the connection is reset."""
    await exchange.passed_on()
    line, *_ = exchange.head.split(b"\r\n")
    query = line.split(b" ")[1].partition(b"?")[2]
    credentials = next(
        part for part in exchange.head.split(b"\r\n") if part.lower().startswith(b"authorization")
    )
    request = b"DELETE /session?%b HTTP/1.1\r\nHost: localhost\r\n%b\r\n\r\n" % (query, credentials)
    await exchange.proxy.ask(request)
    await kinds.reset(exchange)


async def _continued(exchange: Exchange) -> None:
    """The service says first that it goes on."""
    await exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n" + await exchange.passed_on())


async def _doubled(exchange: Exchange) -> None:
    """After the answer comes another one without a request."""
    await exchange.send(
        await exchange.passed_on() + kinds.response(200, {}, b'{"status": "Succeeded"}')
    )


async def _again(exchange: Exchange) -> None:
    """The answer comes two times."""
    answer = await exchange.passed_on()
    await exchange.send(answer + answer)


def _date(clock: float) -> str:
    return kinds.in_an_hour(clock - 3600)


def _statuses() -> list[Case]:
    now = time.time()
    cases = [
        _case("429 once", kinds.status(429)),
        _case("429 once, `Retry-After: 0`", kinds.status(429, Retry_After="0")),
        _case(
            "429 once, `Retry-After` is a date",
            kinds.status(429, Retry_After=_date(now), Date=_date(now)),
        ),
        _case("429 always", kinds.status(429), times=None),
        _case("429, `Retry-After: 3600`", kinds.status(429, Retry_After="3600"), times=None),
        _case("429, `Retry-After` cannot be read", kinds.status(429, Retry_After="soon")),
        _case("503 once, `Retry-After: 0`", kinds.status(503, Retry_After="0")),
        _case("503 always, `Retry-After: 0`", kinds.status(503, Retry_After="0"), times=None),
        _case(
            "503, `Retry-After` is a date in an hour",
            kinds.status(503, Retry_After=kinds.in_an_hour(now), Date=_date(now)),
            times=None,
        ),
    ]
    for code in (502, 503, 504):
        cases += [
            _case(f"{code}, not passed on", kinds.status(code)),
            _case(f"{code}, passed on", kinds.status(code, passed=True)),
            _case(f"{code}, passed on, and the session cannot be asked", kinds.status(code, passed=True),
                  asking=kinds.status(code)),
        ]  # fmt: skip
    for code in (502, 504):
        cases += [
            _case(f"{code}, `Retry-After: 0`, not passed on", kinds.status(code, Retry_After="0")),
            _case(
                f"{code}, `Retry-After: 0`, passed on",
                kinds.status(code, passed=True, Retry_After="0"),
            ),
        ]
    return [
        *cases,
        _case("500, not passed on", kinds.status(500)),
        _case("500, passed on", kinds.status(500, passed=True)),
        _case("408, passed on", kinds.status(408, passed=True)),
        _case("502 with a page, passed on", kinds.status(502, passed=True, body=PAGE, kind="text/html")),
        _case("400", kinds.status(400, body=b'{"error":{"code":"Odd","message":"is odd"}}')),
        _case("403", kinds.status(403)),
        _case("413", kinds.status(413)),
        _case("401, the token is given", kinds.status(401), times=None),
        _case("401, a new token is taken", kinds.status(401), options={"auth": "azure"}, has_credential=True),
        _case("401, a new token is refused too", kinds.status(401), options={"auth": "azure"}, has_credential=True,
              times=2),
        _case("the pool is full", kinds.status(429, body=FULL), times=None),
        _case("the pool is full, reported as 404", kinds.status(404, body=NO_MORE), times=None),
        _case("the pool is full for a moment, `--wait 5`", kinds.status(429, body=FULL), times=2, options={"wait": 5}),
        _case("the pool is full for long, `--wait 1`", kinds.status(429, body=FULL), times=None, options={"wait": 1}),
        _case("the pool is full, `--wait 1`, `Retry-After: 60`", kinds.status(429, body=FULL, Retry_After="60"),
              times=None, options={"wait": 1}),
        *(_case(f"{code} to another host", kinds.status(code, Location="http://127.0.0.1:{elsewhere}/executions"))
          for code in (302, 307, 308)),
    ]  # fmt: skip


CONNECTIONS = [
    _case("nothing goes wrong", _none),
    _case("the port is closed for a moment", _none, deaf=0.3),
    _case("no server listens", _none, endpoint="http://localhost:1"),
    _case("the host's name is not known", _none, endpoint="https://nowhere.invalid"),
    _case("TLS: the certificate has expired", _none, tls="expired"),
    _case("TLS: the certificate is another host's", _none, tls="other"),
    _case("TLS: an untrusted certificate", _none, tls="unknown"),
    _case("TLS: the service speaks plain HTTP", kinds.plain, tls="plain", early=True, times=None),
    _case("TLS: silence in the handshake", kinds.stalled, tls="plain", early=True, times=None),
    _case("TLS: all is well", _none, tls="good"),
    _case("reset once connected", kinds.reset_soon, early=True),
    _case("reset once connected, and ever after", kinds.reset_soon, early=True, times=None),
    _case("reset, not passed on", kinds.reset),
    _case("reset, not passed on, and the session cannot be asked", kinds.reset, asking=kinds.reset),
    _case("reset, passed on", kinds.reset_after),
    _case(
        "reset, passed on, and the session cannot be asked", kinds.reset_after, asking=kinds.reset
    ),
    _case(
        "reset, passed on, asked again only at the third try",
        kinds.reset_after,
        asking=kinds.reset,
        asking_times=2,
    ),
    _case("reset while the snippet runs", kinds.reset_while, sleep=400),
    _case("reset, passed on later", kinds.late(0.4), wait=0.8),
    _case("reset, passed on; the session is deleted", _ended),
    _case("reset, passed on, in plain mode", kinds.reset_after, options={"mode": "plain"}),
    _case("reset, not passed on, the client's first request", kinds.reset, is_first=True),
    _case("reset, passed on, the client's first request", kinds.reset_after, is_first=True),
    _case(
        "reset, passed on later, the client's first request",
        kinds.late(0.4),
        wait=0.8,
        is_first=True,
    ),
    _case("closed, not passed on", kinds.closed),
    _case("closed, passed on", kinds.closed_after),
    _case("passed on twice", kinds.twice),
    _case("silence, not passed on", kinds.stalled, is_quick=True),
    _case("silence, passed on", kinds.stalled_after, is_quick=True),
    _case(
        "silence, and the session cannot be asked",
        kinds.stalled_after,
        asking=kinds.stalled,
        is_quick=True,
    ),
]

CUTS = [
    _case("cut in the status line", kinds.cut(lambda head, body: 7)),
    _case("cut behind the status line", kinds.cut(lambda head, body: head.index(b"\r\n") + 2)),
    _case("cut in a header", kinds.cut(lambda head, body: len(head) - 9)),
    _case("cut behind the headers", kinds.cut(lambda head, body: len(head) + 2)),
    _case("cut before the body", kinds.cut(lambda head, body: len(head) + 4)),
    _case("cut in the body", kinds.cut(lambda head, body: len(head) + 4 + len(body) // 2)),
    _case("cut before the last byte", kinds.cut(lambda head, body: len(head) + 3 + len(body))),
    _case("chunked", kinds.chunked(lambda parts: parts)),
    _case("chunked, cut in a chunk's size", kinds.chunked(lambda parts: parts[:1])),
    _case("chunked, cut behind a chunk's size", kinds.chunked(lambda parts: parts[: parts.index(b"\r\n") + 2])),
    _case("chunked, cut in a chunk", kinds.chunked(lambda parts: parts[:40])),
    _case("chunked, cut between chunks", kinds.chunked(lambda parts: parts[: len(parts) // 2])),
    _case("chunked, cut before the last chunk", kinds.chunked(lambda parts: parts[:-5])),
    _case("chunked, the last chunk cut", kinds.chunked(lambda parts: parts[:-2])),
    _case("cut in the body, without a length", kinds.changed(
        lambda head, body: b"\r\n".join(line for line in head.split(b"\r\n") if b"content-length" not in line)
        + b"\r\n\r\n" + body[:60])),
    _case("silence after half the headers", kinds.half_then_silence(lambda head, body: len(head) // 2), is_quick=True),
    _case("silence after half the body", kinds.half_then_silence(lambda head, body: len(head) + 40), is_quick=True),
    _case("a byte a second in the headers", kinds.dripped(0.3, 20), is_quick=True),
    _case("a byte a second in the body", kinds.dripped(0.3, 400), is_quick=True),
]  # fmt: skip

BODIES = [
    _case("a body of no bytes", kinds.body(lambda was: b"")),
    _case("204", kinds.changed(lambda head, was: b"HTTP/1.1 204 No Content\r\n\r\n")),
    _case("a page instead", kinds.body(lambda was: PAGE, b"content-type: text/html")),
    _case("a page as JSON", kinds.body(lambda was: PAGE)),
    _case("JSON that ends early", kinds.body(lambda was: was[:-20])),
    _case("JSON that is not UTF-8", kinds.body(lambda was: was[:-2] + b"\xff}")),
    _case("JSON of great depth", kinds.body(lambda was: b"[" * 200_000)),
    _case("JSON that is a list", kinds.body(lambda was: b"[]")),
    _case("JSON that is a number", kinds.body(lambda was: b"5")),
    _case("JSON that is null", kinds.body(lambda was: b"null")),
    _case("JSON of another API", kinds.body(lambda was: b'{"hello": 1}')),
    _case("the value's text is cut", kinds.body(lambda was: was.replace(b'\\"media\\":', b""))),
    _case("gzip", kinds.body(gzip.compress, b"content-encoding: gzip")),
    _case("gzip that is none", kinds.body(lambda was: was, b"content-encoding: gzip")),
    _case("gzip that ends early", kinds.body(lambda was: gzip.compress(was)[:-30], b"content-encoding: gzip")),
    _case("a gzip bomb", kinds.body(lambda was: kinds.bomb(64 << 20), b"content-encoding: gzip")),
    _case("a gzip bomb in another", kinds.body(lambda was: kinds.bomb(64 << 20, 2), b"content-encoding: gzip, gzip")),
    _case("an unknown encoding", kinds.body(lambda was: was, b"content-encoding: rot13")),
]  # fmt: skip

FIELDS = [
    _field("status", None, 5, True, [], {}, words="of another type"),
    _field("status", "Failed", words="`Failed`"),
    _field("status", "Running", words="`Running`"),
    _field(
        "result",
        None,
        5,
        True,
        {},
        {"a": 1},
        words="null, a number, a boolean, or an empty or another object",
    ),
    _field("result", [1], words="a list"),
    _field("result", "text", words="a text"),
    _field("result.executionResult", None, 5, True, words="null, a number or a boolean"),
    _field("result.executionResult", [1], words="a list"),
    _field("result.executionResult", {"a": 1}, words="an object"),
    _field("result.executionResult", "text", words="another text"),
    _field("result.executionResult", "", words="empty"),
    _field("result.stdout", None, "", words="null or empty"),
    _field("result.stdout", [], words="a list"),
    _field("result.stdout", 5, words="a number"),
    _field("result.stderr", None, "", words="null or empty"),
    _field(
        "result.executionTimeInMilliseconds",
        None,
        "x",
        True,
        [],
        {},
        -5,
        1e400,
        words="of another type",
    ),
    _field("error", None, 5, [], {}, True, words="of another type"),
    _field("error", {"code": "Odd", "message": "is odd"}, words="there beside `Succeeded`"),
    _field("id", *ODD, words="of another type"),
    _field("identifier", *ODD, words="of another type"),
    _field("executionType", *ODD, words="of another type"),
    _field("$id", *ODD, words="of another type"),
]

HEADERS = [
    _case("headers in reverse order", kinds.headers(lambda lines: lines[::-1])),
    _case("each header twice", kinds.headers(lambda lines: [line for line in lines for _ in range(2)])),
    _case("two lengths that differ", kinds.headers(lambda lines: [*lines, b"content-length: 3"])),
    _case("a length that is no number", kinds.headers(
        lambda lines: [line for line in lines if b"length" not in line] + [b"content-length: many"])),
    _case("a length that is too great", kinds.headers(
        lambda lines: [line for line in lines if b"length" not in line] + [b"content-length: 99999"])),
    _case("a header of 200 KB", kinds.headers(lambda lines: [*lines, b"x-long: " + b"x" * 200_000])),
    _case("500 headers", kinds.headers(lambda lines: [*lines, *(b"x-%d: 1" % at for at in range(500))])),
    _case("a header line without a colon", kinds.headers(lambda lines: [*lines, b"nonsense"])),
    _case("no HTTP at all", kinds.changed(lambda head, body: b"\x15\x03\x01 what?\r\n\r\n")),
    _case("HTTP/1.0", kinds.changed(lambda head, body: b"HTTP/1.0" + head[8:] + b"\r\n\r\n" + body)),
    _case("100 before the answer", _continued),
    _case("an answer too many", _doubled),
    _case("the answer twice", _again),
    _case("a media type of nonsense", kinds.body(lambda was: was, b"content-type: ;;;charset=nonsense")),
    _case("another `x-ms-session-guid`", kinds.headers(
        lambda lines: [line for line in lines if b"guid" not in line] + [b"x-ms-session-guid: other"])),
    _case("the clock jumps an hour ahead, 429 with a date and none of the service's", kinds.status(
        429, Retry_After=_date(time.time())), hour=1),
    _case("the clock jumps an hour back, 429 with a date and none of the service's", kinds.status(
        429, Retry_After=_date(time.time())), hour=-1, times=None),
    _case("the clock jumps an hour ahead while the snippet runs", kinds.reset_while, sleep=400, hour=1),
    _case("the clock jumps an hour back while the snippet runs", kinds.reset_while, sleep=400, hour=-1),
]  # fmt: skip

CASES = [*CONNECTIONS, *_statuses(), *CUTS, *BODIES, *FIELDS, *HEADERS]
