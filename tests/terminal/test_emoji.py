"""Emoji of several code points: one character on the screen and for the keys."""

from __future__ import annotations

import pytest

from noderepl.terminal.emoji import CLUSTER, Clusters, length_at_end, length_at_start

EMOJI = ["🇯🇵", "👨‍👩‍👧", "👩🏽‍💻", "❤️", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👍🏽", "🏳️‍🌈", "👨‍"]


@pytest.mark.parametrize("emoji", EMOJI)
def test_an_emoji_is_one_unit(emoji: str) -> None:
    """It has a stand-in of its own, and keys take all of it."""
    assert [found[0] for found in CLUSTER.finditer(f"a{emoji}b")] == [emoji]
    assert length_at_end(f"a{emoji}") == length_at_start(f"{emoji}b") == len(emoji)
    clusters = Clusters()
    assert clusters.emoji(clusters.stand_in(emoji)) == emoji


@pytest.mark.parametrize(
    ("text", "end", "start"),
    [("", 0, 0), ("ab", 1, 1), ("ae\u0301", 2, 1), ("e\u0301a", 1, 2), ("한글", 1, 1)],
)
def test_other_characters(text: str, end: int, start: int) -> None:
    """Other characters are one code point with the marks behind it."""
    assert (length_at_end(text), length_at_start(text)) == (end, start)


def test_stand_ins_are_bounded() -> None:
    """After very many emoji, characters are used again."""
    clusters = Clusters()
    used = {clusters.stand_in(f"{number}️⃣") for number in range(10_000)}
    assert len(used) < 5000
