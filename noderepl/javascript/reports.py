"""What instruments report, as data; instruments/*.js has the other half."""

from __future__ import annotations

from typing import Annotated, TypeVar

from msgspec import Meta

from noderepl.javascript.prelude_answers import MOST_NAMES
from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import Check, Count, Duration, Unfit, Word, decode

Report = TypeVar("Report")
Names = Annotated[list[Word], Meta(max_length=MOST_NAMES)]


@dataclass(frozen=True, slots=True)
class Timing:
    """Repeated loops. loops: of each repeat. runs: ms of each repeat."""

    loops: Annotated[int, Meta(ge=1, le=10**10)]
    runs: Annotated[list[Duration], Meta(min_length=1, max_length=100)]

    @property
    def each(self) -> list[float]:
        """The seconds of one loop, by repeat."""
        return [run / 1000 / self.loops for run in self.runs]


@dataclass(frozen=True, slots=True)
class Job:
    """What is active in the session. number: its own. kind: such as "interval". snippet: the number
    of the snippet that made it, None if that is not known. delay: ms of a timer, None for others.
    text: its address, command or the like. failure: why it was not ended, "" if it was.
    """

    number: Count
    kind: Word
    snippet: Count | None
    delay: Duration | None
    text: Word
    failure: Word = ""


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of the session, or those that it was asked to end."""

    jobs: Annotated[list[Job], Meta(max_length=10_000)]


@dataclass(frozen=True, slots=True)
class Removed:
    """The effect of %reset. emptied: the names that stay, with the value undefined. missing: those
    that are no variables of snippets. results: how many results were removed.
    """

    removed: Names
    emptied: Names
    missing: Names
    results: Count


@dataclass(frozen=True, slots=True)
class Details:
    """A variable. is_found: whether there is one. kind, size, is_bytes: as for offers.Variable.
    value: as inspect() writes it if is_whole, otherwise in a short form. is_large: whether it is
    short because it has very many parts.
    """

    is_found: bool
    kind: Word
    size: Count | None
    is_bytes: bool
    value: str
    is_whole: bool
    is_large: bool


Node = tuple[Count, Word, Word, bool, Duration, Annotated[list[Count], Meta(max_length=10**6)]]
"""A function below its caller: its id, name, place, whether it is noderepl's own, the microseconds
in itself, and the ids of the functions that it called.
"""


@dataclass(frozen=True, slots=True)
class Profile:
    """A tree of calls. profile: the whole profile, as the JSON of a .cpuprofile file. size: the
    number of nodes, also if the session omits them because there are too many.
    """

    nodes: Annotated[list[Node], Meta(max_length=10**6)]
    profile: str | None
    size: Count


def read(kind: type[Report], report: str | None) -> Report | None:
    """Returns a report; None if there is none, or if it is unreadable."""
    if report is None:
        return None
    try:
        found: Report = Check[Report](kind).read(decode(report))
    except Unfit:
        return None
    return found
