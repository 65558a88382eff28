"""How long requests take on their way."""

from __future__ import annotations

from noderepl.client.round_trips import LONGEST, RoundTrips


def test_the_median_of_the_latest_counts() -> None:
    """Without the time in the service; long requests, and snippets of unknown duration, do not count."""
    trips = RoundTrips()
    assert trips.seconds is None
    trips.add(9, "x" * (LONGEST + 1), ran=0, is_brief=True)
    trips.add(9, "1", ran=None, is_brief=False)
    assert trips.seconds is None
    trips.add(5.25, "1", ran=5, is_brief=False)
    assert trips.seconds == 0.25
    for seconds in (0.1, 0.1, 0.1, 0.1, 9, 9):
        trips.add(seconds, "1", ran=None, is_brief=True)
    assert trips.seconds == 0.1
    trips.add(9, "1", ran=None, is_brief=True)
    assert trips.seconds == 9
    trips.add(1, "1", ran=2, is_brief=False)
    assert trips.seconds == 9
