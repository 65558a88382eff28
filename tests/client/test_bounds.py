"""Answers, output and files without an end: noderepl ends in words, in time, and with little memory."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import time
import zlib
from collections.abc import Callable, Iterator
from itertools import count, repeat
from pathlib import Path

import httpx
import pytest
from driving import Screen
from hostile_http import MIB, Ended, HostileServer, Request, arguments, by_prelude, measured, ran

from noderepl.client import listing, transport
from noderepl.client.compression import CHUNK, decompressed
from noderepl.client.inspect_literals import meaning
from noderepl.client.session import open_session
from noderepl.errors import ConnectionLost, ExitCode, MalformedAnswer
from noderepl.schema import decode

MOST_MEBIBYTES = 300
BLOCK = b"x" * (1 << 18)


def bomb(size: int) -> bytes:
    """Zeros as JSON text, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    blocks = [
        packer.compress(b'"'),
        *(packer.compress(bytes(MIB)) for _ in range(size // MIB)),
        packer.flush(),
    ]
    return b"".join(blocks)


def endless_header(request: Request) -> None:
    request.write(b"HTTP/1.1 200 OK\r\nx-a: ")
    while request.write(BLOCK):
        pass


def endless_informational(request: Request) -> None:
    for _ in range(20_000):
        if not request.write(b"HTTP/1.1 100 Continue\r\n\r\n"):
            return


def of_many(opening: bytes, unit: bytes, closing: bytes) -> Callable[[Request], None]:
    def answer(request: Request) -> None:
        request.answer(opening + unit * ((15 * MIB) // len(unit)) + closing)

    return answer


TOO_LONG = "longer than 16 MiB"
TOO_MANY = "JSON of more than 1,000,000 values"
ANSWERS = {
    "endless body": (lambda r: r.chunked(repeat(BLOCK)), TOO_LONG),
    "endless body of white space": (lambda r: r.chunked(repeat(b" " * len(BLOCK))), TOO_LONG),
    "a length that is never reached": (lambda r: r.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n") and all(map(r.write, repeat(BLOCK))), TOO_LONG),
    "endless error": (lambda r: r.chunked(repeat(BLOCK), status="500 Bad"), "failed (500"),
    "endless page": (lambda r: r.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<title>Hi") and all(map(r.write, repeat(BLOCK))), "did not answer as the API does"),
    "gzip": (lambda r: r.answer(bomb(400 * MIB), "content-encoding: gzip"), TOO_LONG),
    "gzip of an error": (lambda r: r.answer(bomb(400 * MIB), "content-encoding: gzip", status="400 Bad"), "refuses the request (400"),
    "br": (lambda r: r.answer(b"xxxx", "content-encoding: br"), "compressed (br)"),
    "gzip in gzip": (lambda r: r.answer(gzip.compress(bomb(80 * MIB)), "content-encoding: gzip, gzip"), "compressed (gzip, gzip)"),
    "lists": (of_many(b"[", b"[],", b"[]]"), TOO_MANY),
    "objects": (of_many(b"[", b'{"a":1},', b"1]"), TOO_MANY),
    "numbers": (of_many(b"[", b"1,", b"1]"), TOO_MANY),
    "texts in the status": (of_many(b'{"status":["', b'a","', b'"]}'), TOO_MANY),
    "a text": (of_many(b'{"status":"Succeeded","stdout":"', b"xxxxxxxx", b'"}'), ""),
    "a text with one wide character": (of_many(b'{"status":"Succeeded","stdout":"\xf0\x9f\x98\x80', b"xxxxxxxx", b'"}'), ""),
    "endless header": (endless_header, "the connection to"),
    "endless informational answers": (endless_informational, "the connection to"),
    "endless patience": (lambda r: r.answer(b"{}", "retry-after: 999999999999", status="429 Later"), "too many requests (429)"),
    "literal": (lambda r: r.answer(ran("'" + r"\n" * (5 * MIB) + "'")), ""),
    "literal of wide characters": (lambda r: r.answer(ran("'\U0001f600" + "x" * (10 * MIB) + "'")), ""),
    "literal that is none": (lambda r: r.answer(ran("'" + r"\n" * (5 * MIB))), ""),
}  # fmt: skip


def assert_bounded(ended: Ended) -> None:
    """What holds in every case."""
    assert "Traceback" not in ended.stderr
    assert ended.mebibytes < MOST_MEBIBYTES
    assert ended.seconds < 100


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_refused_while_it_comes(tmp_path: Path, name: str) -> None:
    """What is too long, too many or compressed is one sentence; what is just short enough is read."""
    answer, words = ANSWERS[name]
    with HostileServer(answer) as server:
        ended = measured("--mode", "plain", "-e", "1", *arguments(server), home=tmp_path)
    assert_bounded(ended)
    assert words in ended.stderr
    assert ended.code == (ExitCode.SERVICE if words else ExitCode.OK)


def pages(variant: str) -> Iterator[bytes]:
    """The pages of a listing that does not end."""
    for number in count():
        files = [] if variant == "empty" else [{"name": f"{number}-{i}"} for i in range(2000)]
        yield json.dumps(
            {"value": files, "nextLink": f"/files?page={0 if variant == 'same' else number}"}
        ).encode()


@pytest.mark.parametrize(
    ("variant", "words"), [("many", "does not end"), ("empty", "does not end"), ("same", "cycle")]
)
def test_a_listing_ends(tmp_path: Path, variant: str, words: str) -> None:
    """Pages without an end are one sentence after so many pages or files."""
    following = pages(variant)
    with HostileServer(lambda request: request.answer(next(following))) as server:
        ended = measured("-c", "%files", *arguments(server), home=tmp_path)
        assert server.count <= listing.MOST_PAGES + 10
    assert_bounded(ended)
    assert words in ended.stderr
    assert ended.code == ExitCode.SERVICE


WIDE = '[[0,"stdout","\U0001f600'.encode() + b"x" * (15 * MIB) + b'"]]'


def piece(request: Request, variant: str) -> None:
    """A piece of output that a session does not have."""
    match variant:
        case "endless":
            request.chunked(repeat(BLOCK))
        case "compressed":
            request.answer(bomb(400 * MIB), "content-encoding: gzip")
        case "wide":
            request.answer(WIDE)
        case "events":
            request.answer(b"[" + b'[0,"stdout",""],' * 900_000 + b"[]]")
        case "missing":
            request.answer(
                b'{"error":{"code":"FileNotFound","message":""}}', status="404 Not Found"
            )
        case "empty":
            request.answer(b"[]")


@pytest.mark.parametrize(
    ("variant", "flags"),
    [
        ("endless", []),
        ("compressed", ["--json"]),
        ("wide", ["--json"]),
        ("events", []),
        ("missing", []),
        ("missing", ["--json"]),
        ("empty", []),
    ],
)
def test_output_in_files_has_a_most(tmp_path: Path, variant: str, flags: list[str]) -> None:
    """However many files an answer tells of and whatever they hold, the snippet's outcome is told."""

    def answer(request: Request) -> None:
        if "/executions" not in request.line:
            piece(request, variant)
            return
        output = {
            "pieces": 2000,
            "before": 0,
            "bytes": {"stdout": 10**12, "stderr": 0},
            "dropped": False,
        }
        request.answer(by_prelude(request, output=output))

    with HostileServer(answer) as server:
        ended = measured("-e", "1", *flags, *arguments(server), home=tmp_path)
        assert server.count < 2100
    assert_bounded(ended)
    assert ended.code == ExitCode.OK


@pytest.mark.parametrize("text", ["\x7f", "\u202e"])
def test_controls_on_a_terminal_take_little_memory(tmp_path: Path, text: str) -> None:
    """Each is shown as several characters, which the whole text is not at once."""
    written = {"stdout": text * (14 * MIB // len(text.encode())), "stderr": ""}
    body = json.dumps({"status": "Succeeded", "result": written}, ensure_ascii=False).encode()
    with (
        HostileServer(lambda request: request.answer(body)) as server,
        Screen(
            "--mode", "plain", "--big-output", "all", *arguments(server), home=tmp_path
        ) as screen,
    ):
        screen.until(r"^>")
        screen.enter("1")
        end = time.monotonic() + 60
        while len(screen.raw) < 100_000 and time.monotonic() < end:
            screen.pump(0.1)
        peak = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{screen.pid}/status").read_text())
        assert len(screen.raw) > 50_000
        assert peak is not None and int(peak[1]) // 1024 < MOST_MEBIBYTES


def test_ctrl_c_ends_the_reading_of_output(tmp_path: Path) -> None:
    """The outcome is shown with what came, nothing is asked for any more, and the prompt is back."""

    def answer(request: Request) -> None:
        if "/executions" not in request.line:
            time.sleep(0.2)
            request.answer(
                b'{"error":{"code":"FileNotFound","message":""}}', status="404 Not Found"
            )
        elif b"the-snippet" in request.body:
            output = {
                "pieces": 2000,
                "before": 0,
                "bytes": {"stdout": 10**12, "stderr": 0},
                "dropped": False,
            }
            request.answer(by_prelude(request, output=output))
        else:
            request.answer(ran("undefined"))

    with HostileServer(answer) as server, Screen(*arguments(server), home=tmp_path) as screen:
        screen.until(r"^>")
        screen.enter("'the-snippet'")
        screen.until(r"Ctrl-C interrupts", 90)
        screen.key("ctrl-c")
        screen.until(r"The rest of the output was not read", 90)
        screen.ready()
        asked = server.count
        time.sleep(1)
        assert server.count <= asked + 1


def test_files_of_output_that_a_snippet_enlarges_are_passed_over(tmp_path: Path) -> None:
    """The embedded pool sends them as they are asked for, and the client stops at the most that a piece may have."""
    code = (
        "const fs = require('fs'); process.stdout.write('x'.repeat(3e6)); "
        "for (const f of fs.readdirSync('.')) if (f.startsWith('.noderepl-output')) fs.truncateSync(f, 9e8)"
    )
    ended = measured("-e", code, "-e", "console.log('next')", home=tmp_path)
    assert_bounded(ended)
    assert "next" in ended.stdout
    assert ended.code == ExitCode.OK


def test_a_large_file_is_downloaded_in_little_memory(tmp_path: Path) -> None:
    """Also from the embedded pool, which is in the same process."""
    size = 400 * MIB
    code = f"const fs = require('fs'); fs.writeFileSync('big', ''); fs.truncateSync('big', {size})"
    ended = measured("-e", code, "-c", f"%download big {tmp_path}/", home=tmp_path)
    assert ended.code == ExitCode.OK, ended.stderr
    assert (tmp_path / "big").stat().st_size == size
    (tmp_path / "big").unlink()
    assert_bounded(ended)


@pytest.mark.parametrize(
    "text", ["'x'.repeat(20e6)", "'\\u{1f600}x'.repeat(5e6)", "'a\\n'.repeat(3e6)"]
)
def test_a_long_text_written_at_once_arrives_whole(tmp_path: Path, text: str) -> None:
    """It is divided into files that the client takes, between characters."""
    code = f"const text = {text}; process.stdout.write(text); console.error(require('crypto').createHash('sha1').update(text).digest('hex'))"
    ended = measured("-e", code, home=tmp_path)
    assert (
        hashlib.sha1(ended.stdout.encode(), usedforsecurity=False).hexdigest()
        == ended.stderr.strip()
    )
    assert_bounded(ended)


async def test_compressed_bodies_are_unpacked_in_small_chunks() -> None:
    """gzip of several parts, deflate with and without its header; an end that is missing is told."""
    text = bytes(5 * CHUNK + 7)
    packed = {
        "gzip": gzip.compress(text[: CHUNK + 1]) + gzip.compress(text[CHUNK + 1 :]) + b"\0\0",
        "deflate": zlib.compress(text),
        "Deflate": zlib.compress(text)[2:-4],
        "identity": text,
    }
    for encoding, body in packed.items():
        for step in (1, 100, len(body)):
            parts = [body[at : at + step] for at in range(0, len(body), step)]
            if encoding == "identity" and step == 1:
                continue
            response = httpx.Response(
                200, headers={"content-encoding": encoding}, stream=_Parts(parts)
            )
            chunks = [chunk async for chunk in decompressed(response)]
            assert b"".join(chunks) == text
            assert encoding == "identity" or max(map(len, chunks)) <= CHUNK
    short = httpx.Response(
        200, headers={"content-encoding": "gzip"}, stream=_Parts([packed["gzip"][:40]])
    )
    with pytest.raises(httpx.DecodingError):
        [chunk async for chunk in decompressed(short)]


class _Parts(httpx.AsyncByteStream):
    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    async def __aiter__(self):  # type: ignore[no-untyped-def]
        for part in self._parts:
            yield part


def test_signs_within_texts_are_no_values() -> None:
    """A text of commas and brackets is one value, however long."""
    assert decode(json.dumps('[,{:"\\' * 400_000).encode()) == '[,{:"\\' * 400_000
    with pytest.raises(ValueError, match="values"):
        decode(b"[" + b"1," * 1_000_001 + b"1]")


def test_surrogate_pairs_and_escapes_of_a_long_literal_are_one_text() -> None:
    """Wherever a chunk of it ends."""
    unit = r"\uD83D\uDE00\x41\n\\n\'\u{1F600}é"
    for shift in range(8):
        assert meaning(f"'{'x' * shift}{unit * 5000}'") == "x" * shift + "😀A\n\\n'😀é" * 5000


@pytest.mark.parametrize("operation", ["upload", "fetch"])
async def test_an_answer_that_drips_ends(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte at a time is too slow also for the answer to an upload, and for a piece of output."""
    monkeypatch.setattr(transport, "SLOW_SECONDS", 1.0)
    monkeypatch.setattr(transport, "READ_SECONDS", 1.0)
    monkeypatch.setattr(transport.Asking.__init__, "__defaults__", tuple(
        1.0 if value == 120.0 else value for value in transport.Asking.__init__.__defaults__ or ()
    ))  # fmt: skip

    def drip(request: Request) -> None:
        request.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while request.write(b" "):
            time.sleep(0.1)

    with HostileServer(drip) as server:
        session = open_session(server.url, identifier="a-session-of-tests")
        with pytest.raises(ConnectionLost, match="too slowly"):
            await (
                session.write("a", b"x") if operation == "upload" else session.fetch("a", most=MIB)
            )
        await session.aclose()


async def test_a_file_that_is_too_long_is_refused() -> None:
    """fetch() reads no more than it may."""
    with HostileServer(
        lambda request: request.answer(bytes(MIB + 1), kind="application/octet-stream")
    ) as server:
        session = open_session(server.url, identifier="a-session-of-tests")
        assert len(await session.fetch("a", most=MIB + 1)) == MIB + 1
        with pytest.raises(MalformedAnswer, match="longer than 1 MiB"):
            await session.fetch("a", most=MIB)
        await session.aclose()
