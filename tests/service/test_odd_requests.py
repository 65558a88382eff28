"""`noderepl serve` and bytes that no proper client sends, over a socket of their own.

Each row gets one JSON error or a closed connection, the server's log stays empty, and the next
proper call is answered.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import driving
import httpx
import pytest

TOKEN = "token-of-a-test"
VERSION = "2025-10-02-preview"
QUERY = f"identifier=test-session&api-version={VERSION}"
FORM = "multipart/form-data; boundary=x"
PART = 'Content-Disposition: form-data; name="file"; filename="a.txt"\n'


@dataclass(frozen=True)
class Answer:
    """An answer as it came: its status, its headers in lower case, its body."""

    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that must not have written to stderr when it ends."""
    home = tmp_path_factory.mktemp("home")
    with subprocess.Popen(
        driving.command("serve", "--quiet"),
        env=driving.environment(home, NODEREPL_TOKEN=TOKEN),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield httpx.URL(server.stdout.readline().removeprefix("listening on ").strip()).port or 0
        server.terminate()
        _, log = server.communicate(timeout=60)
    assert (server.returncode, log) == (0, "")


def sent(port: int, data: bytes) -> bytes:
    """All that the server answers to these bytes until it closes the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(data)  # what is refused before its end is answered all the same
        with contextlib.suppress(ConnectionError):
            while piece := client.recv(65536):
                received += piece
    return received


def answers_in(received: bytes) -> list[Answer]:
    """The answers, each with a Content-Length; raises ValueError where there is anything else."""
    answers = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        line, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        status = int(line.removeprefix("HTTP/1.1 ").partition(" ")[0])
        length = int(headers["content-length"]) if status >= 200 and status != 204 else 0
        answers.append(Answer(status, headers, rest[:length]))
        received = rest[length:]
    return answers


def head(line: str, *fields: str, body: bytes = b"", host: str = "localhost") -> bytes:
    """A request with the token that asks to close the connection."""
    lines = (
        line,
        *([f"Host: {host}"] if host else []),
        f"Authorization: Bearer {TOKEN}",
        "Connection: close",
        *fields,
    )
    return "".join(f"{part}\r\n" for part in lines).encode("latin-1") + b"\r\n" + body


def post(body: bytes, *fields: str, path: str = "/executions") -> bytes:
    """A request with a body."""
    return head(f"POST {path}?{QUERY} HTTP/1.1", *fields, f"Content-Length: {len(body)}", body=body)


def form(*parts: str, end: str = "--x--\r\n", content_type: str = FORM) -> bytes:
    """An upload of these parts, each with its head."""
    body = "".join("--x\r\n" + part.replace("\n", "\r\n") + "\r\n" for part in parts) + end
    return post(body.encode("latin-1"), f"Content-Type: {content_type}", path="/files")


LIST = f"GET /listSessions?api-version={VERSION} HTTP/1.1"
EXECUTE = f"POST /executions?{QUERY} HTTP/1.1"
CHUNKED = "Transfer-Encoding: chunked"
CODE = b'{"code":"1"}'
CHUNKS = b"c\r\n" + CODE + b"\r\n0\r\n"
WRONG = TOKEN.encode(), b"wrong"

HEADS = {
    "two tokens": (head(LIST, f"Authorization: Bearer {TOKEN}"), 400),
    "two other tokens": (head(LIST, "Authorization: Bearer wrong").replace(*WRONG), 400),
    "two hosts": (head(LIST, "Host: localhost"), 400),
    "no host": (head(LIST, host=""), 400),
    "no host in HTTP/1.0": (head(LIST.replace("1.1", "1.0"), host=""), 421),
    "HTTP/1.0": (head(LIST.replace("1.1", "1.0")), 200),
    "HTTP/9.9": (head(LIST.replace("1.1", "9.9")), 200),
    "absolute target": (head(LIST.replace("/", "http://127.0.0.1/", 1)), 200),
    "absolute target with a port": (head(LIST.replace("/", "HTTP://localhost:1/", 1)), 200),
    "absolute target, other Host": (
        head(LIST.replace("/", "http://[::1]/", 1), host="evil.example"),
        200,
    ),
    "absolute target, no Host": (
        head(LIST.replace("/", "http://[::1]/", 1).replace("1.1", "1.0"), host=""),
        200,
    ),
    "absolute target, two Hosts": (
        head(LIST.replace("/", "http://[::1]/", 1), "Host: localhost"),
        400,
    ),
    "absolute target of another host": (head(LIST.replace("/", "http://evil.example/", 1)), 421),
    "absolute target with a user": (head(LIST.replace("/", "http://a@localhost/", 1)), 400),
    "absolute target without a host": (head(LIST.replace("/", "http:///", 1)), 421),
    "absolute target without a path": (head("GET http://localhost HTTP/1.1"), 404),
    "absolute target in a path": (head(LIST.replace("/", "/http://localhost/", 1)), 404),
    "absolute target of another scheme": (head(LIST.replace("/", "ftp://localhost/", 1)), 404),
    "asterisk": (head("OPTIONS * HTTP/1.1"), 404),
    "CONNECT": (head("CONNECT localhost:443 HTTP/1.1"), 404),
    "TRACE": (head(LIST.replace("GET", "TRACE")), 405),
    "a method of its own": (head(LIST.replace("GET", "!")), 405),
    "length and chunks": (head(EXECUTE, CHUNKED, "Content-Length: 12", body=CHUNKS + b"\r\n"), 400),
    "gzip as transfer coding": (head(EXECUTE, "Transfer-Encoding: gzip"), 501),
    "chunked twice": (head(EXECUTE, CHUNKED, CHUNKED), 501),
    "two lengths": (head(EXECUTE, "Content-Length: 3", "Content-Length: 4"), 400),
    "negative length": (head(EXECUTE, "Content-Length: -1"), 400),
    "length of 20 digits": (head(EXECUTE, f"Content-Length: {'9' * 20}"), 413),
    "length of 5000 digits": (head(EXECUTE, f"Content-Length: {'9' * 5000}"), 400),
    "trailer": (head(EXECUTE, CHUNKED, body=CHUNKS + b"X-A: b\r\n\r\n"), 200),
    "endless trailer": (head(EXECUTE, CHUNKED, body=CHUNKS + b"X-A: b\r\n" * 20_000), 431),
    "endless chunk head": (head(EXECUTE, CHUNKED, body=b"1;" + b"x" * 100_000), 431),
    "no chunk": (head(EXECUTE, CHUNKED, body=b"zz\r\n"), 400),
    "chunk without end": (head(EXECUTE, CHUNKED, body=b"1\r\n1xx\r\n"), 400),
    "tab before the token": (head(LIST).replace(b"Bearer ", b"Bearer\t"), 401),
    "bytes before the token": (head(LIST).replace(b"Bearer ", b"Bearer \xff\x01"), 401),
    "NUL before the token": (head(LIST).replace(b"Bearer ", b"Bearer \x00"), 400),
    "no token": (head(LIST).replace(TOKEN.encode(), b""), 401),
    "folded header": (head(LIST).replace(b"Bearer ", b"Bearer\r\n "), 200),
    "space before a colon": (head(LIST, "X : y"), 400),
    "header without name": (head(LIST, ": y"), 400),
    "large header": (head(LIST, f"X: {'y' * 100_000}"), 431),
    "many headers": (head(LIST, *["X: y"] * 30_000), 431),
    "large target": (
        head(f"GET /listSessions?api-version={VERSION}&x={'y' * 100_000} HTTP/1.1"),
        431,
    ),
    "long target": (
        head(f"GET /listSessions?api-version={VERSION}&x={'y' * 20_000} HTTP/1.1"),
        200,
    ),
    "many parameters": (
        head(f"GET /listSessions?api-version={VERSION}{'&a' * 10_000} HTTP/1.1"),
        200,
    ),
    "target in bytes": (head(f"GET /files/\xe9?{QUERY} HTTP/1.1"), 400),
    "two spaces": (head(LIST.replace(" ", "  ")), 400),
    "TLS": (bytes.fromhex("16030100c8010000c40303") + bytes(200), 400),
    "no HTTP": (bytes(range(256)), 400),
    "blank lines": (b"\r\n" * 100, 400),
    "odd expectation": (head(EXECUTE, "Expect: 200-ok", "Content-Length: 12", body=CODE), 200),
    "WebSocket": (
        head(LIST, "Upgrade: websocket", "Connection: upgrade", "Sec-WebSocket-Version: 13"),
        200,
    ),
    "HTTP/2": (head(LIST, "Upgrade: h2c", "Connection: upgrade", "HTTP2-Settings: x"), 200),
}
HOSTS = {
    "evil@127.0.0.1": 400,
    "evil:secret@127.0.0.1": 400,
    "127.0.0.1:80@evil.example": 400,
    "evil.example#@127.0.0.1": 400,
    "127.0.0.1/evil": 400,
    "127.0.0.1?evil": 400,
    "evil.example\\127.0.0.1": 400,
    "127.0.0.1 evil.example": 400,
    "127.0.0.1, evil.example": 400,
    "127.0.0.1:99999": 400,
    "127.0.0.1:+80": 400,
    "127.0.0.1:80:80": 400,
    "127.0.0.1\xff": 400,
    "[": 400,
    "[::1": 400,
    "[::1]evil.example": 400,
    "::1": 400,
    "127.0.0.1.evil.example": 421,
    "[fe80::1%25lo]": 421,
    "[::1%25lo]": 200,
    "2130706433": 421,
    "127.0.0.1%00": 421,
    "127.0.0.1:": 200,
}
TARGETS = {
    "/files/a%2Fb": 404,
    "/files/..%2f..%2fetc%2fpasswd": 404,
    "/files/../../etc/passwd": 404,
    "/files/.%2e": 400,
    "/files/%00": 400,
    "/files/%00/content": 400,
    "/files/%ff": 400,
    "/files/%ed%a0%80": 400,
    "/files/%zz": 404,
    "/files/" + "a" * 5000: 404,
    "//files": 404,
    "/files/": 404,
    "/files;x": 404,
    "/%66iles": 200,
    "/executions/%0d%0aX:%20y": 404,
    "/subscriptions/s/resourceGroups/g/sessionPools/%2e%2e/files": 200,
}
QUERIES = {
    "path=%00": 400,
    "path=%ed%a0%80": 400,
    "path=../..": 400,
    "path=" + "a/" * 9000: 404,
    "identifier=a%00bcd": 400,
    "identifier=%ff%ff%ff%ff": 400,
    "api-version=%00": 400,
    "recursive=%ff": 200,
    "%ff=%ff&=&&%": 200,
}
MANY_LISTS = b'{"code":"1","x":[' + b"[]," * 20_000 + b"1]}"
BODIES = {
    "deep list": (b'{"code":"1","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "deep object": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    "invalid UTF-8": (b'{"code":"\xff"}', 400),
    "overlong UTF-8": (b'{"code":"\xc0\x80"}', 400),
    "lone surrogate": (b'{"code":"\'\\ud800\'"}', 200),
    "surrogate as a field": (b'{"code":"1","\\ud800":1}', 200),
    "timeout of 1e400": (b'{"code":"1","timeoutInSeconds":1e400}', 400),
    "timeout of 10^400": (b'{"code":"1","timeoutInSeconds":1' + b"0" * 400 + b"}", 400),
    "timeout of 10^5000": (b'{"code":"1","timeoutInSeconds":1' + b"0" * 5000 + b"}", 400),
    "timeout of NaN": (b'{"code":"1","timeoutInSeconds":NaN}', 400),
    "timeout of -0": (b'{"code":"1","timeoutInSeconds":-0}', 400),
    "length of -1e400": (b'{"code":"1","outputStreamsMaxLength":-1e400}', 400),
    "number in a field that nobody reads": (b'{"code":"1","unknown":1e400}', 200),
    "field twice": (b'{"code":1,"code":"1"}', 200),
    "field twice in two cases": (b'{"code":"1","CODE":1}', 400),
    "byte order mark": (b"\xef\xbb\xbf" + CODE, 200),
    "UTF-16": (CODE.decode().encode("utf-16"), 200),
    "gzip": (gzip.compress(CODE), 400),
    "many lists in a field that nobody reads": (MANY_LISTS, 400),
    "many lists in UTF-16": (MANY_LISTS.decode().encode("utf-16"), 400),
    "many fields": (b'{"code":"1"' + b"".join(b',"%d":1' % i for i in range(20_000)) + b"}", 400),
    "many separators in the code": (b'{"code":"\'' + b'[,{\\"' * 100_000 + b"'\"}", 200),
    "code as a list": (b'{"code":["1"]}', 400),
    "NUL in the code": (b'{"code":"\'\\u0000\'"}', 200),
    "base64 that is not ASCII": ('{"code":"é","codeInputType":"InlineBase64"}'.encode(), 400),
}
FIELDS = {
    "Content-Type: application/json; charset=zlib": 200,
    'Content-Type: \xff;;;="\x01': 200,
    "Content-Type: multipart/form-data": 200,
    "Content-Encoding: gzip": 200,
    "Operation-Id: \x01\x7f\xff": 200,
    "Operation-Id: ../x": 400,
    "Cookie: " + "a=b;" * 5000: 200,
}
FORMS = {
    "no boundary": (form(f"{PART}\nx", content_type="multipart/form-data"), 400),
    "empty boundary": (form(f"{PART}\nx", content_type="multipart/form-data; boundary="), 400),
    "long boundary": (form(f"{PART}\nx", content_type=f"multipart/form-data; boundary={'x' * 20_000}"), 400),
    "no content type": (post(b"--x--\r\n", path="/files"), 400),
    "nothing but an end": (post(b"--x--\r\n", f"Content-Type: {FORM}", path="/files"), 400),
    "thousands of fields": (form(*['Content-Disposition: form-data; name="a"\n\n1'] * 20_000), 400),
    "thousands of files": (form(*[f"{PART}\n1"] * 20_000), 400),
    "thousands of headers": (form("X-A: b\n" * 50_000 + f"{PART}\nx"), 400),
    "long header": (form(f"X-A: {'b' * 1_000_000}\n{PART}\nx"), 400),
    "header without end": (form(f"X-A: {'b' * 1_000_000}", end=""), 400),
    "no end": (form(f"{PART}\nx", end=""), 400),
    "no name": (form("Content-Disposition: form-data\n\nx"), 400),
    "no disposition": (form("X: y\n\nx"), 400),
    "large field": (form(f'Content-Disposition: form-data; name="a"\n\n{"x" * 3_000_000}'), 400),
    "path as name": (form(PART.replace("a.txt", "../../x") + "\nx"), 400),
    "NUL in the name": (form(PART.replace("a.txt", "a\0b") + "\nx"), 400),
    "name of 3000 letters": (form(PART.replace("a.txt", "a" * 3000) + "\nx"), 400),
    "name that is not UTF-8": (form(PART.replace("a.txt", "\xff\xfe") + "\nx"), 200),
    "extended name": (form(PART.replace('filename="a.txt"', "filename*=utf-8''%ff%00") + "\nx"), 400),
    "name in pieces": (form(PART.replace('filename="', 'filename*0*="zlib\'x\'')), 400),
} | {
    f"charset {charset[:9]!a}": (form(PART + "\nx", content_type=f"{FORM}; charset={charset}"), status)
    for charset, status in {
        "zlib": 200, "hex": 200, "rot13": 200, "idna": 200, "mbcs": 200, "\x01": 200, "utf-8\xff": 200, "x" * 5000: 200,
        "undefined": 200, "utf-16": 200, "punycode": 200,
    }.items()
}  # fmt: skip
ROWS = [
    *((f"head: {name}", *row) for name, row in HEADS.items()),
    *((f"host: {host!a}", head(LIST, host=host), status) for host, status in HOSTS.items()),
    *(
        (f"target: {at[:40]}", head(f"GET {at}?{QUERY} HTTP/1.1"), status)
        for at, status in TARGETS.items()
    ),
    *(
        (f"query: {more[:40]}", head(f"GET /files?{QUERY}&{more} HTTP/1.1"), status)
        for more, status in QUERIES.items()
    ),
    *((f"body: {name}", post(body), status) for name, (body, status) in BODIES.items()),
    *((f"field: {field[:40]!a}", post(CODE, field), status) for field, status in FIELDS.items()),
    *((f"form: {name}", *row) for name, row in FORMS.items()),
]


@pytest.mark.parametrize(
    ("data", "status"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
def test_an_odd_request_gets_one_answer_and_costs_nobody_else(
    port: int, data: bytes, status: int
) -> None:
    """The answer is the API's own JSON and no failure of the pool, and the next call is answered."""
    (answer,) = answers_in(sent(port, data))
    assert answer.status == status
    assert answer.headers["mise-correlation-id"]
    told = json.loads(answer.body)
    if status != 200:
        assert "error" in told or "errors" in told
    (usual,) = answers_in(sent(port, post(b'{"code":"20 + 22"}')))
    assert json.loads(usual.body)["result"]["executionResult"] == 42


def test_what_follows_on_a_connection_is_answered_in_its_turn(port: int) -> None:
    """Requests that are sent together are each answered, in order, up to the one that cannot be read."""
    kept = head(LIST).replace(b"Connection: close\r\n", b"")
    for last, status in (
        (head(LIST), 200),
        (b"no HTTP\r\n\r\n", 400),
        (head(LIST, host="a@b"), 400),
    ):
        together = kept + kept.replace(*WRONG) + kept + last
        assert [answer.status for answer in answers_in(sent(port, together))] == [
            200,
            401,
            200,
            status,
        ]


def test_a_body_is_asked_for_once(port: int) -> None:
    """Who waits for 100 Continue gets it, but not where the request is refused without its body."""
    request = head(EXECUTE, "Expect: 100-continue", "Content-Length: 12", body=CODE)
    for data, statuses in ((request, [100, 200]), (request.replace(*WRONG), [401])):
        assert [answer.status for answer in answers_in(sent(port, data))] == statuses


def test_a_body_that_breaks_after_its_answer_ends_the_connection(port: int) -> None:
    """What cannot be read behind an answer that is under way gets no second answer."""
    refused = (
        head(EXECUTE, CHUNKED, body=b"1\r\n1")
        .replace(*WRONG)
        .replace(b"Connection: close\r\n", b"")
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
        client.sendall(refused)
        received = client.recv(65536)
        client.sendall(b"no chunk")
        while piece := client.recv(65536):
            received += piece
    assert [answer.status for answer in answers_in(received)] == [401]
