"""The theme that fits the terminal's background: whether the terminal is asked, and what its answer changes."""

from __future__ import annotations

import io

import pytest
from prompt_toolkit.data_structures import Size
from prompt_toolkit.output.vt100 import Vt100_Output

from noderepl.errors import ConfigError
from noderepl.terminal.background import QUERY, Background
from noderepl.terminal.console import Console
from noderepl.terminal.streams import Colour
from noderepl.terminal.themes import load_theme, shipped_directory
from noderepl.theme_fitting import ThemeFitting

LIGHT, DARK = "\x1b]11;rgb:ffff/ffff/ffff\x07", "\x1b]11;rgb:00/00/00\x1b\\"


class Terminal:
    """A prompt's terminal in memory, on which a theme is in use."""

    def __init__(self, theme: str = "default", color: Colour = "auto") -> None:
        self.written = io.StringIO()
        self.fitted: list[Background] = []
        shown = load_theme(theme, [shipped_directory()])
        self.console = Console(io.StringIO(), io.StringIO(), theme=shown, color=color, environ={})
        output = Vt100_Output(self.written, lambda: Size(rows=24, columns=80))
        self.fitting = ThemeFitting(self.console, color, output, self.fit)

    def fit(self, background: Background) -> None:
        self.fitted.append(background)
        theme = load_theme("default", [shipped_directory()], background)
        self.console.set_theme(theme)


@pytest.fixture(autouse=True)
def xterm(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a terminal that tells its background."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORFGBG", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def test_the_terminal_is_asked_once() -> None:
    """However often an adaptive theme is selected."""
    terminal = Terminal()
    for _ in range(2):
        terminal.fitting.ask()
    assert terminal.written.getvalue() == QUERY


@pytest.mark.parametrize(
    ("theme", "color", "variables"),
    [
        ("dark", "auto", {}),
        ("monochrome", "always", {}),
        ("default", "never", {}),
        ("default", "auto", {"NO_COLOR": "1"}),
        ("default", "auto", {"TERM": "dumb"}),
        ("default", "always", {"TERM": "linux"}),
        ("default", "auto", {"TERM": "screen-256color"}),
    ],
)
def test_the_terminal_is_not_asked_in_vain(
    monkeypatch: pytest.MonkeyPatch, theme: str, color: Colour, variables: dict[str, str]
) -> None:
    """With another theme, without colour, and where the question would be shown."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal(theme, color)
    terminal.fitting.ask()
    assert terminal.written.getvalue() == ""


def test_a_theme_that_is_selected_later_asks() -> None:
    """The prompt asks when the default theme is selected, and not before."""
    terminal = Terminal("dark")
    terminal.fitting.ask()
    terminal.console.set_theme(load_theme("default", [shipped_directory()]))
    terminal.fitting.ask()
    assert terminal.written.getvalue() == QUERY


def test_each_answer_counts() -> None:
    """Also a late one, or one after another; an answer to another question does not."""
    terminal = Terminal()
    for text in ("\x1b]10;rgb:ffff/ffff/ffff\x07", DARK, "\x1b]11;?\x07", LIGHT):
        terminal.fitting.take(text)
    assert terminal.fitted == ["dark", "light"]
    assert terminal.console.theme.variant == "light"


def test_a_selected_theme_stays() -> None:
    """An answer changes no theme of the user."""
    terminal = Terminal("dark")
    terminal.fitting.take(LIGHT)
    assert terminal.fitted == []


def test_a_theme_that_cannot_be_read_any_more_changes_nothing() -> None:
    """Its file may have gone or become wrong since the start."""
    terminal = Terminal()

    def fail(background: Background) -> None:
        raise ConfigError(background)

    fitting = ThemeFitting(
        terminal.console, "auto", Vt100_Output(terminal.written, lambda: Size(24, 80)), fail
    )
    fitting.take(LIGHT)
    assert terminal.console.theme.variant == ""
