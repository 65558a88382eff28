"""What a hostile server answers with, as functions for the proxy, beyond what merely goes wrong (fault_kinds.py)."""

from __future__ import annotations

import asyncio
import json
import re
import zlib
from collections.abc import Callable
from typing import Any

import fault_kinds as kinds
from fault_proxy import Exchange, Fault, Reset

from noderepl.client.inspect_literals import meaning

# In a value, stands for JSON that json.dumps() would not write.
_LITERAL = re.compile(r'"LITERAL\((.*?)\)"', re.DOTALL)
PREFIX = "noderepl:"


def literal(text: str) -> str:
    """A value that becomes this text in written()."""
    return f"LITERAL({text})"


def written(value: object) -> str:
    """JSON of a value, with each literal() as it is."""
    return _LITERAL.sub(lambda found: found[1], json.dumps(value))


def nested(depth: int) -> str:
    """JSON that is so deep."""
    return literal("[" * depth + "]" * depth)


def raw(data: bytes, *, passed: bool = True) -> Fault:
    """The answer is these bytes, and the connection closes. passed: whether the request is passed on before."""

    async def fault(exchange: Exchange) -> None:
        if passed:
            await exchange.passed_on()
        await exchange.send(data)
        raise asyncio.IncompleteReadError(b"", None)

    return fault


def bomb(mebibytes: int, start: bytes = b'{"status": "', fill: bytes = b"x") -> bytes:
    """Gzip of a start and so much of a byte, without an end that fits: its blocks are all the same ones."""
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return head + _block(start) + _block(fill * (1 << 20)) * mebibytes + b"\x03\x00" + bytes(8)


def _block(data: bytes) -> bytes:
    packing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packing.compress(data) + packing.flush(zlib.Z_FULL_FLUSH)


def endless(start: bytes, chunk: bytes, pause: float = 0) -> Fault:
    """The answer is a start, and then this chunk for as long as the attack lasts. pause: seconds between two."""

    async def fault(exchange: Exchange) -> None:
        await exchange.passed_on()
        await exchange.send(start)
        while exchange.proxy.planned:
            await exchange.send(chunk)
            await asyncio.sleep(pause)
        raise Reset

    return fault


def made(value: object) -> object:
    """The value, or what a function for it gives: what is large is made only when it is needed."""
    return value() if callable(value) else value


def answer(body: object, *headers: str, status: int = 200) -> Fault:
    """The answer is this JSON, or these bytes, or what a function gives; the request is not passed on."""

    async def fault(exchange: Exchange) -> None:
        told = made(body)
        data = told if isinstance(told, bytes) else written(told).encode()
        lines = [f"HTTP/1.1 {status} Odd", "content-type: application/json", *headers]
        head = "\r\n".join([*lines, f"content-length: {len(data)}", "", ""])
        await exchange.send(head.encode("latin-1") + data)

    return fault


def field(path: str, value: object) -> Fault:
    """A field of the answer's JSON has another value."""

    def make(was: bytes) -> bytes:
        told = json.loads(was)
        *parents, name = path.split(".")
        place = told
        for parent in parents:
            place = place[parent]
        place[name] = made(value)
        return written(told).encode()

    return kinds.body(make)


def prelude(change: Callable[[dict[str, Any]], object]) -> Fault:
    """The prelude's answer, inside that of the API, is another one. change: changes it, or gives what stands for it."""

    def make(was: bytes) -> bytes:
        told = json.loads(was)
        place, key = (
            (told["properties"], "result")
            if "properties" in told
            else (told["result"], "executionResult")
        )
        text = str(meaning(place[key]))
        if not text.startswith(PREFIX):
            return was
        forged = json.loads(text.removeprefix(PREFIX))
        instead = change(forged)
        now = PREFIX + written(forged if instead is None else instead)
        place[key] = _quoted(now) if text != place[key] else now
        return json.dumps(told).encode()

    return kinds.body(make)


def prelude_field(name: str, value: object) -> Fault:
    """A field of the prelude's answer has another value. name: with a dot for a field in one."""

    def change(told: dict[str, Any]) -> None:
        *parents, last = name.split(".")
        for parent in parents:
            told = told[parent]
        told[last] = made(value)

    return prelude(change)


def _quoted(text: str) -> str:
    """A text as the kernel shows a string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
