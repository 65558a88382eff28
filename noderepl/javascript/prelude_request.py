"""How the prelude runs a snippet, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from noderepl.javascript.program import Program
from noderepl.lazy_dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terminal:
    """The terminal that shows output. environment: the variables that describe it to programs,
    None for unset ones.
    """

    columns: int
    rows: int
    environment: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Options:
    """How values and output are shown. width: in columns. depth: of nested objects, None for all.
    terminal: None if snippets see none. asks: whether the user can answer what a snippet asks.
    json: whether the JSON of values is added.
    """

    width: int = 80
    depth: int | None = 2
    terminal: Terminal | None = None
    asks: bool = False
    json: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """How a value is shown as a table. all: whether to show all rows. names: the columns to show,
    None for all.
    """

    all: bool = False
    names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Instrument:
    """Code of a magic that is sent with a request instead of with the prelude
    (prelude/instruments.js).

    name: of its file in instruments/. calls: whether it calls the snippet as a function.
    arguments: of it, as the field `instrument` of the request.
    """

    name: str
    calls: bool = False
    arguments: Mapping[str, object] = field(default_factory=dict)

    def source(self) -> str:
        """Returns the code: a function expression."""
        path = Path(__file__).with_name("instruments") / f"{self.name}.js"
        return path.read_text("utf-8").rstrip().removesuffix(";")


@dataclass(frozen=True, slots=True)
class Request:
    """How a snippet is run.

    id: the request id, by which its files are named; it is unique, and a session runs it at most
    once. seconds: the snippet's timeout; the request needs a longer one. number: the snippet's
    number, unless that is used already; otherwise the next. file: the name of its file,
    for the frames of errors; if it is empty, they show the number. program: how the snippet runs as
    a program, None for other snippets. aside: whether it is noderepl's own, without a number and a
    result. table: how its value is shown as a table, None for other snippets. instrument: what
    measures it, None for nothing.
    """

    id: int
    seconds: float
    number: int = 0
    file: str = ""
    program: Program | None = None
    aside: bool = False
    table: Table | None = None
    instrument: Instrument | None = None
