"""docs/magics.md says what the magics are."""

from __future__ import annotations

import re
from pathlib import Path

from noderepl.magics import MAGICS, NODE_COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "magics.md").read_text("utf-8")


def test_the_table_lists_every_magic_in_order() -> None:
    """Usage and summary of each magic stand in the table as the program tells them."""
    rows = re.findall(r"^\| `(%.+)` \| (.+) \|$", PAGE, re.MULTILINE)
    assert [(usage.replace(r"\|", "|"), summary) for usage, summary in rows] == [
        (magic.usage, magic.summary) for magic in MAGICS
    ]


def test_every_magic_has_a_section_with_an_example() -> None:
    """Sections stand in the table's order, and each shows the magic being typed."""
    sections = re.findall(r"^## %(\w+)\n\n    > %(\w+)", PAGE, re.MULTILINE)
    assert sections == [(magic.name, magic.name) for magic in MAGICS]


def test_the_page_lists_every_dot_command() -> None:
    """The dot commands of the page are those the program takes, with the summaries of those that are no magics."""
    rows = dict(re.findall(r"^\| `\.(\w+)` \| (.+) \|$", PAGE, re.MULTILINE))
    assert sorted(rows) == sorted(magic.dot for magic in (*MAGICS, *NODE_COMMANDS) if magic.dot)
    assert {magic.dot: rows[magic.dot] for magic in NODE_COMMANDS} == {
        magic.dot: magic.summary for magic in NODE_COMMANDS
    }
