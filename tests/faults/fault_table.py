"""The table of faults as docs/fault-tables.md has it."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from fault_cases import CASES
from fault_runs import Row, run_case, served

PAGE = Path(__file__).parents[2] / "docs/fault-tables.md"
HEAD = ["| what goes wrong | what the user reads | ran | the text is |", "|---|---|---|---|"]


def line(row: Row) -> str:
    """A row in Markdown."""
    words = re.sub(r"([|*_<>\[\]`~])", r"\\\1", row.words)
    return f"| {row.name} | {words} | {row.ran} | {row.text} |"


def written() -> Sequence[str]:
    """The lines of the page's table below its head."""
    text = PAGE.read_text(encoding="utf-8")
    return text.split("\n".join(HEAD) + "\n", 1)[1].split("\n\n", 1)[0].splitlines()


async def print_table() -> None:
    """Runs every case, and prints the table."""
    print("\n".join(HEAD))
    with served() as upstream, tempfile.TemporaryDirectory() as place:
        for case in CASES:
            print(line(await run_case(case, upstream, Path(place))), flush=True)


def main() -> None:
    """Prints the table."""
    asyncio.run(print_table())
