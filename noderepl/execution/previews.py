"""The values of expressions while they are typed, without an effect on the session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from noderepl.execution.lane import Lanes
from noderepl.execution.queries import Queries
from noderepl.internal_error import supervised
from noderepl.preferences import Preferences

if TYPE_CHECKING:
    from noderepl.javascript.preview_tree import Expression

MOST_SECONDS = 0.2
"""Of a round trip, up to which `auto` previews."""
PATIENCE_SECONDS = 5.0
MOST_STORED = 100


class Previews:
    """The previews of one executor, stored until forget(). prepare: called with each text."""

    def __init__(
        self,
        queries: Queries,
        lanes: Lanes,
        preferences: Preferences,
        prepare: Callable[[str], None],
    ) -> None:
        self._prepare = prepare
        self._queries = queries
        self._lanes = lanes
        self._preferences = preferences
        self._request: asyncio.Task[str | None] | None = None
        self._stored: dict[str, str] = {}

    @property
    def is_on(self) -> bool:
        """Whether something may be previewed; with `auto`, not if the session answers slowly."""
        if self._preferences.mode == "plain" or self._preferences.preview != "auto":
            return self._preferences.mode != "plain" and self._preferences.preview == "on"
        lane = self._lanes.present
        seconds = None if lane is None else lane.session.round_trips.seconds
        return seconds is None or seconds <= MOST_SECONDS

    def toggle(self) -> None:
        """Turns previews off if they are on, else on."""
        self._preferences.preview = "off" if self.is_on else "on"

    def forget(self) -> None:
        """Drops all previews, because a snippet may change them; stops waiting for one."""
        if self._request is not None:
            self._request.cancel()
        self._stored.clear()

    async def of(self, text: str) -> str:
        """Returns the value of an input on one line; "" if there is none, or if it says no more
        than the input. Must not be called while another call waits.
        """
        from noderepl.javascript.preview_tree import expression, repeats

        if not self._queries.is_ready:  # for now, or it is a new session
            self._stored.clear()
            return ""
        self._prepare(text)
        if text not in self._stored:
            found = expression(text) if self.is_on else None
            value = None if found is None else await self._asked(found)
            if value is None:
                return ""
            if len(self._stored) >= MOST_STORED:
                self._stored.clear()
            self._stored[text] = value
        value = self._stored[text]
        return "" if repeats(text, value) else value

    async def _asked(self, expression: Expression) -> str | None:
        self._request = request = supervised(asyncio.create_task(self._queries.preview(expression)))
        await asyncio.wait([request], timeout=PATIENCE_SECONDS)
        if not request.done():
            request.cancel()
            return None
        is_there = not request.cancelled() and request.exception() is None
        return request.result() if is_there else None
