"""Compares prompts feature by feature: `python -m tests.peers noderepl node=PATH deno=PATH …`.

Types each row of features.toml into a new process of each program that is named, in a pty, and
writes the table of docs/peers.md. The cells of other programs stay as they are. `--only WORD`: just
the rows whose names contain it.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from driving import command  # noqa: E402

from tests.peers.features import SYSTEMS, Check, Feature, features  # noqa: E402
from tests.peers.session import shows  # noqa: E402
from tests.peers.table import NO, YES, documented, versions, write  # noqa: E402

PROMPTS = {
    "noderepl": r"^> *$",
    "node": r"^> *$",
    "deno": r"^> *$",
    "ipython": r"^In \[1\]: *$",
    "mongosh": r"^> *$",
}
FLAGS = {"mongosh": ["--nodb", "--quiet"], "deno": ["repl", "-A"], "ipython": ["--no-banner"]}
SECONDS = 4.0


def main() -> int:
    """Returns 1 if noderepl lacks what the table says that it has."""
    parser = argparse.ArgumentParser(prog="python -m tests.peers")
    parser.add_argument("programs", nargs="+", help=f"NAME=PATH of {', '.join(SYSTEMS[1:])}")
    parser.add_argument("--only", default="", help="part of the names of rows")
    arguments = parser.parse_args()
    programs = {
        name: [*([path] if path else command()), *FLAGS.get(name, [])]
        for name, _, path in (program.partition("=") for program in arguments.programs)
    }
    cells = documented()
    for row in features():
        if arguments.only.lower() in row.name.lower():
            cells[row.name] = cells.get(row.name, {}) | _row(row, programs)
    write(features(), cells, versions(programs))
    return any(cells[row.name].get("noderepl") == NO for row in features() if row.name in cells)


def _row(row: Feature, programs: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Returns the cells of the systems that were tried, and those that no script shows."""
    cells: dict[str, str] = {}
    for system, cell in row.cells.items():
        if not isinstance(cell, Check):
            cells[system] = cell
        elif system in programs:
            cells[system] = YES if _tried(cell, programs[system], system) else NO
            print(f"{system:9} {cells[system]:8} {row.name}", file=sys.stderr)
    return cells


def _tried(check: Check, program: Sequence[str], system: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="noderepl-peers-") as home:
        try:
            return shows(check, program, PROMPTS[system], Path(home), SECONDS)
        except (AssertionError, OSError):
            return False  # the program ended


if __name__ == "__main__":
    sys.exit(main())
