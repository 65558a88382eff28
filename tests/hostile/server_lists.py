"""Attacks by the other calls: lists of files, the session's life, metadata, pieces of output, transfers, completion."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import fault_kinds as kinds
import hostile_kinds as hostile
from attacks import RAW, Attack
from fault_proxy import Exchange, Fault
from server_answers import CHUNK, CHUNKED, MIB, NO_END
from server_fields import DEEP, HUGE, LARGE, VALUES

FILES, FILE, CONTENT = b"GET /files?", b"DELETE /files/", b"/content?"
SESSION, METADATA, UPLOAD = b"GET /session?", b"GET /metadata?", b"POST /files?"
PIECE = b"/files/.noderepl-output-"
# Its output comes in pieces while it runs.
SLOW = "for (const t = Date.now(); Date.now() - t < 1200;) { if (Date.now() % 300 === 0) console.log('x') }"
TIMES: dict[str, object] = {
    "the year 1": "0001-01-01T00:00:00+14:00",
    "the year 9999": "9999-12-31T23:59:59.999999-14:00",
    "the year 10000": "+010000-01-01T00:00:00Z",
    "a zone of a day": "2025-01-01T00:00:00+23:59",
    "ten million digits": "2025-01-01T00:00:00." + "9" * 100_000,
    "a date without a time": "2025-01-01",
    "a week": "2025-W01-1",
    "terminal controls": RAW,
}


def _file(**fields: object) -> dict[str, object]:
    return {
        "name": "a.txt",
        "sizeInBytes": 5,
        "lastModifiedAt": "2025-01-01T00:00:00Z",
        "type": "file",
    } | fields


def _pages() -> Fault:
    """Each page links to another one."""
    count = itertools.count()

    async def fault(exchange: Exchange) -> None:
        link = f"/files?page={next(count)}&identifier=x"
        await hostile.answer({"value": [_file()], "nextLink": link})(exchange)

    return fault


def _slow_pages() -> Fault:
    """The same, a page each tenth of a second."""
    count = itertools.count()

    async def fault(exchange: Exchange) -> None:
        import asyncio

        await asyncio.sleep(0.1)
        await hostile.answer({"value": [], "nextLink": f"/files?page={next(count)}"})(exchange)

    return fault


def _lists() -> Iterator[Attack]:
    def row(name: str, told: object, **more: Any) -> Attack:
        return Attack(
            "a list of files", name, hostile.answer(told), line="%files", where=FILES, **more
        )

    for name, value in VALUES.items():
        yield row(f"all values are {name}", {"value": [dict.fromkeys(_file(), value)]})
    yield row("the list is an object", {"value": {"a": 1}})
    yield row("an entry is null", {"value": [None]})
    yield row("`name` is a number", {"value": [_file(name=5)]})
    yield row("`nextLink` is a list", {"value": [], "nextLink": [1]})
    yield row("`nextLink` is text that takes over a terminal", {"value": [], "nextLink": RAW})
    for name, value in list(TIMES.items())[:4]:
        yield row(f"`lastModifiedAt` is {name}", {"value": [_file(lastModifiedAt=value)]})
    for name, size in {"1e400": LARGE, "-1": -1, "1e308": 1e308}.items():
        yield row(f"`sizeInBytes` is {name}", {"value": [_file(sizeInBytes=size)]})
    yield row("`directory` climbs", {"value": [_file(directory="../../.."), _file(directory=RAW)]})
    yield row("a name of 5 MB", lambda: {"value": [_file(name="n" * 5_000_000)]})
    yield row("a name of line breaks", {"value": [_file(name="a\n> 'forged prompt'\n" * 100)]})
    yield row(
        "100,000 files",
        lambda: {"value": [_file(name=f"f{number}") for number in range(100_000)]},
        interrupt=1,
    )
    yield row(
        "the next page is on another host",
        {"value": [], "nextLink": "http://evil.example/"},
        said="another host",
    )
    yield row(
        "the next page's port is none", {"value": [], "nextLink": "http://localhost:99999999/"}
    )
    yield row("the next page's URL is broken", {"value": [], "nextLink": "http://["})
    yield row(
        "the next page is the same one", {"value": [], "nextLink": "/files?again"}, said="cycle"
    )
    yield Attack(
        "a list of files",
        "a next page for ever",
        _pages(),
        line="%files",
        where=b"GET /files",
        interrupt=1,
    )
    yield Attack(
        "a list of files",
        "a slow next page for ever",
        _slow_pages(),
        line="%files",
        where=b"GET /files",
        interrupt=1,
    )


def _lives() -> Iterator[Attack]:
    def row(name: str, told: object, where: bytes = SESSION) -> Attack:
        group = "the session's life" if where == SESSION else "the pool's metadata"
        return Attack(group, name, hostile.answer(told), line="%session", where=where)

    for name, value in itertools.islice((TIMES | VALUES).items(), 0, None, 2):
        yield row(f"`createdAt` is {name}", {"createdAt": value, "expireAt": value, "etag": value})
    for name, value in list(VALUES.items())[::2]:
        yield row(
            f"`runtimes` is {name}", {"runtimes": value, "preInstalledPackages": value}, METADATA
        )
        yield row(
            f"`version` is {name}", {"runtimes": [{"name": "node", "version": value}]}, METADATA
        )
    many = [{"name": "node", "version": str(number)} for number in range(2_000)]
    yield row("2,000 runtimes", {"runtimes": many}, METADATA)
    yield row("all is nested 980 deep", DEEP, METADATA)
    yield row(
        "the year 9999, everywhere",
        {"createdAt": TIMES["the year 9999"], "runtimes": HUGE},
        METADATA,
    )


def _transfers() -> Iterator[Attack]:
    def download(name: str, fault: Fault, **more: Any) -> Attack:
        line = "%download odd.bin odd.bin --force"
        return Attack("a download", name, fault, line=line, where=CONTENT, **more)

    def upload(name: str, told: object) -> Attack:
        return Attack(
            "the answer to an upload",
            name,
            hostile.answer(told),
            line="%upload up.txt",
            where=UPLOAD,
        )

    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\n"
    yield download(
        "without an end", hostile.endless(head + b"connection: close\r\n\r\n", MIB), interrupt=1
    )
    yield download(
        "chunks without an end",
        hostile.endless(CHUNKED.replace(b"json", b"odd"), CHUNK),
        interrupt=1,
    )
    yield download(
        "a length of 10^30",
        hostile.raw(head + b"content-length: 1" + b"0" * 30 + b"\r\n\r\nx"),
        interrupt=1,
    )
    yield download(
        "a length of 5000 digits",
        hostile.raw(head + b"content-length: " + b"9" * 5000 + b"\r\n\r\nx"),
        interrupt=1,
    )
    yield download(
        "a byte a second",
        hostile.endless(head + b"content-length: 99\r\n\r\n", b"x", 1),
        interrupt=1,
    )
    yield download("a page", hostile.answer(b"<html>", "content-type: text/html"))
    yield download("gzip that is none", hostile.answer(b"x", "content-encoding: gzip"), interrupt=1)
    yield download(
        "a header of Latin-1", hostile.raw(head + b"content-length: 1\r\nx: \xe9\r\n\r\nx")
    )
    yield download(
        "an error without an end", hostile.endless(NO_END.replace(b"200", b"404"), MIB), interrupt=1
    )
    for name, value in VALUES.items():
        yield upload(f"all values are {name}", {"name": value, "sizeInBytes": value})
    yield upload("a list", [1])
    yield Attack(
        "the answer to a deletion",
        "a bomb",
        hostile.endless(NO_END, MIB),
        line="%rm gone.txt",
        where=FILE,
        interrupt=8,
    )
    yield Attack(
        "the answer to a deletion",
        "a header of Latin-1",
        kinds.headers(lambda lines: [*lines, b"x: \xe9"]),
        line="%rm gone.txt",
        where=FILE,
    )


def _pieces() -> Iterator[Attack]:
    def row(name: str, fault: Fault, where: bytes = PIECE, line: str = SLOW, **more: Any) -> Attack:
        return Attack("a piece of output", name, fault, line=line, where=where, **more)

    for name, told in {
        "no list": {"a": 1},
        "events of other types": [[RAW, 5, None], [0, "stdin", "x"], 5],
        "an event's number is 10^400": [[HUGE, "stdout", "x"]],
        "text that takes over a terminal": [[0, "stdout", RAW + "\n"]],
        "980 deep": DEEP,
        "100,000 events": [[0, "stdout", "x"]] * 100_000,
        "an event of 5 MB": [[0, "stdout", "x" * 5_000_000]],
    }.items():
        yield row(name, hostile.answer(told), left=1, interrupt=2)
    yield row("no file, ever", hostile.answer(b"", status=404), interrupt=2)
    yield row("another one, ever", hostile.answer([[0, "stdout", "again\n"]]), interrupt=2)
    yield row("without an end", hostile.endless(CHUNKED, CHUNK), interrupt=2)
    yield row("zeros without an end", hostile.endless(NO_END, bytes(1 << 20)), interrupt=2)
    yield row("a byte a second", hostile.endless(NO_END, b" ", 1), interrupt=2)
    yield row(
        "unrequested gzip",
        hostile.answer(hostile.bomb(1024), "content-encoding: gzip"),
        interrupt=2,
    )
    for count in (10**9, 2**63, 10**400):
        fault = hostile.prelude_field(
            "output",
            {
                "pieces": count,
                "before": count,
                "bytes": {"stdout": 10**9, "stderr": 0},
                "dropped": False,
            },
        )
        yield Attack(
            "a piece of output", f"{str(count)[:12]} pieces, says the answer", fault, interrupt=2
        )


def _completions() -> Iterator[Attack]:
    names = {
        "names that take over a terminal": [f"file-{RAW}-1", f"file-{RAW}-2"],
        "names that turn the direction around": ["file-\u202egnp.exe", "file-\u2066x"],
        "names of line breaks": ["file-\n\r\nx", "file-\v\f"],
        "names of 100 kB": ["file-" + "x" * 100_000, "file-y"],
        "20,000 names": [f"file-{number}" for number in range(20_000)],
        "names of wide and combining characters": [
            "file-" + "\u4e00" * 200,
            "file-" + "e\u0301" * 500,
        ],
    }
    for name, told in names.items():
        fault = hostile.answer({"value": [_file(name=one) for one in told]})
        yield Attack(
            "the completion menu", name, fault, line="%download file", where=FILES, tab=True
        )
    yield Attack(
        "the completion menu",
        "a list without an end",
        hostile.endless(NO_END, MIB),
        line="%download file",
        where=FILES,
        tab=True,
    )


ATTACKS = (*_lists(), *_lives(), *_transfers(), *_pieces(), *_completions())
