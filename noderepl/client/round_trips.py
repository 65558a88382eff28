"""How long the latest requests of a session took on their way."""

from __future__ import annotations

from collections import deque

# Requests; the median of them counts.
LATEST = 5
# Characters; the transfer of a longer request counts too much.
LONGEST = 10_000


class RoundTrips:
    """The round trips of the latest short requests."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=LATEST)

    def add(self, seconds: float, code: str, *, ran: float | None, is_brief: bool) -> None:
        """Adds a request. seconds: until its answer. ran: seconds in the service, None if it does
        not report them. is_brief: whether the code itself takes almost no time.
        """
        if len(code) <= LONGEST and (ran is not None or is_brief):
            self._latest.append(max(0.0, seconds - (ran or 0.0)))

    @property
    def seconds(self) -> float | None:
        """The median; None before the first request."""
        from statistics import median

        return median(self._latest) if self._latest else None
