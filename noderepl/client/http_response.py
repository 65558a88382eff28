"""The part of an HTTP response that the client reads, and a whole response without an HTTP library,
whose import would delay a first snippet.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol


class Response(Protocol):
    """A response, as httpx has it. headers: their names have no case."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def is_success(self) -> bool: ...
    @property
    def content(self) -> bytes: ...
    @property
    def stream(self) -> Any: ...
    @property
    def url(self) -> Any: ...


class HttpClient(Protocol):
    """The part of httpx.AsyncClient that sends the calls."""

    @property
    def stream(self) -> Callable[..., AbstractAsyncContextManager[Any]]:
        """Yields the response to a request, with its body unread."""

    async def aclose(self) -> None:
        """Closes the connections."""


class WholeResponse:
    """A response whose body has been read. headers: their names are in lower case, or have no case.
    url: of its request.
    """

    def __init__(
        self, status_code: int, headers: Mapping[str, str], content: bytes, url: Any
    ) -> None:
        self.status_code = status_code
        self.headers = headers
        self.content = content
        self.url = url

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    @property
    def stream(self) -> AsyncIterable[bytes]:
        """The body in one part."""
        return self._parts()

    async def _parts(self) -> AsyncIterator[bytes]:
        yield self.content
