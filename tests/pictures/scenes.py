"""What the pictures show: each scene is a terminal, and what somebody types there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from driving import Screen

from tests.pictures.svg import svg


@dataclass(frozen=True)
class Scene:
    """One picture. lines: typed one after the other, each with what then comes to the screen. last: what is done at
    the end. is_light: whether the terminal is.
    """

    title: str
    lines: tuple[tuple[str, str], ...]
    last: Callable[[Screen], None] = Screen.ready
    is_light: bool = False
    columns: int = 80
    rows: int = 28
    env: Mapping[str, str] = field(default_factory=dict)


TOUR = (
    ("const stock = new Map([['tea', { price: 3.5, sold: 12 }], ['cake', { price: 4 }]])", "^>"),
    ("stock", r"^Map\(2\)"),
    ("const fs = await import('node:fs/promises') // await and import work", "^>"),
    ("await fs.writeFile('report.csv', 'tea,42')", "^>"),
    ("[/te+a/g, new Date(0), 12n, null, true, Symbol('s'), class A {}]", r"^\["),
    ("%files", "report.csv"),
    ("for (const name of stock.keys()) console.log(name)", "^cake"),
)
ERROR = (
    ("function load(name) {\n  return require('fs').readFileSync(name) // throws\n}", "^>"),
    ("load('absent.csv')", "ENOENT"),
)
CHART = (
    (
        "const sales = [['Jan', 12], ['Feb', 19], ['Mar', 7]]",
        "^>",
    ),
    (
        "const bar = ([, sold], i) =>\n"
        '  `<rect y="${i * 30}" width="${sold * 10}" height="20" fill="teal"/>`',
        "^>",
    ),
    (
        'const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="80">\n'
        "  ${sales.map(bar).join('')}</svg>`",
        "^>",
    ),
    ("fs.writeFileSync('chart.svg', svg)", "^>"),
    ("%show chart.svg", "▀|▄|█"),
)


def _menu(screen: Screen) -> None:
    screen.type("stock.")
    screen.key("tab")
    screen.until("forEach")


SCENES = {
    "dark": Scene("A tour on a dark background", TOUR),
    "light": Scene("A tour on a light background", TOUR, is_light=True),
    "error": Scene("An error, its source line and its stack", ERROR, rows=20),
    "menu": Scene("The completions of a live value", TOUR[:2], last=_menu, rows=16),
    "narrow": Scene("Fifty columns", TOUR[:4], columns=50, rows=18),
    "chart": Scene("A chart that a session has drawn", CHART, rows=34),
    "no-color": Scene("NO_COLOR", TOUR[:5], rows=18, env={"NO_COLOR": "1"}),
}


class Painted(Screen):
    """A screen that tells its background."""

    background = b"\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\"


class PaintedLight(Screen):
    """A screen that tells its background, which is light."""

    background = b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\"


def picture(scene: Scene, home: Path) -> str:
    """Plays a scene. Returns its picture."""
    kind = PaintedLight if scene.is_light else Painted
    env = {"COLORTERM": "truecolor", **scene.env}
    with kind(home=home, columns=scene.columns, rows=scene.rows, **env) as screen:
        screen.until(r" · Node \d")
        for line, pattern in scene.lines:
            screen.ready()
            if "\n" in line:
                screen.paste(line)
                screen.key("enter")
            else:
                screen.enter(line)
            screen.until(pattern)
        screen.ready()
        if scene.last is not Screen.ready:
            scene.last(screen)
        cells = [
            [screen.screen.buffer[row][column] for column in range(scene.columns)]
            for row in range(scene.rows)
        ]
        while cells and not re.search(r"\S", "".join(cell.data for cell in cells[-1])):
            cells.pop()
        cursor = (screen.screen.cursor.y, screen.screen.cursor.x)
        return svg(cells, cursor, title=scene.title, is_light=scene.is_light)
