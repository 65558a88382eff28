"""The tables of attacks as docs/fault-tables.md has them: a line for what is tried in the same way and held alike."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import server_answers
import server_fields
import server_lists
import session_snippets
import terminal_acts
from attacks import MEBIBYTES, Attack

PAGE = Path(__file__).parents[2] / "docs/fault-tables.md"
HEAD = ["| tried | held | bound |", "|---|---|---|"]
SERVER = (*server_answers.ATTACKS, *server_fields.ATTACKS, *server_lists.ATTACKS)
SESSION = session_snippets.ATTACKS
TERMINAL = terminal_acts.ACTS


@dataclass(frozen=True)
class Line:
    """A line before it is written. names: what is tried of each group."""

    groups: tuple[str, ...]
    names: tuple[str, ...]
    held: str
    bound: str

    def __str__(self) -> str:
        groups = (
            f"{', '.join(self.groups[:-1])} and {self.groups[-1]}"
            if self.groups[1:]
            else self.groups[0]
        )
        count = len(self.names) * len(self.groups)
        tried = f"{groups} ({count}): {'; '.join(self.names)}"
        return f"| {_escaped(tried)} | {self.held} | {self.bound} |"


def _escaped(text: str) -> str:
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part if part.startswith("`") else re.sub(r"([|*_<>\[\]~\\])", r"\\\1", part)
        for part in parts
    )


def _held(rows: Sequence[Attack]) -> tuple[str, str]:
    """What is held and the bound, of rows of one group."""
    pressed = any(row.interrupt is not None for row in rows)
    lost = any(row.is_lost for row in rows)
    back = (
        "the prompt is back, by itself or by Ctrl-C" if pressed else "the prompt is back by itself"
    )
    alive = (
        "a session that has ended is reported, and the next line works"
        if lost
        else "the session is alive"
    )
    bounds = sorted({row.bound for row in rows})
    after = " after Ctrl-C" if pressed else ""
    return f"{back}; {alive}", f"{bounds[-1]:g} s{after}, {MEBIBYTES} MiB"


def _lines(rows: Iterable[Attack]) -> Iterator[Line]:
    groups: dict[str, list[Attack]] = {}
    for row in rows:
        groups.setdefault(row.group, []).append(row)
    merged: dict[tuple[tuple[str, ...], str, str], list[str]] = {}
    for group, its in groups.items():
        merged.setdefault((tuple(row.name for row in its), *_held(its)), []).append(group)
    for (names, held, bound), together in merged.items():
        yield Line(tuple(together), names, held, bound)


def _terminal_lines() -> Iterator[Line]:
    groups: dict[tuple[str, bool], list[terminal_acts.TerminalAttack]] = {}
    for row in TERMINAL:
        groups.setdefault((row.group, row.is_over), []).append(row)
    for (group, is_over), its in groups.items():
        held = (
            "noderepl has ended, with all of its processes"
            if is_over
            else "the prompt goes on; the session is alive"
        )
        bound = f"{max(row.bound for row in its):g} s, {MEBIBYTES} MiB"
        yield Line((group,), tuple(row.name for row in its), held, bound)


def tables() -> str:
    """The tables, each with its heading."""
    parts = []
    for title, count, lines in (
        ("A hostile server", len(SERVER), _lines(SERVER)),
        ("A hostile session", len(SESSION), _lines(SESSION)),
        ("A hostile terminal", len(TERMINAL), _terminal_lines()),
    ):
        parts.append("\n".join([f"### {title}: {count} attacks", "", *HEAD, *map(str, lines)]))
    return "\n\n".join(parts) + "\n"


def _around() -> tuple[str, str, str]:
    """The page before the tables, the tables, and what is behind them."""
    text = PAGE.read_text(encoding="utf-8")
    before, mark, rest = text.partition("### A hostile server:")
    inside, following, after = rest.partition("\n## ")
    return before, mark + inside, following + after


def written() -> str:
    """The tables that the page has."""
    return _around()[1]


def main() -> None:
    """Writes the tables into the page."""
    before, _, after = _around()
    PAGE.write_text(before + tables() + after, encoding="utf-8")
