"""The calls to the embedded pool: it executes snippets directly, and its HTTP application answers
all other calls. That and httpx are imported at the first of these.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from noderepl.client.endpoint import EMBEDDED
from noderepl.client.http_response import HttpClient, Response, WholeResponse
from noderepl.service.execute_calls import FLAT_PATH, LEGACY_PATH, ExecuteCalls
from noderepl.service.pool import Pool


class EmbeddedClient:
    """An HttpClient for a pool of this process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._calls = ExecuteCalls(pool)
        self._client: HttpClient | None = None

    @asynccontextmanager
    async def stream(self, method: str, url: str, **how: Any) -> AsyncIterator[Response]:
        """Yields the response to a request, as httpx.AsyncClient.stream() does."""
        parts = urlsplit(url)
        if method == "POST" and parts.path in (FLAT_PATH, LEGACY_PATH):
            query = dict(parse_qsl(parts.query))
            answer = await self._calls.call(parts.path, query, how["content"])
            headers = {"content-type": answer.media_type, **answer.headers}
            yield WholeResponse(answer.status, headers, answer.content, url)
            return
        async with (await self._over_http()).stream(method, url, **how) as response:
            yield response

    async def aclose(self) -> None:
        """Closes the connections; the pool stays open."""
        if self._client is not None:
            await self._client.aclose()

    async def _over_http(self) -> HttpClient:
        for name in ("noderepl.client.http_client", "noderepl.service.app"):
            await asyncio.to_thread(import_module, name)
        from noderepl.client.http_client import open_client
        from noderepl.client.inprocess import InProcessTransport
        from noderepl.service.app import create_app

        if self._client is None:
            app = create_app(self._pool, calls=self._calls)
            self._client = open_client(EMBEDDED, auth=None, transport=InProcessTransport(app))
        return self._client
