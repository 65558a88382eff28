"""How long the session lives yet: the cooldown where it is known, the words of the countdown, and keeping it warm."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from noderepl.errors import NodeReplError

if TYPE_CHECKING:
    from noderepl.client.session import Session

VISIBLE_SECONDS = 300.0
LAST_SECONDS = 60.0
# A third of the shortest cooldown that a pool can have (DOC-POOL: 300 s), for pools that do not tell theirs.
UNKNOWN_INTERVAL = 100.0


class Lifetime:
    """What is known of the present session's end, and the task that puts it off.

    session: gives the session. idle: seconds since it was last used. cooldown: seconds after which the pool ends an
    idle one, None where that is not known; the pool's own word counts more.
    """

    def __init__(
        self,
        session: Callable[[], Awaitable[Session]],
        idle: Callable[[], float | None],
        *,
        cooldown: float | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._idle = idle
        self._clock = clock
        self.cooldown = cooldown
        self._asked = False
        self._task: asyncio.Task[None] | None = None
        self._until: float | None = None
        self.trouble: str | None = None

    async def learn(self) -> None:
        """Asks the service once what its cooldown is, right after a use; where it does not tell, nothing is known."""
        if self._asked or self._idle() is None:
            return
        self._asked = True
        with contextlib.suppress(NodeReplError):
            info = await (await self._session()).info()
            if info.expires and info.last_used and info.expires > info.last_used:
                self.cooldown = (info.expires - info.last_used).total_seconds()

    def remaining(self) -> float | None:
        """Seconds until the session ends if it is not used; below 0 where it should have ended. None: not known."""
        idle = self._idle()
        return None if idle is None or self.cooldown is None else self.cooldown - idle

    def countdown(self) -> str:
        """The words for the last minutes; none before, and where nothing is known."""
        remaining = self.remaining()
        if remaining is None or remaining > VISIBLE_SECONDS:
            return ""
        if remaining <= 0:
            return "idle too long, may have ended"
        return f"ends in {span(remaining)}"

    def until_next(self) -> float:
        """Seconds until the countdown says something else, at most a minute."""
        remaining = self.remaining()
        if remaining is None or remaining <= 0:
            return 60.0
        if remaining > LAST_SECONDS:
            return min(60.0, remaining % 60 or 60.0, max(1.0, remaining - LAST_SECONDS))
        return 1.0

    @property
    def is_kept(self) -> bool:
        """Whether the session is kept warm."""
        return self._task is not None and not self._task.done()

    @property
    def kept_for(self) -> float | None:
        """Seconds for which it is kept warm yet; None: as long as the prompt is open."""
        return None if self._until is None else max(0.0, self._until - self._clock())

    @property
    def interval(self) -> float:
        """Seconds that may pass without a use while the session is kept warm."""
        return UNKNOWN_INTERVAL if self.cooldown is None else max(0.5, self.cooldown / 3)

    def keep(self, seconds: float | None) -> None:
        """Keeps the session warm for so long, None for as long as the prompt is open."""
        self.let_go()
        self._until = None if seconds is None else self._clock() + seconds
        self._task = asyncio.create_task(self._keep_warm())

    def let_go(self) -> None:
        """Does not keep the session warm any more."""
        if self._task is not None:
            self._task.cancel()
        self._task, self.trouble = None, None

    async def _keep_warm(self) -> None:
        await self.learn()
        while self._until is None or self._clock() < self._until:
            idle = self._idle()
            wait = 0.0 if idle is None else self.interval - idle
            if wait > 0:
                await asyncio.sleep(wait if self._until is None else min(wait, max(0.0, self._until - self._clock())))
                continue
            try:
                # A call that counts as use, runs nothing, and does not wait behind a snippet.
                await (await self._session()).files()
                self.trouble = None
            except NodeReplError as error:
                self.trouble = str(error)
                await asyncio.sleep(self.interval / 3)


def span(seconds: float) -> str:
    """A length of time in words: `42 s`, `5 min`, `2 h 10 min`; minutes are rounded to the nearest."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
