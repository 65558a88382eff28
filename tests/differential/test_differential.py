"""Programs run by noderepl as by node: a part of the corpus; `python -m tests.differential` runs all of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from differences import DIFFERENCES
from differential_corpus import programs
from differential_runs import compared
from nodes import node_of_wheel

# One of so many programs runs here, so that a run takes about 30 s of processor time.
PART = 8
CHOSEN = programs()[::PART]
PAGE = Path(__file__).parents[2] / "docs/javascript.md"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("area", sorted({one.area for one in CHOSEN}))
def test_programs_run_as_by_node(area: str) -> None:
    """They write the same and end with the same status, but for the differences that have a name."""
    node = str(node_of_wheel().path)
    chosen = [one for one in CHOSEN if one.area == area]
    pairs = list(compared(chosen, node, ["--node", node]))
    wrong = [str(pair) for pair in pairs if pair.is_equal == pair.program.is_different("embedded")]
    assert wrong == []
    assert len(pairs) == len(chosen)


def test_each_difference_has_a_program_and_a_row() -> None:
    """The programs show the differences that have a reason, and the page lists these."""
    assert {one.differs for one in programs() if one.differs} == set(DIFFERENCES)
    text = PAGE.read_text("utf-8").partition("## Differences from node\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)[1:]
    assert rows == list(DIFFERENCES.values())
