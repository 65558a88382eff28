"""Reads table.txt, which says in its head how it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

TABLE = Path(__file__).parents[1] / "javascript/table.txt"
VERSION = re.compile(r"\[(20|24)\](?: |$)")


@dataclass
class Entry:
    """One snippet and the lines that are shown for it, each with the Node.js that shows it ("" for both)."""

    code: str
    lines: list[tuple[str, str]] = field(default_factory=list)

    def shown(self, node: str) -> str:
        """What is shown on a Node.js of this major version."""
        return "\n".join(line for version, line in self.lines if version in ("", node)).strip("\n")


def read_table() -> dict[str, list[Entry]]:
    """The groups by their names."""
    groups: dict[str, list[Entry]] = {}
    for line in TABLE.read_text("utf-8").split("\n"):
        if line.startswith("### "):
            entries = groups[line.removeprefix("### ")] = []
        elif line.startswith("> "):
            entries.append(Entry(line[2:]))
        elif line.startswith("| "):
            entries[-1].code += "\n" + line[2:]
        elif groups and entries:
            version = VERSION.match(line)
            entries[-1].lines.append((version[1], line[version.end() :]) if version else ("", line))
    return groups
