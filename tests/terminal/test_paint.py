"""The sequences of a style without prompt_toolkit are those that prompt_toolkit writes."""

import subprocess
import sys

import pytest

from noderepl.terminal.paint import Paint, _simple_sequence, colour_depth
from noderepl.terminal.pieces import Piece
from noderepl.terminal.style_names import MEANINGS
from noderepl.terminal.themes import ANSI, Theme, load_theme, shipped_directory, theme_names

DEPTHS = ("DEPTH_24_BIT", "DEPTH_8_BIT", "DEPTH_4_BIT")
RULES = [
    "", "bold", "dim italic", "strike reverse", "blink underline bold", "ansigray", "ansiwhite", "ansibrightblack bold",
    "#12ab3F", "#12ab3F dim", *(f"ansi{name}" for name in ANSI), *(f"ansibright{name} underline" for name in ANSI),
]  # fmt: skip
ONLY_PROMPT_TOOLKIT = [
    "default", "ansidefault", "#abc", "bg:ansired", "fg:#123456", "ansired ansiblue", "bold nobold", "bold bold", "noinherit ansired",
]  # fmt: skip


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("name", theme_names([shipped_directory()]))
def test_every_style_of_a_shipped_theme(name, depth):
    """Each style, dark and light, in each depth."""
    for background in (None, "dark", "light"):
        paint = Paint(load_theme(name, [shipped_directory()], background), depth)
        for meaning in MEANINGS:
            assert paint.start(meaning.name) == paint._sequence(meaning.name), meaning.name


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("rule", RULES)
def test_every_kind_of_word(rule, depth):
    """Attributes and colours, alone and together."""
    paint = Paint(Theme("own", styles={"note": rule}), depth)
    simple = _simple_sequence(rule, depth)
    assert paint.start("note") == paint._sequence("note")
    assert simple == paint._sequence("note") or (simple is None and depth != "DEPTH_24_BIT")


@pytest.mark.parametrize("rule", ONLY_PROMPT_TOOLKIT)
def test_what_only_prompt_toolkit_knows(rule):
    """Backgrounds, short colours and words that undo others."""
    assert _simple_sequence(rule, "DEPTH_24_BIT") is None
    paint = Paint(Theme("own", styles={"note": rule}), "DEPTH_24_BIT")
    assert paint.start("note") == paint._sequence("note")


def test_a_shipped_theme_needs_no_prompt_toolkit():
    """Output of a script in colour does not import it."""
    code = f"""import sys
from pathlib import Path
from noderepl.terminal.paint import Paint, colour_depth
from noderepl.terminal.pieces import Piece
from noderepl.terminal.themes import load_theme
for background in (None, "dark", "light"):
    theme = load_theme("default", [Path({str(shipped_directory())!r})], background)
    print(Paint(theme, colour_depth({{"COLORTERM": "truecolor"}}))(Piece("value-number", "1")))
print("prompt_toolkit" in sys.modules)"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, *_, is_imported = ran.stdout.splitlines()
    assert first == "\x1b[0;36m1\x1b[0m" and is_imported == "False"


def test_the_depth_of_a_terminal():
    """COLORTERM counts before TERM."""
    assert colour_depth({"COLORTERM": "truecolor", "TERM": "linux"}) == "DEPTH_24_BIT"
    assert colour_depth({"TERM": "linux"}) == "DEPTH_4_BIT"
    assert colour_depth({"TERM": "xterm"}) == "DEPTH_8_BIT"


def test_each_line_has_its_own_sequence():
    """A line end is not coloured."""
    paint = Paint(Theme("own", styles={"note": "bold"}), "DEPTH_8_BIT")
    assert paint(Piece("note", "a\n\nb")) == "\x1b[0;1ma\x1b[0m\n\n\x1b[0;1mb\x1b[0m"
