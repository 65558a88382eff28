"""Converts a theme's styles to escape sequences. prompt_toolkit is imported only for styles that
need it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Literal

from noderepl.terminal.escapes import RESET
from noderepl.terminal.pieces import Piece
from noderepl.terminal.themes import ANSI, Theme

# The names of prompt_toolkit's ColorDepth: 24 bits, 256 colours, 16 colours.
Depth = Literal["DEPTH_24_BIT", "DEPTH_8_BIT", "DEPTH_4_BIT"]
_COLOURS = {
    **{f"ansi{name}": 30 + number for number, name in enumerate(ANSI)},
    **{f"ansibright{name}": 90 + number for number, name in enumerate(ANSI)},
    "ansigray": 37,
    "ansiwhite": 97,
}
# In the order in which prompt_toolkit writes them.
_ATTRIBUTES = {
    "bold": 1,
    "dim": 2,
    "italic": 3,
    "blink": 5,
    "underline": 4,
    "reverse": 7,
    "strike": 9,
}


class Paint:
    """Colours text in a theme, for a terminal with the given colour depth."""

    def __init__(self, theme: Theme, depth: Depth) -> None:
        self._theme = theme
        self._depth: Depth = depth
        self._known: dict[str, str] = {}

    def __call__(self, piece: Piece) -> str:
        """Returns the text of `piece` between the sequences of its style; the text must already be
        safe for a terminal.
        """
        start = self.start(piece.style)
        if not start:
            return piece.text
        if "\x1b" in piece.text:
            return f"{start}{piece.text}{RESET}"
        # A line end in a background colour would fill the next line with it when the terminal
        # scrolls.
        return "\n".join(f"{start}{line}{RESET}" if line else "" for line in piece.text.split("\n"))

    def start(self, style: str) -> str:
        """Returns the sequence that begins a style; "" for none."""
        if style not in self._known:
            simple = _simple_sequence(self._theme.styles.get(style), self._depth)
            self._known[style] = self._sequence(style) if simple is None else simple
        return self._known[style]

    def _sequence(self, style: str) -> str:
        from prompt_toolkit.data_structures import Size
        from prompt_toolkit.output import ColorDepth
        from prompt_toolkit.output.vt100 import Vt100_Output
        from prompt_toolkit.styles import DEFAULT_ATTRS

        attributes = (
            self._theme.style.get_attrs_for_style_str(f"class:{style}") if style else DEFAULT_ATTRS
        )
        if attributes == DEFAULT_ATTRS:
            return ""
        written = io.StringIO()
        output = Vt100_Output(written, lambda: Size(rows=24, columns=80))
        output.set_attributes(attributes, ColorDepth(self._depth))
        output.flush()
        return written.getvalue()


def _simple_sequence(rule: str | None, depth: Depth) -> str | None:
    """Returns the sequence of a style of attributes and at most one colour of the text; None if
    only prompt_toolkit knows it. Its import takes longer than a snippet.
    """
    words = None if rule is None else rule.split()
    if words is None or len(words) != len(set(words)):
        return None
    colours = [word for word in words if word not in _ATTRIBUTES]
    if len(colours) > 1:
        return None
    numbers = []
    for word in colours:
        if word in _COLOURS:
            numbers.append(_COLOURS[word])
        elif depth == "DEPTH_24_BIT" and word.startswith("#") and len(word) == len("#rrggbb"):
            numbers += [38, 2, *bytes.fromhex(word[1:])]
        else:
            return None
    numbers += [number for word, number in _ATTRIBUTES.items() if word in words]
    return f"\x1b[0;{';'.join(map(str, numbers))}m" if numbers else ""


def colour_depth(environ: Mapping[str, str]) -> Depth:
    """Returns the colour depth of the terminal, from COLORTERM and TERM: 24 bits, 256 colours, or
    16 on a Linux console.
    """
    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "DEPTH_24_BIT"
    return "DEPTH_4_BIT" if environ.get("TERM") in ("linux", "eterm-color") else "DEPTH_8_BIT"
