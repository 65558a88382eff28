"""The remaining time of the present session: its cooldown, the countdown, and the calls that keep
it alive.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from noderepl.errors import NodeReplError
from noderepl.internal_error import supervised

if TYPE_CHECKING:
    from noderepl.client.session import Session

VISIBLE_SECONDS = 300.0
LAST_SECONDS = 60.0
# A third of the shortest cooldown of a pool (DOC-POOL: 300 s), for pools that do not report theirs.
UNKNOWN_INTERVAL = 100.0


class Lifetime:
    """The remaining time of the present session, and the task that extends it.

    session: returns the session. idle: returns the seconds since its last call. cooldown: the
    seconds after which the pool ends an idle session, None if unknown; a value that the pool
    reports has precedence. is_certain: whether the pool need not be asked.
    """

    def __init__(
        self,
        session: Callable[[], Awaitable[Session]],
        idle: Callable[[], float | None],
        *,
        cooldown: float | None,
        is_certain: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._idle = idle
        self._clock = clock
        self.cooldown = cooldown
        self._asked = is_certain
        self._task: asyncio.Task[None] | None = None
        self._until: float | None = None
        self.trouble: str | None = None

    async def learn(self) -> None:
        """Asks the service once for its cooldown, right after a call. Without a reported value, the
        cooldown stays as it is.
        """
        if self._asked or self._idle() is None:
            return
        self._asked = True
        with contextlib.suppress(NodeReplError):
            info = await (await self._session()).info()
            if info.expires and info.last_used and info.expires > info.last_used:
                self.cooldown = (info.expires - info.last_used).total_seconds()

    def remaining(self) -> float | None:
        """The seconds until the pool ends the idle session; negative if it should have ended. None:
        unknown.
        """
        idle = self._idle()
        return None if idle is None or self.cooldown is None else self.cooldown - idle

    def end(self) -> str:
        """Returns when the pool ends the session if nothing uses it, as words behind a verb."""
        remaining = self.remaining()
        if remaining is None or remaining <= 0:
            return "until its pool ends it"
        end = datetime.now().astimezone() + timedelta(seconds=remaining)
        return f"until {end:%H:%M:%S} ({span(remaining)})"

    def countdown(self) -> str:
        """Returns the countdown of the last minutes; empty before, and if the cooldown is
        unknown.
        """
        remaining = self.remaining()
        if remaining is None or remaining > VISIBLE_SECONDS:
            return ""
        if remaining <= 0:
            return "idle too long, may have ended"
        return f"ends in {span(remaining)}"

    def until_next(self) -> float:
        """Returns the seconds until the countdown changes, at most a minute."""
        remaining = self.remaining()
        if remaining is None or remaining <= 0:
            return 60.0
        if remaining > LAST_SECONDS:
            return min(60.0, remaining % 60 or 60.0, max(1.0, remaining - LAST_SECONDS))
        return 1.0

    @property
    def is_keepalive_on(self) -> bool:
        """Whether %keepalive is on."""
        return self._task is not None and not self._task.done()

    @property
    def keepalive_seconds(self) -> float | None:
        """The remaining seconds of %keepalive; None: as long as the prompt is open."""
        return None if self._until is None else max(0.0, self._until - self._clock())

    @property
    def interval(self) -> float:
        """The maximum seconds between two calls while %keepalive is on."""
        return UNKNOWN_INTERVAL if self.cooldown is None else max(0.5, self.cooldown / 3)

    def start_keepalive(self, seconds: float | None) -> None:
        """Turns %keepalive on for `seconds`, or for None as long as the prompt is open."""
        self.stop_keepalive()
        self._until = None if seconds is None else self._clock() + seconds
        self._task = supervised(asyncio.create_task(self._keepalive()))

    def stop_keepalive(self) -> None:
        """Turns %keepalive off."""
        if self._task is not None:
            self._task.cancel()
        self._task, self.trouble = None, None

    async def _keepalive(self) -> None:
        await self.learn()
        while self._until is None or self._clock() < self._until:
            idle = self._idle()
            wait = 0.0 if idle is None else self.interval - idle
            if wait > 0:
                await asyncio.sleep(
                    wait
                    if self._until is None
                    else min(wait, max(0.0, self._until - self._clock()))
                )
                continue
            try:
                # This call resets the cooldown, runs nothing, and does not wait for a running
                # snippet.
                await (await self._session()).files()
                self.trouble = None
            except NodeReplError as error:
                self.trouble = str(error)
                await asyncio.sleep(self.interval / 3)


def span(seconds: float) -> str:
    """Returns a duration in words: `42 s`, `5 min`, `2 h 10 min`; minutes are rounded to the
    nearest.
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
