"""The tables of attacks in the documents are those of the tests."""

from __future__ import annotations

from attack_table import SERVER, SESSION, TERMINAL, tables, written


def test_the_page_has_every_attack() -> None:
    """docs/fault-tables.md has the attacks that there are, what holds after each, and the bounds."""
    assert written().strip() == tables().strip()


def test_there_are_enough_of_each_kind_and_no_two_alike() -> None:
    """A hostile server has at least 150 answers, a hostile session 40 snippets, a hostile terminal 25 acts."""
    for rows, least in ((SERVER, 150), (SESSION, 40), (TERMINAL, 25)):
        names = [(row.group, row.name) for row in rows]
        assert len(set(names)) == len(names) >= least
