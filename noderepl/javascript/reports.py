"""What instruments report, as data; instruments/*.js has the other half."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar

from msgspec import Meta

from noderepl.schema import Check, Duration, Unfit, decode

Report = TypeVar("Report")


@dataclass(frozen=True, slots=True)
class Timing:
    """Repeated loops. loops: of each repeat. runs: ms of each repeat."""

    loops: Annotated[int, Meta(ge=1, le=10**10)]
    runs: Annotated[list[Duration], Meta(min_length=1, max_length=100)]

    @property
    def each(self) -> list[float]:
        """The seconds of one loop, by repeat."""
        return [run / 1000 / self.loops for run in self.runs]


def read(kind: type[Report], report: str | None) -> Report | None:
    """Returns a report; None if there is none, or if it is unreadable."""
    if report is None:
        return None
    try:
        found: Report = Check[Report](kind).read(decode(report))
    except Unfit:
        return None
    return found
