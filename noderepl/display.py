"""How outcomes look: the console, its theme, and the terminal that snippets see."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from noderepl.javascript.prelude_request import Options, Terminal
from noderepl.preferences import Preferences
from noderepl.settings import Settings
from noderepl.terminal.background import Background, background_of
from noderepl.terminal.console import Console
from noderepl.terminal.streams import programs_environment
from noderepl.terminal.themes import load_theme, theme_directories, theme_summaries

if TYPE_CHECKING:
    from noderepl.doctor.finding import Capabilities
    from noderepl.magics import Screen


def open_console(
    settings: Settings, at_failure: Callable[[], None] = lambda: None, *, at_prompt: bool = False
) -> Console:
    """Returns the console of this process, in the configured theme. at_failure, at_prompt: as for
    Console.

    Raises ConfigError if the theme is invalid.
    """
    with settings.blame("theme"):
        background = background_of(os.environ)
        theme = load_theme(settings.theme, theme_directories(settings), background)
    return Console(
        sys.stdout,
        sys.stderr,
        theme=theme,
        color=settings.color,
        environ=os.environ,
        at_failure=at_failure,
        at_prompt=at_prompt,
    )


class Display:
    """The console with the user's preferences.

    at_prompt: whether output is shown at a prompt, on a terminal.
    """

    def __init__(
        self, console: Console, settings: Settings, preferences: Preferences, *, at_prompt: bool
    ) -> None:
        self._console = console
        self._settings = settings
        self._preferences = preferences
        self._at_prompt = at_prompt
        self._themes = theme_directories(settings)
        self._background = background_of(os.environ)

    def use_theme(self, name: str) -> None:
        """Switches to a theme. Raises ConfigError."""
        self._console.set_theme(load_theme(name, self._themes, self._background))
        self._preferences.theme = name

    def fit_theme(self, background: Background) -> None:
        """Fits the theme to the background of the terminal. Raises ConfigError."""
        self._background = background
        self.use_theme(self._preferences.theme)

    def options(self) -> Options:
        """Returns how the output of the next snippet is shown."""
        terminal = None
        if (size := self.terminal()) is not None:
            terminal = Terminal(*size, programs_environment(self._settings.color, os.environ))
        self._console.shows_undefined = self._preferences.undefined
        self._console.is_live = size is not None and self._console.can_change
        return Options(
            self._console.value_columns(),
            self._preferences.depth,
            terminal,
            asks=self._at_prompt,
            json=self._preferences.wants_json,
        )

    def terminal(self) -> tuple[int, int] | None:
        """Returns the columns and rows that snippets see, None if they see no terminal."""
        tty, can_change = self._preferences.tty, self._console.can_change
        is_seen = self._at_prompt and (tty == "on" or (tty == "auto" and can_change))
        return self._console.size() if is_seen else None

    def _capabilities(self) -> Capabilities:
        from noderepl.terminal.capabilities import capabilities

        settings = self._settings
        return capabilities(
            sys.stdout, settings.color, settings.places.get("color", "default"), os.environ
        )

    def screen(
        self, entries: Callable[[], Sequence[str]], edit: Callable[..., Awaitable[str]]
    ) -> Screen:
        """Returns what magics use of the screen. entries, edit: as for Screen."""
        from noderepl.magics import Screen
        from noderepl.terminal.key_actions import key_sections

        console = self._console
        return Screen(
            console.progress,
            console.step,
            entries=entries,
            edit=edit,
            theme=lambda: (console.theme.name, console.theme.variant),
            themes=partial(theme_summaries, self._themes),
            keys=partial(key_sections, self._settings),
            terminal=self.terminal,
            copy=console.copy,
            capabilities=self._capabilities,
            is_prompt=self._at_prompt,
        )
