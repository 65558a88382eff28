"""docs/peers.md has each row of features.toml, and nothing in which noderepl is behind."""

from __future__ import annotations

from tests.peers.features import SYSTEMS, Check, features
from tests.peers.table import NO, YES, documented


def test_the_document_has_every_row() -> None:
    """With a cell for each program; what a script tries has been tried."""
    cells = documented()
    rows = features()
    assert list(cells) == [row.name for row in rows] and len(rows) >= 60
    for row in rows:
        for system in SYSTEMS:
            cell = cells[row.name][system]
            tried = isinstance(row.cells[system], Check)
            assert cell in (YES, NO) if tried else cell == row.cells[system], (row.name, system)
        assert cells[row.name]["noderepl"].strip("*").startswith("yes"), row.name
