"""docs/interop.md speaks of the clients that are tested here."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/interop.md"


def test_the_page_names_the_versions_tested() -> None:
    """The table has the four clients, each with the version that is installed."""
    rows = re.findall(r"^\| `([\w-]+)` \| ([\d.]+) \|", PAGE.read_text(encoding="utf-8"), re.M)
    assert len(rows) == 4
    assert rows == [(name, importlib.metadata.version(name)) for name, _ in rows]
