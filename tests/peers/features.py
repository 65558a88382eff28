"""Reads tests/peers/features.toml: what a prompt can do, and the keys that show it in each program."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SYSTEMS = ("noderepl", "node", "deno", "ipython", "mongosh")
FILE = Path(__file__).parent / "features.toml"


@dataclass(frozen=True)
class Check:
    """Keys, and what the screen then shows.

    keys: text with a sign per key (KEYS in session.py). see: a regular expression (multi-line) that
    the screen must match. hide: one that it must not match at that time.
    """

    keys: str
    see: str
    hide: str | None = None


@dataclass(frozen=True)
class Feature:
    """A row of the table.

    cells: for each system its check, or a word for the table: "yes", "no" or "-" with a reason.
    """

    group: str
    name: str
    cells: Mapping[str, Check | str]


def features() -> list[Feature]:
    """Returns the rows in the order of the file."""
    with FILE.open("rb") as file:
        groups = tomllib.load(file)["group"]
    return [
        Feature(group["name"], row["name"], {system: _cell(row, system) for system in SYSTEMS})
        for group in groups
        for row in group["feature"]
    ]


def _cell(row: Mapping[str, object], system: str) -> Check | str:
    """Returns a system's own cell; the keys for all programs of JavaScript stand in the row itself."""
    own = row.get(system, {} if system != "ipython" else "no")
    if isinstance(own, str):
        return own
    assert isinstance(own, dict), row
    values = {name: own.get(name, row.get(name)) for name in ("keys", "see", "hide")}
    return Check(**values)
