"""What can be done to a request or to its answer, as functions for the proxy."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any

from fault_proxy import Exchange, Fault, Reset

Change = Callable[[bytes, bytes], bytes]


def status(
    code: int, *, passed: bool = False, body: bytes = b"", kind: str = "", **headers: str
) -> Fault:
    """The request is answered with a status, after it was passed on or instead. kind: the body's media type."""

    async def fault(exchange: Exchange) -> None:
        if passed:
            await exchange.passed_on()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"content-type": kind} if kind else {}
        await exchange.send(response(code, named, body))

    return fault


def response(code: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {code} Something", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def in_an_hour(clock: float) -> str:
    """The moment an hour after a clock's, as headers have it."""
    return formatdate(clock + 3600, usegmt=True)


async def reset(_: Exchange) -> None:
    """The connection is reset; the request is not passed on."""
    raise Reset


async def reset_soon(_: Exchange) -> None:
    """The connection is reset once it is surely made."""
    await asyncio.sleep(0.05)
    raise Reset


async def reset_after(exchange: Exchange) -> None:
    """The request is passed on, and the connection reset when the pool has answered."""
    await exchange.passed_on()
    raise Reset


async def reset_while(exchange: Exchange) -> None:
    """The request is passed on, and the connection reset while the pool is at it."""
    exchange.proxy.later(exchange.passed_on())
    await asyncio.sleep(0.1)
    raise Reset


async def closed(exchange: Exchange) -> None:
    """The connection is closed without a word; the request is not passed on."""
    raise asyncio.IncompleteReadError(b"", None)


async def closed_after(exchange: Exchange) -> None:
    """The request is passed on; the connection is closed without a word."""
    await exchange.passed_on()
    raise asyncio.IncompleteReadError(b"", None)


async def stalled(exchange: Exchange) -> None:
    """Nothing is answered; the request is not passed on."""
    await asyncio.sleep(30)


async def stalled_after(exchange: Exchange) -> None:
    """The request is passed on, and nothing is answered."""
    await exchange.passed_on()
    await asyncio.sleep(30)


async def twice(exchange: Exchange) -> None:
    """The request is passed on two times, as gateways do that try again themselves."""
    await exchange.passed_on()
    await exchange.send(await exchange.passed_on())


def late(seconds: float) -> Fault:
    """The connection is reset at once; the request is passed on later."""

    async def fault(exchange: Exchange) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            await exchange.passed_on()

        exchange.proxy.later(later())
        raise Reset

    return fault


async def plain(exchange: Exchange) -> None:
    """Whatever has come is answered in HTTP without TLS."""
    await exchange.send(response(400, {}, b""))
    raise asyncio.IncompleteReadError(b"", None)


def changed(change: Change) -> Fault:
    """The request is passed on; change makes other bytes of head and body of the answer, after which all is over."""

    async def fault(exchange: Exchange) -> None:
        head, _, body = (await exchange.passed_on()).partition(b"\r\n\r\n")
        await exchange.send(change(head, body))
        raise asyncio.IncompleteReadError(b"", None)

    return fault


def cut(where: Callable[[bytes, bytes], int]) -> Fault:
    """The answer ends after so many of its bytes."""
    return changed(lambda head, body: (head + b"\r\n\r\n" + body)[: where(head, body)])


def chunked(stop: Callable[[bytes], bytes]) -> Fault:
    """The answer comes in two chunks; stop takes the bytes of the body from them that are sent."""

    def change(head: bytes, body: bytes) -> bytes:
        half = len(body) // 2
        parts = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:half], body[half:]))
        return _headers(head, b"transfer-encoding: chunked") + stop(parts + b"0\r\n\r\n")

    return changed(change)


def body(make: Callable[[bytes], bytes], *headers: bytes) -> Fault:
    """The answer has another body, with its right length."""

    def change(head: bytes, was: bytes) -> bytes:
        now = make(was)
        return _headers(head, b"content-length: %d" % len(now), *headers) + now

    return changed(change)


def headers(change: Callable[[list[bytes]], list[bytes]]) -> Fault:
    """The answer has other header lines."""

    def other(head: bytes, was: bytes) -> bytes:
        first, *lines = head.split(b"\r\n")
        return b"\r\n".join([first, *change(lines)]) + b"\r\n\r\n" + was

    return changed(other)


def _headers(head: bytes, *more: bytes) -> bytes:
    replaced = {line.partition(b":")[0].lower() for line in more} | {b"content-length"}
    kept = [line for line in head.split(b"\r\n") if line.partition(b":")[0].lower() not in replaced]
    return b"\r\n".join([*kept, *more]) + b"\r\n\r\n"


def field(path: str, value: Any) -> Fault:
    """A field of the answer's JSON has another value."""

    def make(was: bytes) -> bytes:
        answer = json.loads(was)
        *parents, name = path.split(".")
        place = answer
        for parent in parents:
            place = place[parent]
        place[name] = value
        return json.dumps(answer).encode()

    return body(make)


def dripped(seconds: float, first: int) -> Fault:
    """The answer comes a byte at a time after its first ones."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.passed_on()
        await exchange.send(answer[:first])
        for byte in answer[first:]:
            await exchange.send(bytes([byte]))
            await asyncio.sleep(seconds)

    return fault


def half_then_silence(where: Callable[[bytes, bytes], int]) -> Fault:
    """The answer stops after so many bytes, and the connection stays open."""

    async def fault(exchange: Exchange) -> None:
        answer = await exchange.passed_on()
        head, _, rest = answer.partition(b"\r\n\r\n")
        await exchange.send(answer[: where(head, rest)])
        await asyncio.sleep(30)

    return fault


def bomb(size: int, times: int = 1) -> bytes:
    """So many bytes of JSON, packed."""
    data = b'{"status": "' + b"x" * size + b'"}'
    for _ in range(times):
        data = gzip.compress(data, 9)
    return data
