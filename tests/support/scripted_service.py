"""A service that answers what it is told to and keeps what it was asked."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx

RAN = {"status": "Succeeded", "result": {"stdout": "", "stderr": "", "executionResult": "4"}}
RAN_WRAPPED = {"properties": {"status": "Success", "stdout": "", "stderr": "", "result": 4}}


class Service:
    """Answers from a list in turn, and keeps the requests."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.bearers: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bearers.append(request.headers.get("authorization", ""))
        return self.answers.pop(0)

    @property
    def targets(self) -> list[tuple[str, str]]:
        """Path below the pool and api-version of each request."""
        return [
            (
                request.url.path.split("/sessionPools/p")[1],
                request.url.params.get("api-version", "none"),
            )
            for request in self.requests
        ]


def answer(status: int = 200, json_: Any = None, **headers: str) -> httpx.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return (
        httpx.Response(status, headers=named)
        if json_ is None
        else httpx.Response(status, json=json_, headers=named)
    )


async def read_request(reader: asyncio.StreamReader) -> None:
    """Read one request whole, so that closing the connection does not reset it."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    await reader.readexactly(int(length[1]) if length else 0)
