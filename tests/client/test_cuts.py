"""Foreign text of any length in messages: cut, and without secrets that the cut goes through."""

import pytest

from noderepl.client.circumstances import printable

TOKEN = "eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl"


@pytest.mark.parametrize("before", range(19_960, 20_010))
def test_no_part_of_a_secret_is_left_at_the_cut(before):
    """A secret that begins anywhere before the place where a long text is cut is not shown, not even in part."""
    identifier = "Zq9-identifier"
    shown = printable("a" + " " * before + identifier + "x" * 9, (identifier,))
    assert "Zq" not in shown
    assert "zdWIi" not in printable("a" + " " * before + TOKEN + " x", ())


def test_a_long_word_of_the_service_is_cut():
    """A text of a megabyte is read as far as a message needs it."""
    assert printable("x" * 1_000_000) == "x" * 299 + "…"
    assert printable("eyJ" * 1_000_000) == "……"
