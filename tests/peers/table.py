"""Reads and writes the table of docs/peers.md."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.peers.features import SYSTEMS, Feature

DOCUMENT = Path(__file__).parents[2] / "docs/peers.md"
NAMES = {"node": "Node.js", "deno": "Deno", "ipython": "IPython"}
# Cells that a script has shown.
YES, NO = "**yes**", "**no**"
_MARK = "<!-- table -->\n"

Cells = Mapping[str, Mapping[str, str]]


def documented() -> dict[str, dict[str, str]]:
    """Returns the cells of the document: row -> system -> cell."""
    found = re.findall(r"^\| (.+) \|$", DOCUMENT.read_text("utf-8").partition(_MARK)[2], re.M)
    rows = (line.split(" | ") for line in found)
    return {
        name: dict(zip(SYSTEMS, cells, strict=True))
        for name, *cells in rows
        if cells[0] != SYSTEMS[0]  # the head of a group
    }


def versions(programs: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Returns the versions of the programs: the name in the table -> its version."""
    found = {}
    for name, line in programs.items():
        if name != "noderepl":
            ran = subprocess.run([line[0], "--version"], capture_output=True, text=True, check=True)
            number = re.search(r"\d+\.\d+\.\d+", ran.stdout)
            found[NAMES.get(name, name)] = number[0] if number else "?"
    return found


def write(rows: Sequence[Feature], cells: Cells, programs: Mapping[str, str]) -> None:
    """Replaces the table of the document, and the versions above it."""
    before = DOCUMENT.read_text("utf-8").partition(_MARK)[0]
    for name, version in programs.items():
        before = re.sub(rf"(?<=\b{re.escape(name)} )\d\S*\d", version, before)
    DOCUMENT.write_text(f"{before}{_MARK}{_table(rows, cells)}\n", "utf-8")


def _table(rows: Sequence[Feature], cells: Cells) -> str:
    lines: list[str] = []
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            heads = [group, *(NAMES.get(name, name) for name in SYSTEMS)]
            lines += ["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
        known = cells.get(row.name, {})
        lines.append(f"| {row.name} | {' | '.join(known.get(name, '?') for name in SYSTEMS)} |")
    return "\n".join(lines)
