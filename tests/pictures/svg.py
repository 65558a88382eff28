"""The cells of a screen -> an SVG file of text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from pyte.screens import Char

WIDTH, HEIGHT, MARGIN = 8.4, 19, 14
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
# The sixteen colours of VS Code, by pyte's names.
COLOURS = {
    "black": "#000000",
    "red": "#cd3131",
    "green": "#0dbc79",
    "brown": "#b5a000",
    "blue": "#2472c8",
    "magenta": "#bc3fbc",
    "cyan": "#11a8cd",
    "white": "#e5e5e5",
    "brightblack": "#666666",
    "brightred": "#f14c4c",
    "brightgreen": "#23d18b",
    "brightbrown": "#f5f543",
    "brightblue": "#3b8eea",
    "brightmagenta": "#d670d6",
    "brightcyan": "#29b8db",
    "brightwhite": "#ffffff",
}


def svg(
    rows: Sequence[Sequence[Char]], cursor: tuple[int, int], *, title: str, is_light: bool
) -> str:
    """Returns the picture of a screen. rows: its cells. cursor: its row and column, from 0."""
    foreground, background = ("#1f2328", "#ffffff") if is_light else ("#d4d4d4", "#1e1e1e")

    def look(cell: Char) -> tuple[str, str, bool, bool, bool]:
        colours = [
            default if name == "default" else COLOURS.get(name, f"#{name}")
            for name, default in ((cell.fg, foreground), (cell.bg, background))
        ]
        front, back = reversed(colours) if cell.reverse else colours
        return front, back, cell.bold, cell.italics, cell.underscore

    width, height = WIDTH * max(map(len, rows)) + 2 * MARGIN, HEIGHT * len(rows) + 2 * MARGIN
    parts = []
    for row, cells in enumerate(rows):
        column = 0
        for (front, back, bold, italics, underline), group in groupby(cells, look):
            run = [cell.data for cell in group]
            text = "".join(run)
            x, y = MARGIN + column * WIDTH, MARGIN + row * HEIGHT
            column += len(run)
            if back != background:
                size = f'width="{len(run) * WIDTH:.1f}" height="{HEIGHT}"'
                parts.append(f'<rect x="{x:.1f}" y="{y}" {size} fill="{back}"/>')
            if shown := text.strip():
                x += (len(text) - len(text.lstrip())) * WIDTH
                marks = ' font-weight="bold"' * bold + ' font-style="italic"' * italics
                marks += ' text-decoration="underline"' * underline
                marks += f' textLength="{len(shown) * WIDTH:.1f}"'
                parts.append(
                    f'<text x="{x:.1f}" y="{y + 14}" fill="{front}"{marks}>{escape(shown)}</text>'
                )
    x, y = MARGIN + cursor[1] * WIDTH, MARGIN + cursor[0] * HEIGHT
    parts.append(
        f'<rect x="{x:.1f}" y="{y + 1}" width="{WIDTH:.1f}" height="{HEIGHT - 2}" fill="{foreground}" opacity="0.6"/>'
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="100%" height="100%" rx="8" fill="{background}" stroke="#8b949e" stroke-width="0.5"/>',
            f'<g font-family="{FONT}" font-size="14" xml:space="preserve">',
            *parts,
            "</g>",
            "</svg>\n",
        ]
    )
