"""Themes: those that are shipped, the user's own, and what is said about a wrong one."""

from pathlib import Path

import pytest

from noderepl.errors import ConfigError
from noderepl.terminal.style_names import MEANINGS
from noderepl.terminal.themes import (
    Theme,
    load_theme,
    shipped_directory,
    theme_names,
    theme_summaries,
)

SHIPPED = ("dark", "default", "high-contrast", "light", "monochrome")
READABLE_ON_BOTH = {"ansired", "ansigreen", "ansibrightblue", "ansimagenta", "ansicyan"}
ATTRIBUTES = {"bold", "dim", "italic", "underline", "reverse"}


def words(theme: Theme) -> set[str]:
    return {word for style in theme.styles.values() for word in style.split()}


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_shipped_themes_are_there() -> None:
    """The five themes ship, each with a few words about it."""
    assert theme_names([shipped_directory()]) == SHIPPED
    assert all(theme_summaries([shipped_directory()]).values())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_theme_decides_everything(name: str) -> None:
    """A shipped theme has its file's name, says something about every meaning, and prompt_toolkit takes it."""
    theme = load_theme(name, [shipped_directory()])
    assert theme.name == name
    assert set(theme.styles) == {meaning.name for meaning in MEANINGS}
    assert len(theme.style.style_rules) >= len(MEANINGS)


def test_the_default_theme_is_readable_on_light_and_dark() -> None:
    """The default theme has only ANSI colours that show on both backgrounds, and attributes."""
    assert words(load_theme("default", [shipped_directory()])) <= READABLE_ON_BOTH | ATTRIBUTES


def test_the_monochrome_theme_has_no_colour() -> None:
    """The monochrome theme has attributes only."""
    assert words(load_theme("monochrome", [shipped_directory()])) <= ATTRIBUTES


@pytest.mark.parametrize(
    ("name", "background", "least"),
    [("dark", "#1e1e1e", 4.5), ("light", "#ffffff", 4.5), ("high-contrast", None, 7)],
)
def test_colours_have_contrast(name: str, background: str | None, least: float) -> None:
    """Every colour of these themes is readable on its background: 4.5:1, and 7:1 for high contrast."""
    for style in load_theme(name, [shipped_directory()]).styles.values():
        colours = style.split()
        over = next((word[3:] for word in colours if word.startswith("bg:")), background)
        for colour in (word for word in colours if word.startswith("#")):
            assert over is not None
            assert contrast(colour, over) >= least, style


def test_the_users_theme_wins(tmp_path: Path) -> None:
    """A file in the user's directory is used instead of the shipped theme of its name; new names are added."""
    (tmp_path / "dark.toml").write_text(
        'summary = "mine"\n[styles]\nprompt = "bold #f80 bg:ansibrightblack"\n'
    )
    (tmp_path / "zebra.toml").write_text("")
    directories = [tmp_path, shipped_directory(), tmp_path / "absent"]
    assert load_theme("dark", directories) == Theme(
        "dark", "mine", {"prompt": "bold #f80 bg:ansibrightblack"}
    )
    assert theme_names(directories) == (*SHIPPED, "zebra")


def test_a_base_fills_the_gaps(tmp_path: Path) -> None:
    """What a theme leaves out looks as in its base, a pygments style; what it says wins."""
    (tmp_path / "mine.toml").write_text('base = "monokai"\n[styles]\nvalue-number = "ansired"\n')
    style = load_theme("mine", [tmp_path]).style
    assert style.get_attrs_for_style_str("class:value-string").color == "e6db74"
    assert style.get_attrs_for_style_str("class:value-number").color == "ansired"
    assert style.get_attrs_for_style_str("class:stdout").color == ""


def test_prompt_toolkits_own_parts_follow(tmp_path: Path) -> None:
    """The toolbar and the completion menu of prompt_toolkit look as the theme says."""
    (tmp_path / "mine.toml").write_text(
        '[styles]\ntoolbar = "ansired"\ncompletion-current = "ansiblue"\n'
    )
    style = load_theme("mine", [tmp_path]).style
    assert style.get_attrs_for_style_str("class:bottom-toolbar").color == "ansired"
    current = style.get_attrs_for_style_str(
        "class:completion-menu class:completion-menu.completion.current"
    )
    assert (current.color, current.reverse) == ("ansiblue", False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('name = "x\n', ["not valid TOML", "line 1"]),
        (
            "\n\ncolour = 1\n",
            ["line 3", "'colour'", "allowed: name, summary, base, dark, light, styles"],
        ),
        (
            '[styles]\nprompt = "bold"\npromt = "bold"\n',
            ["line 3", "'promt'", "did you mean prompt?", "allowed: prompt, "],
        ),
        (
            '[styles]\n"prompt" = "bold ansipurple"\n',
            ["line 2", "'prompt'", "'ansipurple'", "allowed: bold, dim"],
        ),
        ('[styles]\nprompt = "#12345"\n', ["line 2", "'#12345'"]),
        ('[styles]\nprompt = "class:x"\n', ["line 2", "'class:x'"]),
        ("[styles]\nprompt = 3\n", ["line 2", "must be a string"]),
        ("styles = 3\n", ["line 1", "must be a table"]),
        ("summary = 3\n", ["line 1", "must be a string"]),
        ('base = "monokay"\n', ["line 1", "'monokay'", "did you mean monokai?", "allowed: abap"]),
    ],
)
def test_a_wrong_theme_is_named(tmp_path: Path, content: str, said: list[str]) -> None:
    """A wrong theme is one sentence with its file, line and key and what is allowed; the list of themes still comes."""
    (tmp_path / "mine.toml").write_text(content)
    with pytest.raises(ConfigError) as caught:
        load_theme("mine", [tmp_path])
    for part in [str(tmp_path / "mine.toml"), *said]:
        assert part in str(caught.value)
    assert theme_summaries([tmp_path]) == {"mine": str(caught.value)}


def test_a_theme_that_is_no_text_is_named(tmp_path: Path) -> None:
    """A theme that is not UTF-8, or not a file, is one sentence."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "directory.toml").mkdir()
    with pytest.raises(ConfigError, match="not UTF-8 text at byte 0"):
        load_theme("bytes", [tmp_path])
    with pytest.raises(ConfigError, match="cannot be read"):
        load_theme("directory", [tmp_path])


def test_an_unknown_theme_suggests() -> None:
    """An unknown name is answered by the nearest one and the list."""
    with pytest.raises(
        ConfigError, match=r"no theme 'drak', did you mean dark\?; themes: dark, default, "
    ):
        load_theme("drak", [shipped_directory()])
