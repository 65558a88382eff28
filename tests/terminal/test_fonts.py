"""The fonts that stand for the generic families, and the text of SVG pictures that they draw."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import features

from noderepl.outcome import Media
from noderepl.terminal.fonts import directories, installed
from noderepl.terminal.picture_files import lacks_font, picture

SIZE = (79, 20, 10, 20)
HERE = installed(directories(os.environ))
needs_fonts = pytest.mark.skipif(
    HERE is None or not features.check("freetype2"), reason="no font is installed"
)


def text(how: str, tag: str = "text") -> Media:
    """An SVG picture of one word."""
    start = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 40">'
    return Media("image/svg+xml", f'{start}<{tag} y="30" {how}>Hey</{tag}></svg>'.encode())


@needs_fonts
@pytest.mark.parametrize(
    "how",
    ["", 'font-family="sans-serif"', 'font-family="No Such"', 'style="font: 20px monospace"'],
)
def test_text_is_drawn(how: str) -> None:
    """In each generic family, without a family, and in one that is not installed."""
    assert not lacks_font(text(how))
    assert b"38;2" in picture(text(how), protocol="blocks", size=SIZE, true=True)


@needs_fonts
def test_one_font_stands_for_all(tmp_path: Path) -> None:
    """A font with any name is taken if there is no other; a file that is no font is not."""
    assert HERE is not None
    (tmp_path / "a.ttf").write_bytes(b"no font")
    assert installed([tmp_path]) is None
    (tmp_path / "b").mkdir()
    shutil.copy(HERE.files[0], tmp_path / "b" / "zz.TTF")
    found = installed([tmp_path / "absent", tmp_path])
    assert found is not None and found.files == (str(tmp_path / "b" / "zz.TTF"),)
    assert len(found.families) == 4 and len(set(found.families.values())) == 1


def test_without_a_font(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only text lacks a font."""
    monkeypatch.setattr("noderepl.terminal.picture_files.directories", lambda _: [tmp_path])
    assert lacks_font(text("")) and lacks_font(text("", "s:text"))
    assert not lacks_font(text("", "g")) and not lacks_font(Media("image/png", b"<text>"))
