"""Retries: which failures are transient, how long to wait before a retry, and when to stop.

A call that may have taken effect is retried only if it is idempotent. A listener is called at each
wait; a wait ends when its task is cancelled.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from noderepl.errors import PoolFull, ServiceError
from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import number

if TYPE_CHECKING:
    from tenacity import RetryCallState

# The time limit of all attempts of a call; and before the first answer of the endpoint, which may
# be a wrong one.
SECONDS, UNKNOWN_SECONDS = 30.0, 5.0
# The wait before the second attempt, doubled before each further one, and its maximum; up to
# SHORTEST is added at random.
SHORTEST, LONGEST = 0.5, 8.0

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A failed call that waits for a retry.

    why: the failure. limit: the seconds after which the call is not retried any more. unsent:
    whether the request has certainly not taken effect.
    """

    why: str
    limit: float
    unsent: bool

    @property
    def words(self) -> str:
        """The text for a status line."""
        return f"trying again for {self.limit:.0f} s: {self.why}"


RetryListener = Callable[[Waiting | None], None]


def seconds_asked(retry_after: str, date: str = "") -> float | None:
    """Returns the seconds of a Retry-After header, None if it is invalid.

    retry_after: seconds, or a date (RFC 9110, 10.2.3). date: the header Date of the same answer,
    which is the reference for a date; without it, this machine's clock is.
    """
    if retry_after.strip().isdecimal():
        return number(retry_after)
    until = _moment(retry_after)
    if until is None:
        return None
    now = _moment(date)
    return max(0.0, until - (time.time() if now is None else now))


def _moment(date: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


class Retries:
    """Makes the calls to one pool, with retries.

    full_seconds: the time limit of retries while the pool is full. on_retry: called before each
    wait with a Waiting, and after it with None.
    """

    def __init__(self, full_seconds: float, on_retry: RetryListener) -> None:
        self._full_seconds = full_seconds
        self._on_retry = on_retry
        self._has_answered = False

    async def make(self, call: Callable[[], Awaitable[Result]], *, repeatable: bool) -> Result:
        """Returns the result of a call after all retries. repeatable: whether the call is
        idempotent.

        Raises the last ServiceError; its `tries` is the number of attempts.
        """
        try:
            answer = await call()
        except ServiceError as error:
            first = error
        else:
            self._has_answered = True
            return answer
        # Outside of the block: this failure is not the context of later ones.
        answer = await self._again(first, call, repeatable)
        self._has_answered = True
        return answer

    async def _again(
        self, first: ServiceError, call: Callable[[], Awaitable[Result]], repeatable: bool
    ) -> Result:
        """Returns the result of a call whose first attempt has failed. Raises as make() does."""
        # A first snippet does not wait for this import.
        from tenacity import AsyncRetrying

        failures = [first]

        async def attempt() -> Result:
            if failures:
                raise failures.pop()
            return await call()

        def limit(state: RetryCallState) -> float:
            return self._limit(_failure(state), repeatable)

        def is_over(state: RetryCallState) -> bool:
            return (state.seconds_since_start or 0) + state.upcoming_sleep > limit(state)

        def before_sleep(state: RetryCallState) -> None:
            self._on_retry(Waiting(_failure(state).message, limit(state), not repeatable))

        async def sleep(seconds: float) -> None:
            # The retry is not a wait any more: the service may accept it.
            try:
                await asyncio.sleep(seconds)
            finally:
                self._on_retry(None)

        tries = AsyncRetrying(
            sleep=sleep,
            retry=lambda state: isinstance(_failure(state), ServiceError) and limit(state) > 0,
            wait=_pause,
            stop=is_over,
            before_sleep=before_sleep,
            reraise=True,
        )
        try:
            answer: Result = await tries(attempt)
        except ServiceError as error:
            error.tries = tries.statistics["attempt_number"]
            raise
        return answer

    def _limit(self, error: ServiceError, repeatable: bool) -> float:
        """Returns the time limit in seconds after this failure; 0 for no retry."""
        self._has_answered = self._has_answered or error.status is not None
        if isinstance(error, PoolFull):
            return self._full_seconds
        if not error.transient or (error.doubt and not repeatable):
            return 0
        return SECONDS if self._has_answered else UNKNOWN_SECONDS


def _failure(state: RetryCallState) -> ServiceError:
    """Returns the exception of the last attempt; only `retry` receives None or another
    exception.
    """
    assert state.outcome is not None
    return state.outcome.exception()  # type: ignore[return-value]


def _pause(state: RetryCallState) -> float:
    from tenacity import wait_exponential, wait_random

    chosen = wait_exponential(multiplier=SHORTEST, max=LONGEST)(state) + wait_random(0, SHORTEST)(
        state
    )
    asked = _failure(state).retry_after
    return chosen if asked is None else asked + min(chosen, SHORTEST)
