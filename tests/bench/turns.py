"""Two sides measured in turns in one run, and the ratio of their medians beside its target."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping

from tests.bench.report import at_most, milliseconds

TURNS = 9
# The bytecode of both sides is stored, as after an installation: pip compiles what it installs.
INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}


def in_turns(sides: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """The median of TURNS measurements of each side in seconds; they take turns, after a round for caches that does not count."""
    took: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(TURNS + 1):
        for name, measure in sides.items():
            seconds = measure()
            if number:
                took[name].append(seconds)
    return {name: statistics.median(times) for name, times in took.items()}


def share(what: str, medians: Mapping[str, float], most: float) -> None:
    """Prints the medians, and how much of the second side's time the first one takes. most: the target."""
    for name, seconds in medians.items():
        milliseconds(f"{what}: {name}", seconds)
    ours, theirs, *_ = medians.values()
    at_most(f"{what}: ratio", ours / theirs, "x", most, digits=2)
