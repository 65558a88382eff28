"""A short form of the soak, and the figures of the long one in the documents."""

from __future__ import annotations

from pathlib import Path

from soak_report import NAMES
from soak_runs import soak

PAGE = Path(__file__).parents[2] / "docs/fault-tables.md"


async def test_faults_change_nothing_in_the_end(tmp_path: Path) -> None:
    """With a fault in every sixth request each answer is its snippet's, and the session is as without faults."""
    soaked, undisturbed = await soak(150, 0.16, 5, tmp_path)
    assert soaked.foreign == []
    assert soaked.state == undisturbed.state != ""
    assert sum(soaked.met.values()) > 15
    assert soaked.read["the answer, fetched again"] > 3
    assert soaked.growth < 3 * 1024


def test_the_page_has_the_figures_of_the_command() -> None:
    """docs/fault-tables.md has each figure that the command prints."""
    table = PAGE.read_text(encoding="utf-8").split("| figure | value |\n|---|---|\n", 1)[1]
    assert [
        row.split(" | ")[0].removeprefix("| ") for row in table.splitlines() if row.startswith("|")
    ] == list(NAMES)
