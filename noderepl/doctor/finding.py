"""What a check has found, as data that the terminal renders. This module imports no client."""

from __future__ import annotations

from typing import Literal

from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Outcome

Status = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a check.

    detail: what was found. advice: what to do, "" for nothing, or if the detail says it. source:
    where the examined value comes from: a flag, a variable, a file or the default; "" for none.
    """

    status: Status
    detail: str
    advice: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Finding(Outcome):
    """The result of a check with its name. It is data, so it goes to stdout."""

    name: str
    found: Found


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the terminal can do.

    term: its name. columns, rows: its size. colours: their number in words, "" for none.
    colour_source: the variable or option that decides on colours. pictures: the protocol for them,
    "" for none. has_library: whether the library that draws them is installed. answers: whether the
    terminal answers the question of its cursor's place; None if it was not asked.
    """

    is_terminal: bool
    term: str = ""
    columns: int = 0
    rows: int = 0
    colours: str = ""
    colour_source: str = ""
    pictures: str = ""
    has_library: bool = False
    answers: bool | None = None
