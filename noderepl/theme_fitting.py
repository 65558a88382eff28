"""Fits the theme to the background of the terminal once the terminal has answered."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from noderepl.errors import ConfigError
from noderepl.terminal.background import QUERY, Background, background_in, may_ask
from noderepl.terminal.console import Console
from noderepl.terminal.streams import Colour, use_colour

if TYPE_CHECKING:
    from prompt_toolkit.output import Output


class ThemeFitting:
    """Asks the terminal for its background, once and only if the theme depends on it.

    console: has the theme. color: the setting. output: the terminal. fit: sets the theme for a
    background; may raise ConfigError.
    """

    def __init__(
        self,
        console: Console,
        color: Colour,
        output: Output,
        fit: Callable[[Background], None],
    ) -> None:
        self._console = console
        self._output = output
        self._fit = fit
        self._may_ask = use_colour(color, os.environ, is_terminal=True) and may_ask(os.environ)

    def ask(self) -> None:
        """Asks, and returns at once. The line editor must be opened afterwards."""
        if self._may_ask and self._console.theme.is_adaptive:
            self._may_ask = False
            self._output.write_raw(QUERY)
            self._output.flush()

    def take(self, text: str) -> None:
        """Takes a text with answers of the terminal; fits the theme if one has the background."""
        background = background_in(text)
        if background is not None and self._console.theme.is_adaptive:
            # The files of the themes may have changed since the theme was read.
            with suppress(ConfigError):
                self._fit(background)
