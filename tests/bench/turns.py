"""Two sides measured in turns in one run, and the ratio of their medians beside its target."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Mapping

from tests.bench.report import at_least, at_most, milliseconds

TURNS = int(os.environ.get("TURNS", "9"))
# The bytecode of both sides is stored, as after an installation: pip compiles what it installs.
INSTALLED = {"PYTHONDONTWRITEBYTECODE": ""}


def in_turns(
    sides: Mapping[str, Callable[[], float]], turns: int = TURNS, *, warm: bool = True
) -> dict[str, float]:
    """The median of each side in seconds; they take turns. warm: whether a round for caches comes first, which does not count."""
    took: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(turns + warm):
        for name, measure in sides.items():
            seconds = measure()
            if number or not warm:
                took[name].append(seconds)
    return {name: statistics.median(times) for name, times in took.items()}


def share(what: str, medians: Mapping[str, float], most: float, *, shown: bool = True) -> None:
    """Prints the medians, and how much of the second side's time the first one takes. most: the target."""
    if shown:
        for name, seconds in medians.items():
            milliseconds(f"{what}: {name}", seconds)
    ours, theirs, *_ = medians.values()
    at_most(f"{what}: ratio", ours / theirs, "x", most, digits=2)


def rate(what: str, ours: float, theirs: float, least: float) -> None:
    """Prints a rate as a share of another one. least: the target."""
    at_least(f"{what}: ratio", ours / theirs, least, digits=2)
