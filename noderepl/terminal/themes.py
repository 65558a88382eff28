"""Themes: TOML files that style each meaning, found in directories and checked key by key.

Must not write to a screen; prompt_toolkit and pygments are imported only where a theme is turned into their styles.
"""

from __future__ import annotations

import contextlib
import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.errors import ConfigError
from noderepl.terminal.meanings import MEANINGS

if TYPE_CHECKING:
    from prompt_toolkit.styles import Style

ANSI = ("black", "red", "green", "yellow", "blue", "magenta", "cyan")
COLOURS = frozenset(
    ["default", "ansidefault", "ansigray", "ansiwhite", "ansibrightblack"]
    + [prefix + name for name in ANSI for prefix in ("ansi", "ansibright")]
)
ATTRIBUTES = ("bold", "dim", "italic", "underline", "strike", "blink", "reverse")
_WORDS = frozenset([*ATTRIBUTES, *(f"no{attribute}" for attribute in ATTRIBUTES), "noinherit"])
_COLOUR = re.compile(r"(?:fg:|bg:)?(#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?|[a-z]+)")
ALLOWED = (
    f"{', '.join(ATTRIBUTES)}, no… before any of these, and colours: #rgb, #rrggbb or an ANSI name such as ansired or "
    "ansibrightblue, with fg: or bg: before it"
)
_KEYS = ("name", "summary", "base", "styles")


@dataclass(frozen=True, slots=True)
class Theme:
    """A look for every meaning.

    name: its own. summary: a few words about it. styles: prompt_toolkit style strings by meaning. base: the pygments
    style that gives the look of meanings which styles leave out.
    """

    name: str
    summary: str = ""
    styles: Mapping[str, str] = field(default_factory=dict)
    base: str | None = None

    def style(self) -> Style:
        """The theme as prompt_toolkit has it: a class for each meaning, and prompt_toolkit's own classes."""
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
    """Where the themes that come with noderepl are: in the installed package, else beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "themes"
    return installed if installed.is_dir() else package.parent / "themes"


def theme_names(directories: Sequence[Path]) -> tuple[str, ...]:
    """The names of all themes in these directories, sorted; a directory need not exist."""
    return tuple(sorted(_files(directories)))


def theme_summaries(directories: Sequence[Path]) -> dict[str, str]:
    """The themes in these directories, name to summary; where one cannot be used, what is wrong with it."""
    summaries = {}
    for name, path in sorted(_files(directories).items()):
        try:
            summaries[name] = _read(path).summary
        except ConfigError as error:
            summaries[name] = str(error)
    return summaries


def load_theme(name: str, directories: Sequence[Path]) -> Theme:
    """The theme of this name.

    directories: where theme files (NAME.toml) are; an earlier one wins, so the user's comes before the shipped one.
    Raises ConfigError: there is no such theme, or its file is wrong; the sentence names the file, its line and the key.
    """
    files = _files(directories)
    if name in files:
        return _read(files[name])
    raise ConfigError(
        f"there is no theme {name!r}{_nearest(name, list(files))}; themes: {', '.join(sorted(files)) or 'none'}"
    )


def _files(directories: Sequence[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for directory in reversed(directories):
        # A home that is locked has none.
        with contextlib.suppress(PermissionError):
            found |= {path.stem: path for path in directory.glob("*.toml")}
    return found


def _read(path: Path) -> Theme:
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text at byte {error.start}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error

    def wrong(key: str, what: str) -> ConfigError:
        line = re.search(rf"""^[ \t]*(?:\[[ \t]*)?["']?{re.escape(key)}["']?[ \t]*[=\]]""", text, re.MULTILINE)
        place = f"{path}, line {text.count(chr(10), 0, line.start()) + 1}" if line else str(path)
        return ConfigError(f"{place}: {key!r} {what}")

    for key, value in content.items():
        if key not in _KEYS:
            raise wrong(key, f"is not a theme's key{_nearest(key, _KEYS)}; allowed: {', '.join(_KEYS)}")
        if key != "styles" and not isinstance(value, str):
            raise wrong(key, "must be a text")
    styles = content.get("styles", {})
    if not isinstance(styles, dict):
        raise wrong("styles", "must be a table, [styles]")
    names = tuple(meaning.name for meaning in MEANINGS)
    for key, value in styles.items():
        if key not in names:
            raise wrong(key, f"is not something a theme styles{_nearest(key, names)}; allowed: {', '.join(names)}")
        if not isinstance(value, str):
            raise wrong(key, 'must be a text such as "bold ansired"')
        if (bad := _bad_word(value)) is not None:
            raise wrong(key, f"has {bad!r}, which is no style; allowed: {ALLOWED}")
    base = content.get("base")
    if base is not None and base not in (bases := _bases()):
        raise wrong(
            "base", f"is {base!r}, which is no pygments style{_nearest(base, bases)}; allowed: {', '.join(bases)}"
        )
    return Theme(content.get("name", path.stem), content.get("summary", ""), styles, base)


def _nearest(word: str, words: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, words, n=1)
    return f", did you mean {near[0]}?" if near else ""


def _bad_word(style: str) -> str | None:
    for word in style.split():
        colour = _COLOUR.fullmatch(word)
        if word not in _WORDS and not (colour and (colour[1].startswith("#") or colour[1] in COLOURS)):
            return word
    return None


def _bases() -> list[str]:
    from pygments.styles import get_all_styles

    return sorted(get_all_styles())


def _look(base: str, token: str) -> str:
    """How a pygments style shows a token, as a prompt_toolkit style string; backgrounds are left out."""
    from pygments.styles import get_style_by_name
    from pygments.token import string_to_tokentype

    look = get_style_by_name(base).style_for_token(string_to_tokentype(token))
    words = [name for name in ("bold", "italic", "underline") if look[name]]
    return " ".join([*words, f"#{look['color']}"] if look["color"] else words)
