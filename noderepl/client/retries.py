"""Trying again: which failures may be over in a moment, how long to wait between two tries, and when to give up.

A call that may have been carried out is tried again only where doing it twice is doing it once. Waiting is told to whom
it may concern, and ends with the task that waits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, wait_exponential, wait_random

from noderepl.errors import PoolFull, ServiceError

# For how long a call is tried in all; and as long as this endpoint has answered nothing, as it may be a wrong one.
SECONDS, UNKNOWN_SECONDS = 30.0, 5.0
# Before the second try, doubled before each further one, and at most; up to SHORTEST more at random.
SHORTEST, LONGEST = 0.5, 8.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call has failed and is tried again in a moment.

    why: the failure. limit: the seconds after which it is given up. unsent: whether what was asked for is not done yet.
    """

    why: str
    limit: float
    unsent: bool

    @property
    def words(self) -> str:
        """The same for a status line."""
        return f"trying again for {self.limit:.0f} s: {self.why}"


Tell = Callable[[Waiting | None], None]


def seconds_asked(retry_after: str, date: str = "") -> float | None:
    """Return the seconds that a Retry-After asks to wait, None where it says nothing that can be read.

    retry_after: seconds, or a date (RFC 9110, 10.2.3). date: the header Date of the same answer, by which a date is
    read; this machine's clock only where there is none.
    """
    if retry_after.strip().isdecimal():
        return float(retry_after)
    until = _moment(retry_after)
    if until is None:
        return None
    now = _moment(date)
    return max(0.0, until - (time.time() if now is None else now))


def _moment(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


class Retries:
    """Makes the calls to one pool, again where that may help.

    full_seconds: for how long a full pool is asked again. tell: called before each wait, and with None after it.
    """

    def __init__(self, full_seconds: float, tell: Tell) -> None:
        self._full_seconds = full_seconds
        self._tell = tell
        self._has_answered = False

    async def make(self, call: Callable[[], Awaitable[Result]], *, repeatable: bool) -> Result:
        """Return what a call gives in the end. repeatable: whether making it twice is making it once.

        Raises the last ServiceError; its `tries` is how often the call was made.
        """

        def limit(state: RetryCallState) -> float:
            return self._limit(_failure(state), repeatable)

        def is_over(state: RetryCallState) -> bool:
            return (state.seconds_since_start or 0) + state.upcoming_sleep > limit(state)

        def before_sleep(state: RetryCallState) -> None:
            self._tell(Waiting(_failure(state).message, limit(state), not repeatable))

        async def sleep(seconds: float) -> None:
            # Nothing waits any more once the call is made again: it may be accepted.
            try:
                await asyncio.sleep(seconds)
            finally:
                self._tell(None)

        tries = AsyncRetrying(
            sleep=sleep,
            retry=lambda state: isinstance(_failure(state), ServiceError) and limit(state) > 0,
            wait=_pause,
            stop=is_over,
            before_sleep=before_sleep,
            reraise=True,
        )
        try:
            answer: Result = await tries(call)
        except ServiceError as error:
            error.tries = tries.statistics["attempt_number"]
            raise
        self._has_answered = True
        return answer

    def _limit(self, error: ServiceError, repeatable: bool) -> float:
        """For how many seconds a call is tried that failed so; 0 for not again."""
        self._has_answered = self._has_answered or error.status is not None
        if isinstance(error, PoolFull):
            return self._full_seconds
        if not error.passing or (error.doubt and not repeatable):
            return 0
        return SECONDS if self._has_answered else UNKNOWN_SECONDS


def _failure(state: RetryCallState) -> ServiceError:
    """What the last try raised; None, or another exception, is for `retry` alone to see."""
    assert state.outcome is not None
    return state.outcome.exception()  # type: ignore[return-value]


def _pause(state: RetryCallState) -> float:
    chosen = wait_exponential(multiplier=SHORTEST, max=LONGEST)(state) + wait_random(0, SHORTEST)(state)
    asked = _failure(state).retry_after
    return chosen if asked is None else asked + min(chosen, SHORTEST)
