"""What the session offers for completion, without a wait that a user would notice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial

from noderepl.execution.queries import Offers, Queries
from noderepl.internal_error import supervised

# How long completion waits for the session. A later answer is there for the next Tab.
PATIENCE_SECONDS = 0.4


class SessionOffers:
    """Offers of the session, stored until forget(). names: returns its variables."""

    def __init__(self, queries: Queries, names: Callable[[], Sequence[str]]) -> None:
        self._queries = queries
        self.names = names
        self._requests: dict[tuple[str, str], asyncio.Task[Offers]] = {}

    def forget(self) -> None:
        """Drops all offers, because a snippet may have changed them."""
        for request in self._requests.values():
            request.cancel()
        self._requests.clear()

    async def prepared(self) -> None:
        """Waits until the session can be asked, if it is being opened."""
        await self._queries.prepared()

    async def members(self, expression: str) -> Offers:
        """Returns the members of an expression's value and their types; () if they are not known in
        time.
        """
        return await self._within("members", expression, self._queries.members)

    async def keys(self, expression: str) -> Offers:
        """Returns the own members of an expression's value, as members() does."""
        return await self._within("keys", expression, partial(self._queries.members, is_own=True))

    async def exports(self, module: str) -> Offers:
        """Returns the exports of a module that is loaded or built in, and their types."""
        return await self._within("exports", module, self._queries.exports)

    async def packages(self, name: str) -> Offers:
        """Returns the installed packages and their versions, or the exports of one."""
        return await self._within("packages", name, self._queries.packages)

    async def _within(
        self, kind: str, of: str, ask: Callable[[str], Coroutine[None, None, Offers]]
    ) -> Offers:
        request = self._requests.get((kind, of))
        # Nothing is offered while a snippet runs, and that does not last.
        if request is None or (request.done() and not _result(request)):
            request = supervised(asyncio.create_task(self._asked(ask, of)))
            self._requests[kind, of] = request
        await asyncio.wait([request], timeout=PATIENCE_SECONDS)
        return _result(request)

    async def _asked(self, ask: Callable[[str], Coroutine[None, None, Offers]], of: str) -> Offers:
        await self._queries.prepared()
        return await ask(of)


def _result(request: asyncio.Task[Offers]) -> Offers:
    is_there = request.done() and not request.cancelled() and request.exception() is None
    return request.result() if is_there else ()
