"""Emoji of several code points, which each terminal gives another width.

The line editor counts the columns of each code point, so after such an emoji it would paint in the
wrong column. Here, one character stands in for the emoji in the editor's screen, and the output
writes the emoji and sets the column behind it.
"""

from __future__ import annotations

from unicodedata import combining

from noderepl.lazy_patterns import lazy_pattern

_EMOJI = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff"
_MODIFIERS = "\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f"
# What is joined may not be typed yet.
_JOINED = f"\u200d(?:[{_EMOJI}][{_MODIFIERS}]{{0,8}})?"
CLUSTER = lazy_pattern(
    "[\U0001f1e6-\U0001f1ff]{1,2}|[0-9#*]\ufe0f?\u20e3"
    f"|[{_EMOJI}](?:[{_MODIFIERS}]{{1,8}}(?:{_JOINED}){{0,8}}|(?:{_JOINED}){{1,8}})"
)
"""A flag, a keycap, or an emoji with modifiers or joined to others."""
# Characters around the cursor in which its emoji is looked for.
_NEAR = 64
# Code points that nothing uses, two columns wide as an emoji is.
_FIRST, _MOST = 0x3F000, 0xFF0


def length_at_end(text: str) -> int:
    """Returns the number of code points of the last character that a person sees in a text."""
    near = text[-_NEAR:]
    for found in CLUSTER.finditer(near):
        if found.end() == len(near):
            return found.end() - found.start()
    marks = 0
    while marks < len(near) - 1 and combining(near[-1 - marks]):
        marks += 1
    return min(marks + 1, len(near))


def length_at_start(text: str) -> int:
    """Returns the number of code points of the first character that a person sees in a text."""
    near = text[:_NEAR]
    if found := CLUSTER.match(near):
        return found.end()
    length = min(1, len(near))
    while 0 < length < len(near) and combining(near[length]):
        length += 1
    return length


class Clusters:
    """The emoji on the screen, and the characters that stand in for them."""

    def __init__(self) -> None:
        self._stand_ins: dict[str, str] = {}
        self._emoji: dict[str, str] = {}

    def stand_in(self, emoji: str) -> str:
        """Returns the character that stands in for an emoji; after very many, the first is used
        again.
        """
        if emoji not in self._stand_ins:
            if len(self._stand_ins) >= _MOST:
                self._stand_ins.clear()
            character = chr(_FIRST + len(self._stand_ins))
            self._stand_ins[emoji] = character
            self._emoji[character] = emoji
        return self._stand_ins[emoji]

    def emoji(self, character: str) -> str | None:
        """Returns the emoji for which a character stands in, None if there is none."""
        return self._emoji.get(character)
