"""The terminal as an output of prompt_toolkit."""

from __future__ import annotations

import os
from typing import Any, TextIO

from prompt_toolkit.data_structures import Size
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.utils import get_cwidth

from noderepl.terminal.emoji import Clusters
from noderepl.terminal.paint import colour_depth
from noderepl.terminal.streams import MOST_COLUMNS, MOST_ROWS


class ScreenOutput(Vt100_Output):
    """Writes to a terminal; uses at most MOST_ROWS rows and MOST_COLUMNS columns of it.

    `.clusters`: the emoji that it writes for the characters that stand in for them. After one it
    sets the column, because terminals do not agree on its width.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.clusters = Clusters()
        self._column = 0

    @classmethod
    def open(cls, screen: TextIO) -> ScreenOutput:
        """Returns the output for a terminal, with the colour depth of the environment."""
        depth = ColorDepth.from_env() or ColorDepth(colour_depth(os.environ))
        output = cls.from_pty(screen, term=os.environ.get("TERM"), default_color_depth=depth)
        assert isinstance(output, cls)
        return output

    def write(self, data: str) -> None:
        """Writes the text of a cell, or moves to the beginning of a line."""
        emoji = self.clusters.emoji(data[:1])
        super().write(data if emoji is None else emoji + data[1:])
        self._column = 0 if data.startswith("\r") else self._column + get_cwidth(data)
        # A cell of several code points has marks or a selector, which may change its width too.
        if emoji is not None or (len(data) > 1 and not data.isascii()):
            self.write_raw(f"\x1b[{self._column + 1}G")

    def cursor_forward(self, amount: int) -> None:
        """Moves the cursor to the right."""
        super().cursor_forward(amount)
        self._column += amount

    def cursor_backward(self, amount: int) -> None:
        """Moves the cursor to the left."""
        super().cursor_backward(amount)
        self._column = max(self._column - amount, 0)

    def enable_bracketed_paste(self) -> None:
        """Turns bracketed paste on, which the line editor does before it paints at a line's
        beginning.
        """
        super().enable_bracketed_paste()
        self._column = 0

    def get_size(self) -> Size:
        """Returns the terminal's size in cells."""
        rows, columns = super().get_size()
        return Size(rows=min(rows, MOST_ROWS), columns=min(columns, MOST_COLUMNS))
