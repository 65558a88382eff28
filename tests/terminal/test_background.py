"""The terminal's background: what its answer and the environment say, and that no answer is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from noderepl.errors import ConfigError
from noderepl.terminal.background import background_in, background_of, may_ask
from noderepl.terminal.keyboard import Parser
from noderepl.terminal.themes import load_theme, shipped_directory

DARK, LIGHT = "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\", "\x1b]11;rgb:ffff/ffff/ffff\x07"


@pytest.mark.parametrize(
    ("answer", "background"),
    [
        (DARK, "dark"),
        (LIGHT, "light"),
        ("\x1b]11;rgb:00/2b/36\x07", "dark"),
        ("\x1b]11;rgb:f/f/f\x1b\\", "light"),
        ("\x1b]11;rgba:fdfd/f6f6/e3e3/ffff\x1b\\", "light"),
        ("\x1b]11;#282c34\x1b\\", "dark"),
        ("\x1b]11;#FFF\x07", "light"),
        ("\x1b]11;rgb:8080/8080/8080\x1b\\", None),
        (DARK + LIGHT, "light"),
        ("a paste" + DARK + "with an answer", "dark"),
        ("\x1b]10;rgb:ffff/ffff/ffff\x1b\\", None),
        ("\x1b]11;?\x1b\\", None),
        ("\x1b]11;rgb:12345/0/0\x1b\\", None),
        ("\x1b]11;#12345\x1b\\", None),
        ("\x1b]11;white\x1b\\", None),
        ("", None),
    ],
)
def test_an_answer_tells_the_background(answer: str, background: str | None) -> None:
    """The last colour counts, in each form that terminals use; one between dark and light tells nothing."""
    assert background_in(answer) == background


@pytest.mark.parametrize(
    ("colours", "background"),
    [
        ("15;0", "dark"), ("0;15", "light"), ("0;default;15", "light"), ("15;default;0", "dark"),
        ("7;8", "dark"), ("0;7", "light"), ("15;default", None), ("0;16", None), ("", None), ("x", None),
    ],
)  # fmt: skip
def test_the_environment_may_tell_it(colours: str, background: str | None) -> None:
    """COLORFGBG ends with the number of the background."""
    assert background_of({"TERM": "rxvt", "COLORFGBG": colours}) == background
    assert background_of({"TERM": "linux", "COLORFGBG": colours}) is None


def test_only_a_terminal_that_understands_is_asked() -> None:
    """Consoles that show the question are not asked; in tmux, tmux answers."""
    asked = ("xterm-256color", "xterm", "tmux-256color", "rxvt-unicode", "foot", "alacritty")
    assert all(may_ask({"TERM": term}) for term in asked)
    silent = ("", "dumb", "linux", "screen", "screen-256color", "eterm-color", "vt100", "cons25")
    assert not any(may_ask({"TERM": term}) for term in silent)
    assert may_ask({"TERM": "screen-256color", "TMUX": "/tmp/tmux-0/default,1,0"})
    assert not may_ask({})


@pytest.mark.parametrize("answer", [DARK, LIGHT])
@pytest.mark.parametrize("step", [1, 2, 3, 5, 7, 100])
def test_an_answer_is_never_typed(answer: str, step: int) -> None:
    """In any parts, with pauses after which keys count, between other keys: only the keys are typed."""
    presses: list[KeyPress] = []
    heard: list[str] = []
    parser = Parser(presses.append, heard.append)
    parser.feed("ab")
    parser.feed(answer[:2])
    for start in range(2, len(answer), step):
        parser.flush()
        parser.feed(answer[start : start + step])
    parser.feed("c\x1b[5;1R")
    assert [press.key for press in presses] == ["a", "b", "c", Keys.CPRResponse]
    assert heard == [answer]


def test_an_answer_in_a_paste_is_no_part_of_it() -> None:
    """The paste is what was pasted, and the answer counts."""
    presses: list[KeyPress] = []
    heard: list[str] = []
    parser = Parser(presses.append, heard.append)
    parser.feed(f"\x1b[200~1 +{DARK} 2\x1b[201~")
    parser.deliver()
    assert [press.data for press in presses] == ["1 + 2"]
    assert [background_in(text) for text in heard] == ["dark"]


def test_the_default_theme_fits_the_background() -> None:
    """It has the styles of dark or light, and its own without a background; another theme never changes."""
    directories = [shipped_directory()]
    own = load_theme("default", directories)
    assert own.is_adaptive and not own.variant
    for background in ("dark", "light"):
        theme = load_theme("default", directories, background)
        fitting = load_theme(background, directories)
        assert theme.styles == fitting.styles != own.styles
        assert (theme.name, theme.variant, theme.is_adaptive) == ("default", background, True)
        assert load_theme("monochrome", directories, background).variant == ""


def test_a_theme_of_the_user_may_be_adaptive(tmp_path: Path) -> None:
    """It names a theme for each background, also one of the user; a wrong name is told."""
    (tmp_path / "mine.toml").write_text('dark = "night"\nlight = "absent"\n')
    (tmp_path / "night.toml").write_text('base = "monokai"\ndark = "mine"\n')
    directories = [tmp_path, shipped_directory()]
    theme = load_theme("mine", directories, "dark")
    assert (theme.variant, theme.base) == ("night", "monokai")
    with pytest.raises(ConfigError, match="there is no theme 'absent'"):
        load_theme("mine", directories, "light")
