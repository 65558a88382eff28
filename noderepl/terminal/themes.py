"""Themes: TOML files with a style for each name, found in directories and checked key by key.

This module does not write to a screen. It imports prompt_toolkit and pygments only when a theme is
converted to their styles.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.errors import ConfigError
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.settings import Settings
from noderepl.terminal.background import Background
from noderepl.terminal.style_names import MEANINGS
from noderepl.text_files import read_toml, shown

if TYPE_CHECKING:
    from prompt_toolkit.styles import Style

ANSI = ("black", "red", "green", "yellow", "blue", "magenta", "cyan")
COLOURS = frozenset(
    ["default", "ansidefault", "ansigray", "ansiwhite", "ansibrightblack"]
    + [prefix + name for name in ANSI for prefix in ("ansi", "ansibright")]
)
ATTRIBUTES = ("bold", "dim", "italic", "underline", "strike", "blink", "reverse")
_WORDS = frozenset([*ATTRIBUTES, *(f"no{attribute}" for attribute in ATTRIBUTES), "noinherit"])
_COLOUR = lazy_pattern(r"(?:fg:|bg:)?(#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?|[a-z]+)")
ALLOWED = (
    f"{', '.join(ATTRIBUTES)}, no… before any of these, and colours: #rgb, #rrggbb or an ANSI name"
    " such as ansired or ansibrightblue, with fg: or bg: before it"
)
_KEYS = ("name", "summary", "base", "dark", "light", "styles")


@dataclass(frozen=True)
class Theme:
    """All styles of a theme.

    name: of the theme. summary: its description. styles: prompt_toolkit style strings by style
    name. base: the pygments style for the names that styles does not contain. dark, light: the
    names of the themes that have its place on such a background; empty for none. variant: the name
    of the theme that has its place.
    """

    name: str
    summary: str = ""
    styles: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None
    dark: str = ""
    light: str = ""
    variant: str = ""

    @property
    def is_adaptive(self) -> bool:
        """Whether its styles depend on the background of the terminal."""
        return bool(self.dark or self.light)

    @cached_property
    def style(self) -> Style:
        """Returns the theme for prompt_toolkit: a class for each style name, and prompt_toolkit's
        own classes.
        """
        from prompt_toolkit.styles import Style

        rules = []
        for meaning in MEANINGS:
            rule = self.styles.get(meaning.name)
            if rule is None and self.base and meaning.token:
                rule = _look(self.base, meaning.token)
            if rule is not None:
                rules.append((meaning.name, rule))
                rules += [(name, f"noinherit {rule}") for name in meaning.classes]
        return Style(rules)


def shipped_directory() -> Path:
    """Returns the directory of the shipped themes: in the installed package, else beside it in a
    checkout.
    """
    package = Path(__file__).parent.parent
    installed = package / "themes"
    return installed if installed.is_dir() else package.parent / "themes"


def theme_names(directories: Sequence[Path]) -> tuple[str, ...]:
    """Returns the names of all themes in these directories, sorted; a directory need not exist."""
    return tuple(sorted(_files(directories)))


def theme_summaries(directories: Sequence[Path]) -> dict[str, str]:
    """Returns the themes in these directories, name to summary; for an invalid one, the error."""
    summaries = {}
    for name, path in sorted(_files(directories).items()):
        try:
            summaries[name] = _read(path).summary
        except ConfigError as error:
            summaries[name] = str(error)
    return summaries


def load_theme(
    name: str, directories: Sequence[Path], background: Background | None = None
) -> Theme:
    """Returns the theme of this name.

    directories: the directories of theme files (NAME.toml); an earlier one has precedence, so that
    of the user comes before the shipped one. background: of the terminal, None if it is not known;
    an adaptive theme then has its own styles. Raises ConfigError if there is no such theme, or if
    its file is invalid; the message names the file, its line and the key.
    """
    files = _files(directories)
    if name in files:
        theme = _read(files[name])
        variant = {"dark": theme.dark, "light": theme.light}.get(background or "")
        if not variant:
            return theme
        fitting = load_theme(variant, directories)
        return replace(theme, styles=fitting.styles, base=fitting.base, variant=variant)
    raise ConfigError(
        f"there is no theme {shown(name)}{_nearest(name, list(files))}; themes:"
        f" {', '.join(sorted(files)) or 'none'}"
    )


def _files(directories: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for directory in reversed(directories):
        # A home without access has none.
        with contextlib.suppress(OSError):
            found |= {path.stem: path for path in directory.glob("*.toml")}
    return found


def _read(path: Path) -> Theme:
    try:
        text, content = read_toml(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error

    def wrong(key: str, what: str) -> ConfigError:
        line = re.search(
            rf"""^[ \t]*(?:\[[ \t]*)?["']?{re.escape(key)}["']?[ \t]*[=\]]""", text, re.MULTILINE
        )
        place = f"{path}, line {text.count(chr(10), 0, line.start()) + 1}" if line else str(path)
        return ConfigError(f"{place}: {shown(key)} {what}")

    for key, value in content.items():
        if key not in _KEYS:
            raise wrong(
                key, f"is not a theme's key{_nearest(key, _KEYS)}; allowed: {', '.join(_KEYS)}"
            )
        if key != "styles" and not isinstance(value, str):
            raise wrong(key, "must be a string")
    styles = content.get("styles", {})
    if not isinstance(styles, dict):
        raise wrong("styles", "must be a table, [styles]")
    names = tuple(meaning.name for meaning in MEANINGS)
    for key, value in styles.items():
        if key not in names:
            raise wrong(
                key,
                f"is not the name of a style{_nearest(key, names)}; allowed: {', '.join(names)}",
            )
        if not isinstance(value, str):
            raise wrong(key, 'must be a string such as "bold ansired"')
        if (bad := _bad_word(value)) is not None:
            raise wrong(key, f"has {shown(bad)}, which is not a style; allowed: {ALLOWED}")
    base = content.get("base")
    if base is not None and base not in (bases := _bases()):
        raise wrong(
            "base",
            f"is {shown(base)}, which is not a pygments style{_nearest(base, bases)}; allowed:"
            f" {', '.join(bases)}",
        )
    words = {key: content[key] for key in ("summary", "dark", "light") if key in content}
    return Theme(content.get("name", path.stem), styles=styles, base=base, **words)


def _nearest(word: str, words: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, words, n=1)
    return f", did you mean {near[0]}?" if near else ""


def _bad_word(style: str) -> str | None:
    for word in style.split():
        colour = _COLOUR.fullmatch(word)
        if word not in _WORDS and not (
            colour and (colour[1].startswith("#") or colour[1] in COLOURS)
        ):
            return word
    return None


def _bases() -> list[str]:
    from pygments.styles import get_all_styles

    return sorted(get_all_styles())


def _look(base: str, token: str) -> str:
    """Returns a pygments style's look of a token as a prompt_toolkit style string, without
    backgrounds.
    """
    from pygments.styles import get_style_by_name
    from pygments.token import string_to_tokentype

    look = get_style_by_name(base).style_for_token(string_to_tokentype(token))
    words = [name for name in ("bold", "italic", "underline") if look[name]]
    return " ".join([*words, f"#{look['color']}"] if look["color"] else words)


def theme_directories(settings: Settings) -> Sequence[Path]:
    """Returns the directories of themes: the user's, which has precedence, and the shipped one."""
    return (settings.directory / "themes", shipped_directory())
