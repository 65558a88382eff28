"""Converts a theme's styles to escape sequences with prompt_toolkit, which is imported only when
this module is used.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from noderepl.terminal.escapes import RESET
from noderepl.terminal.pieces import Piece
from noderepl.terminal.themes import Theme

if TYPE_CHECKING:
    from prompt_toolkit.output import ColorDepth


class Paint:
    """Colours text in a theme, for a terminal with the given colour depth."""

    def __init__(self, theme: Theme, depth: ColorDepth) -> None:
        self._style = theme.style
        self._depth = depth
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
            self._known[style] = self._sequence(style)
        return self._known[style]

    def _sequence(self, style: str) -> str:
        from prompt_toolkit.data_structures import Size
        from prompt_toolkit.output.vt100 import Vt100_Output
        from prompt_toolkit.styles import DEFAULT_ATTRS

        attributes = (
            self._style.get_attrs_for_style_str(f"class:{style}") if style else DEFAULT_ATTRS
        )
        if attributes == DEFAULT_ATTRS:
            return ""
        written = io.StringIO()
        output = Vt100_Output(written, lambda: Size(rows=24, columns=80))
        output.set_attributes(attributes, self._depth)
        output.flush()
        return written.getvalue()


def colour_depth(environ: Mapping[str, str]) -> ColorDepth:
    """Returns the colour depth of the terminal, from COLORTERM and TERM: 24 bits, 256 colours, or
    16 on a Linux console.
    """
    from prompt_toolkit.output import ColorDepth

    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return ColorDepth.DEPTH_24_BIT
    return (
        ColorDepth.DEPTH_4_BIT
        if environ.get("TERM") in ("linux", "eterm-color")
        else ColorDepth.DEPTH_8_BIT
    )
