"""Attacks by HTTP itself: status lines, headers, charsets, encodings, lengths, bodies, and errors with odd bodies."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping

import fault_kinds as kinds
import hostile_kinds as hostile
from attacks import RAW, Attack
from fault_proxy import Exchange, Fault

OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
NO_END = OK + b"connection: close\r\n\r\n"
MIB = b" " * (1 << 20)
CHUNK = b"%x\r\n%b\r\n" % (len(MIB), MIB)
TOKENS = b"eyJ" * 60_000

HEADERS: Mapping[str, bytes] = {
    "a value of Latin-1": b"x-via: caf\xe9",
    "a value of UTF-8": "x-via: \U0001f4a9".encode(),
    "all bytes from 0x80": b"x-odd: " + bytes(range(0x80, 0x100)),
    "ESC and OSC": b"x-odd: \x1b]0;owned\x07",
    "NUL": b"x-odd: a\0b",
    "a line feed alone": b"x-odd: a\nx-forged: b",
    "90 cookies": b"\r\n".join(b"set-cookie: c%d=%d" % (number, number) for number in range(90)),
    "a cookie of 60 kB": b"set-cookie: a=" + b"x" * 60_000,
    "a cookie for all hosts": b"set-cookie: a=\xff; domain=.; expires=Thu, 99 Foo 99999 99:99:99 GMT",
    "`x-ms-session-guid` of 60 kB": b"x-ms-session-guid: " + b"x" * 60_000,
    "`x-ms-container-execution-duration: 1e400`": b"x-ms-container-execution-duration: 1e400",
    "`x-ms-container-execution-duration` of 5000 digits": b"x-ms-container-execution-duration: "
    + b"9" * 5000,
    "`x-ms-container-execution-duration` of odd digits": "x-ms-container-execution-duration: ٣".encode(),
    "`api-supported-versions` of 60 kB": b"api-supported-versions: " + b"2099-01-01, " * 5000,
    "`retry-after` with an answer that is no error": b"retry-after: 99999999999999999999",
    "`location` with an answer that is no redirect": b"location: http://[",
    "`connection: upgrade`": b"connection: upgrade\r\nupgrade: h2c",
    "`link` of 60 kB": b"link: " + b"<>;" * 20_000,
    "`content-disposition` that climbs": b"content-disposition: attachment; filename=../../.bashrc",
}
CHARSETS = (
    "zlib", "undefined", "utf-16", "base64", "idna", "unicode_escape", "utf-7", "mbcs", "\xe9", "x" * 9000,
    "../../etc/passwd", "\0",
)  # fmt: skip
MEDIA_TYPES = (b"", b"\xff\xff", b"text/event-stream", b"application/" + b"j" * 9000)
ENCODINGS = {
    "identity": b"identity", "two encodings": b"gzip, gzip", "br that is none": b"br", "zstd that is none": b"zstd",
    "compress": b"compress", "a name of Latin-1": b"\xe9",
}  # fmt: skip
SMUGGLED = {
    "no HTTP at all": b"SSH-2.0-OpenSSH_9.9\r\n",
    "an HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/0.9": b"<html>old</html>",
    "status 0": b"HTTP/1.1 000 No\r\n\r\n",
    "status 999": b"HTTP/1.1 999 No\r\ncontent-length: 0\r\n\r\n",
    "a status that is no number": b"HTTP/1.1 OK 200\r\n\r\n",
    "a reason that takes over a terminal": b"HTTP/1.1 500 \x1b]0;owned\x07\r\ncontent-length: 0\r\n\r\n",
    "101 to another protocol": b"HTTP/1.1 101 Switching\r\nupgrade: ws\r\nconnection: upgrade\r\n\r\n\x81\x05hello",
    "204 with a body": b"HTTP/1.1 204 No\r\ncontent-length: 5\r\n\r\nhello",
    "304": b"HTTP/1.1 304 Not\r\n\r\n",
    "100 Continue and no more": b"HTTP/1.1 100 Continue\r\n\r\n",
    "a length of -1": OK + b"content-length: -1\r\n\r\n{}",
    "two lengths": OK + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
    "a length and chunks": OK
    + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks of size -1": CHUNKED + b"-1\r\n{}\r\n",
    "chunks of 10^30 bytes": CHUNKED + b"f" * 25 + b"\r\n{}",
    "a chunk's size of 60 kB": CHUNKED + b"0" * 60_000 + b"2\r\n{}\r\n0\r\n\r\n",
    "a chunk's extension of 60 kB": CHUNKED + b"2;" + b"x" * 60_000 + b"\r\n{}\r\n0\r\n\r\n",
    "trailers that forge headers": CHUNKED
    + b"2\r\n{}\r\n0\r\ncontent-type: text/html\r\nx: \xe9\r\n\r\n",
    "folded headers": OK + b"x: a\r\n b\r\n\tc\r\ncontent-length: 2\r\n\r\n{}",
    "a header without a name": OK + b": a\r\ncontent-length: 2\r\n\r\n{}",
    "100,000 headers": OK + b"x: y\r\n" * 100_000 + b"content-length: 2\r\n\r\n{}",
}
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "NUL bytes": b"\0" * 1000,
    "UTF-16 with its mark": '{"status": "Succeeded"}'.encode("utf-16"),
    "UTF-8 with a byte order mark": b'\xef\xbb\xbf{"status": "Succeeded"}',
    "980 brackets": b"[" * 980 + b"]" * 980,
    "980 objects": b'{"error":' * 980 + b"1" + b"}" * 980,
    "1,000,000 brackets": b"[" * 1_000_000,
    "a number of 5000 digits": b'{"status": ' + b"9" * 5000 + b"}",
    "100,000 names": b"{" + b",".join(b'"n%d": 1' % number for number in range(100_000)) + b"}",
    "names of prototypes": b'{"__proto__": {"status": "Succeeded"}, "__class__": {}, "constructor": 1}',
    "180 kB of tokens": TOKENS,
    "a page of 5 MB": b"<html><title>" + b"x" * 5_000_000,
    "a page whose title is 200,000 spaces": b"<html><title" + b" " * 200_000,
    "text that takes over a terminal": RAW.encode(),
    "a JSON text of its own": b'"just a text"',
}
# What is looked into for an error's words, besides.
ERRORS: dict[str, bytes] = {
    "an error of errors": b'{"error": {"error": {"error": {"error": {"error": {"message": "deep"}}}}}}',
    "problem+json of 100,000 fields": b'{"title": "t", "errors": {'
    + b",".join(b'"f%d": ["x"]' % number for number in range(100_000)) + b"}}",
    "an error whose message is a list": b'{"error": {"code": [1], "message": [[2]]}}',
    "an error that takes over a terminal": hostile.written({"error": {"code": RAW, "message": RAW}}).encode(),
    "an error of 200,000 line breaks": hostile.written({"error": {"code": "C", "message": "\n" * 200_000}}).encode(),
}  # fmt: skip
READ_AS_ERRORS = (
    "nothing", "980 objects", "1,000,000 brackets", "180 kB of tokens", "a page of 5 MB",
    "a page whose title is 200,000 spaces", "text that takes over a terminal",
)  # fmt: skip
STATUSES = (401, 403, 404, 413, 429, 500)


async def _echo(exchange: Exchange) -> None:
    """The request's head, with its token and its session, comes back as an error."""
    await hostile.answer({"error": {"code": "Bad", "message": exchange.head.decode()}}, status=400)(
        exchange
    )


