"""The terminal as an output of prompt_toolkit."""

from __future__ import annotations

import os
from typing import TextIO

from prompt_toolkit.data_structures import Size
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from noderepl.terminal.streams import MOST_COLUMNS

# prompt_toolkit fills every cell, so a terminal that reports an absurd size would cost gigabytes.
MOST_ROWS = 500


class ScreenOutput(Vt100_Output):
    """Writes to a terminal; uses at most MOST_ROWS rows and MOST_COLUMNS columns of it."""

    @classmethod
    def open(cls, screen: TextIO) -> ScreenOutput:
        """Returns the output for a terminal, with the colour depth of the environment."""
        output = cls.from_pty(
            screen, term=os.environ.get("TERM"), default_color_depth=ColorDepth.from_env()
        )
        assert isinstance(output, cls)
        return output

    def get_size(self) -> Size:
        """Returns the terminal's size in cells."""
        rows, columns = super().get_size()
        return Size(rows=min(rows, MOST_ROWS), columns=min(columns, MOST_COLUMNS))
