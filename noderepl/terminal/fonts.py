"""The fonts of this machine that stand for the generic families of SVG; needs Pillow."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from PIL import ImageFont

from noderepl.lazy_dataclasses import dataclass

# The names of files without their ending, in small letters, the preferred one first.
_FILES = {
    "sans_serif_family": (
        "dejavusans", "liberationsans-regular", "notosans-regular", "arial", "helvetica",
        "segoeui", "roboto-regular", "ubuntu-r", "cantarell-regular", "freesans",
    ),
    "serif_family": (
        "dejavuserif", "liberationserif-regular", "notoserif-regular", "times new roman", "times",
        "freeserif",
    ),
    "monospace_family": (
        "dejavusansmono", "liberationmono-regular", "notosansmono-regular", "menlo", "courier new",
        "cour", "ubuntumono-r", "freemono",
    ),
}  # fmt: skip
_SUFFIXES = ("ttf", "otf", "ttc")
_MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts for the generic families. families: by the parameter of resvg that they are for.
    files: the files that have them.
    """

    families: Mapping[str, str]
    files: tuple[str, ...]


def directories(environ: Mapping[str, str]) -> list[Path]:
    """Returns the directories of fonts. environ: the user's environment."""
    home = Path(environ.get("HOME", "/nonexistent"))
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    shared = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    own = environ.get("XDG_DATA_HOME") or str(home / ".local/share")
    places = [Path(one) / "fonts" for one in (*shared.split(":"), own) if one.startswith("/")]
    return [*places, home / ".fonts"]


def installed(places: Iterable[Path]) -> Fonts | None:
    """Returns the fonts in these directories, None if there are none. A family without a font of
    its own has the one for text without serifs, or any.
    """
    files = _files(places)
    found: dict[str, tuple[str, str]] = {}
    for family, stems in _FILES.items():
        named = (_read(files[stem]) for stem in stems if stem in files)
        if one := next(filter(None, named), None):
            found[family] = one
    spare = next(iter(found.values()), None) or next(
        filter(None, (_read(files[stem]) for stem in sorted(files))), None
    )
    if spare is None:
        return None
    chosen = {family: found.get(family, spare) for family in _FILES}
    chosen["font_family"] = chosen["sans_serif_family"]
    names = {family: name for family, (name, _) in chosen.items()}
    return Fonts(names, tuple(sorted({file for _, file in chosen.values()})))


def _files(places: Iterable[Path]) -> dict[str, str]:
    """Returns the files of fonts by their names without ending."""
    found: dict[str, str] = {}
    for place in places:
        for directory, _, names in os.walk(place):
            for name in sorted(names):
                stem, dot, suffix = name.lower().rpartition(".")
                if dot and suffix in _SUFFIXES:
                    found.setdefault(stem, str(Path(directory, name)))
            if len(found) > _MOST_FILES:
                return found
    return found


def _read(file: str) -> tuple[str, str] | None:
    """Returns the name of a font's family, and its file; None if it is no font."""
    try:
        name = ImageFont.truetype(file).getname()[0]
    except (OSError, ImportError, ValueError):
        return None
    return (name, file) if name else None