async def _echo_packed(exchange: Exchange) -> None:
    """The same with everything written otherwise: as lower case, in quotes of JSON and of URLs."""
    text = exchange.head.decode().lower().replace(" ", "%20").replace("-", "\\u002d")
    await hostile.answer({"error": {"code": text, "message": text}}, status=500)(exchange)


def _typed(kind: bytes) -> Fault:
    return kinds.body(lambda was: was, b"content-type: " + kind)


def _packed(name: bytes) -> Fault:
    return kinds.body(lambda was: was, b"content-encoding: " + name)


def _with(line: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: [*lines, line]


def _one() -> Iterator[Attack]:
    for name, line in HEADERS.items():
        yield Attack("a header of an answer", name, kinds.headers(_with(line)), left=1)
    for charset in CHARSETS[:4]:
        fault = hostile.answer(
            b"\xff\xfenot json", f"content-type: text/plain; charset={charset}", status=500
        )
        yield Attack("a charset of an error", repr(charset)[:24], fault, interrupt=0.5)
    for charset in CHARSETS:
        kind = b"application/json; charset=" + charset.encode("latin-1")
        yield Attack("a charset of an answer", repr(charset)[:24], _typed(kind), left=1)
    for kind in MEDIA_TYPES:
        yield Attack("a media type of an answer", repr(kind[:20]), _typed(kind), left=1)
    for name, encoding in ENCODINGS.items():
        yield Attack("an encoding of an answer", name, _packed(encoding), left=1)
    for name, data in SMUGGLED.items():
        yield Attack(
            "an answer that is barely HTTP", name, hostile.raw(data), left=1, interrupt=0.7
        )
    for name, data in (BODIES | ERRORS).items():
        yield Attack("a body of an answer", name, hostile.answer(data), left=1)
    for name, data in (ERRORS | {name: BODIES[name] for name in READ_AS_ERRORS}).items():
        yield Attack("a body of an error", name, hostile.answer(data, status=400), interrupt=0.7)
    for status in STATUSES:
        fault = hostile.answer({"error": {"code": RAW, "message": RAW}}, status=status)
        yield Attack("each status", str(status), fault, interrupt=0.7)


def _bombs() -> Iterator[Attack]:
    bomb = hostile.bomb(1024)
    yield Attack("a body without an end", "chunks", hostile.endless(CHUNKED, CHUNK), interrupt=1.5)
    yield Attack("a body without an end", "no length", hostile.endless(NO_END, MIB), interrupt=1.5)
    yield Attack(
        "a body without an end",
        "of an error",
        hostile.endless(NO_END.replace(b"200", b"400"), MIB),
        interrupt=2,
    )
    yield Attack(
        "a body without an end",
        "a length of 10^12",
        hostile.endless(OK + b"content-length: 1000000000000\r\n\r\n", MIB),
    )
    yield Attack(
        "a body without an end",
        "one JSON list",
        hostile.endless(NO_END + b"[", b"1," * 500_000),
        interrupt=1.5,
    )
    yield Attack(
        "a body without an end", "a byte a second", hostile.endless(NO_END, b" ", 1), interrupt=1.5
    )
    yield Attack(
        "a body without an end",
        "a header a second",
        hostile.endless(OK, b"x: y\r\n", 1),
        interrupt=1.5,
    )
    yield Attack(
        "a body without an end", "headers", hostile.endless(OK, b"x: y\r\n" * 1000), interrupt=1.5
    )
    yield Attack(
        "a body without an end",
        "one header",
        hostile.endless(OK + b"x: ", b"y" * 4096),
        interrupt=1.5,
    )
    yield Attack(
        "a body without an end",
        "100 Continue",
        hostile.endless(b"", b"HTTP/1.1 100 C\r\n\r\n" * 50),
        interrupt=2,
    )
    yield Attack(
        "a body without an end",
        "103 Early Hints",
        hostile.endless(b"", b"HTTP/1.1 103 E\r\nlink: <x>\r\n\r\n", 0.1),
        interrupt=2,
    )
    yield Attack(
        "a body without an end",
        "line breaks before the status",
        hostile.endless(b"", b"\r\n" * 1000),
        interrupt=2,
    )
    yield Attack(
        "a body without an end",
        "empty chunks' extensions",
        hostile.endless(CHUNKED, b"1;" + b"x" * 4000 + b"\r\n \r\n"),
        interrupt=2,
    )
    yield Attack(
        "a body without an end",
        "trailers",
        hostile.endless(CHUNKED + b"0\r\n", b"x: y\r\n" * 1000),
        interrupt=2,
    )
    for name, code in (("an answer", 200), ("an error", 400)):
        head = "content-encoding: gzip"
        yield Attack(
            "a bomb",
            f"1 GiB of unrequested gzip, {name}",
            hostile.answer(bomb, head, status=code),
            interrupt=8,
        )
    yield Attack(
        "a bomb",
        "brackets",
        hostile.answer(hostile.bomb(1024, b"[", b"["), "content-encoding: gzip"),
        interrupt=8,
    )
    yield Attack(
        "a bomb",
        "gzip in gzip",
        hostile.answer(lambda: gzip.compress(bomb), "content-encoding: gzip"),
        interrupt=8,
    )
    yield Attack(
        "a bomb",
        "an error of 100 MB",
        hostile.answer(lambda: b"x" * 100_000_000, status=400),
        interrupt=1.5,
    )
    yield Attack(
        "a bomb",
        "a JSON list of 20 MB",
        hostile.answer(lambda: b"[" + b"0," * 10_000_000 + b"0]"),
        interrupt=8,
    )
    yield Attack(
        "a bomb",
        "20 MB of empty objects",
        hostile.answer(lambda: b'{"status": [' + b"{}," * 7_000_000 + b"0]}"),
        interrupt=8,
    )


def _others() -> Iterator[Attack]:
    yield Attack("secrets", "the request's head as an error", _echo, said="refuses the request")
    yield Attack("secrets", "the same, written otherwise", _echo_packed, left=1, interrupt=0.7)
    for name in (
        "1e400",
        "9" * 5000,
        "²",
        "Thu, 01 Jan 9999 00:00:00 GMT",
        "\xff",
    ):
        fault = hostile.answer(b"", f"retry-after: {name}", status=503)
        yield Attack("`Retry-After` of 503", name[:32], fault, left=1, interrupt=0.7)
    for name in (
        "http://[",
        "http://evil.example/",
        "//\xe9",
        "javascript:alert(1)",
        RAW,
        "http://" + "x" * 9000,
        "\0",
    ):
        line = (
            name.encode("latin-1", "replace")
            .replace(b"\x1b", b"")
            .replace(b"\x07", b"")
            .replace(b"\0", b"")
        )
        data = b"HTTP/1.1 302 Found\r\nlocation: " + line + b"\r\ncontent-length: 0\r\n\r\n"
        yield Attack("`Location` of 302", repr(name)[:32], hostile.raw(data))


ATTACKS = (*_one(), *_bombs(), *_others())
