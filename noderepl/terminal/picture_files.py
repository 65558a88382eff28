"""A picture's file -> the bytes by which a terminal shows it; needs Pillow, and resvg for SVG.

The file comes from a session and is not trusted: its size and its number of pixels are bounded,
only four formats are read, and SVG is drawn in a process of its own, without external resources.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import warnings
from base64 import b64encode
from collections.abc import Iterator
from itertools import groupby

from PIL import Image

from noderepl.outcome import Media
from noderepl.terminal.fonts import directories, installed
from noderepl.units import human_size

MOST_BYTES = 20_000_000
# A pixel takes up to 8 bytes while a picture is converted.
MOST_PIXELS, MOST_SIDE = 16_000_000, 16_384
SVG_SECONDS = 10
_SVG_WIDTH = 1000
_FORMATS = ("PNG", "JPEG", "GIF")
_KITTY_CHUNK = 4096
_OPAQUE = 128
_PALETTE = 128
# Columns, rows, and the width and height of a character in pixels.
Size = tuple[int, int, int, int]
_TEXT = re.compile(rb"<(?:\w+:)?text[\s>]")
# References to anything but the picture's own elements and to pictures in their text are removed.
_SVG_PROGRAM = f"""
import ctypes, json, os, re, resource, signal, sys
from xml.etree import ElementTree
if sys.platform == "linux":
    # PR_SET_PDEATHSIG: it must not outlive noderepl.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    if os.getppid() != int(sys.argv[2]):
        sys.exit(1)
resource.setrlimit(resource.RLIMIT_CPU, ({SVG_SECONDS}, {SVG_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
import resvg_py
inside = re.compile(r"\\s*(?:#|data:image/(?:png|jpeg|gif|webp)[;,])", re.IGNORECASE)
root = ElementTree.fromstring(sys.stdin.buffer.read().decode("utf-8", "replace"))
for element in root.iter():
    for name in list(element.attrib):
        if name.rpartition("}}")[2].lower() == "href" and not inside.match(element.attrib[name]):
            del element.attrib[name]
text = ElementTree.tostring(root, "unicode")
png = resvg_py.svg_to_bytes(svg_string=text, width={_SVG_WIDTH}, **json.loads(sys.argv[1]))
sys.stdout.buffer.write(bytes(png))
"""


class Unreadable(Exception):
    """A picture cannot be read; str() is the reason."""


def picture(media: Media, *, protocol: str, size: Size, true: bool) -> bytes:
    """Returns the bytes that show a picture, with a line end.

    protocol: see pictures.protocol(). size: the most columns and rows, and the size of a character
    in pixels. true: whether half blocks have 24-bit colours, not 256. Raises Unreadable.
    """
    if protocol == "blocks":  # a half block is a pixel
        size = (size[0], size[1] * 2, 1, 1)
    if len(media.data) > MOST_BYTES:
        raise Unreadable(f"it has {human_size(len(media.data))}, more than 20 MB")
    data = _svg(media.data) if media.mime == "image/svg+xml" else media.data
    try:
        image, (columns, rows) = _opened(data, size)
    except Unreadable:
        raise
    except Exception as error:
        # Pillow raises whatever a damaged file leads to.
        raise Unreadable("it is not a valid PNG, JPEG, GIF or SVG file") from error
    largest = columns * size[2], rows * size[3]
    if image.width > largest[0] or image.height > largest[1]:
        image = image.resize(largest)
    image = image.convert("RGBA")
    if protocol == "kitty":
        return _kitty(_png(image), columns, rows)
    if protocol == "iterm":
        return _iterm(_png(image), columns, rows)
    return _sixel(image) if protocol == "sixel" else _blocks(image, true)


def fitting(width: int, height: int, size: Size) -> tuple[int, int]:
    """Returns the columns and rows of a picture: its own size, or less if there is less room.

    width, height: in pixels. size: as for picture().
    """
    most_columns, most_rows, cell_width, cell_height = size
    scale = min(1.0, most_columns * cell_width / width, most_rows * cell_height / height)
    columns, rows = width * scale / cell_width, height * scale / cell_height
    return min(max(round(columns), 1), most_columns), min(max(round(rows), 1), most_rows)


def _opened(data: bytes, size: Size) -> tuple[Image.Image, tuple[int, int]]:
    """Returns a picture with three or four channels, and its columns and rows.

    size: as for picture(). Raises Unreadable, and any error of Pillow.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # about sizes that are an attack
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise Unreadable(f"it has more than {MOST_PIXELS // 1_000_000} million pixels")
            if max(opened.size) > MOST_SIDE:
                raise Unreadable(f"it has more than {MOST_SIDE:,} pixels in a row or a column")
            shown = fitting(opened.width, opened.height, size)
            opened.draft("RGB", (shown[0] * size[2], shown[1] * size[3]))
            # Each copy of a large picture takes 64 MB.
            if opened.mode not in ("RGB", "RGBA") or "transparency" in opened.info:
                return opened.convert("RGBA"), shown
            opened.load()
            return opened, shown


def lacks_font(media: Media) -> bool:
    """Tells whether a picture is an SVG file with text and no font is installed to draw it."""
    is_text = media.mime == "image/svg+xml" and _TEXT.search(media.data)
    return bool(is_text) and installed(directories(os.environ)) is None


def _svg(data: bytes) -> bytes:
    """Returns an SVG file as a PNG file."""
    if b"<!ENTITY" in data:
        raise Unreadable("its SVG has entities")
    # resvg has no font for a family that is not installed, nor for sans-serif, unless it is named.
    fonts = installed(directories(os.environ)) if _TEXT.search(data) else None
    how = {**fonts.families, "font_files": fonts.files} if fonts else {}
    try:
        ran = subprocess.run(
            [sys.executable, "-I", "-c", _SVG_PROGRAM, json.dumps(how), str(os.getpid())],
            input=data,
            capture_output=True,
            timeout=SVG_SECONDS,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unreadable("its SVG takes too long to draw") from error
    if b"ModuleNotFoundError" in ran.stderr:
        raise Unreadable("SVG needs resvg-py, which pip install 'noderepl[images]' adds")
    if ran.returncode or not ran.stdout:
        raise Unreadable("its SVG is invalid or too large")
    return ran.stdout


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _kitty(png: bytes, columns: int, rows: int) -> bytes:
    code = b64encode(png)
    parts = [code[at : at + _KITTY_CHUNK] for at in range(0, len(code), _KITTY_CHUNK)]
    written = []
    for number, part in enumerate(parts, 1):
        # q=2: the terminal does not answer.
        head = f"a=T,f=100,q=2,c={columns},r={rows}," if number == 1 else ""
        more = int(number < len(parts))
        written.append(b"\x1b_G%bm=%d;%b\x1b\\" % (head.encode(), more, part))
    return b"".join([*written, b"\r\n"])


def _iterm(png: bytes, columns: int, rows: int) -> bytes:
    how = f"inline=1;size={len(png)};width={columns};height={rows};preserveAspectRatio=1"
    return b"\x1b]1337;File=%b:%b\x07\r\n" % (how.encode(), b64encode(png))


def _sixel(image: Image.Image) -> bytes:
    """Returns a picture in sixels: bands of six rows, and in each band one line for each colour."""
    opaque = Image.new("RGBA", image.size, (0, 0, 0, 255))
    opaque.alpha_composite(image)
    indexed = opaque.convert("RGB").quantize(_PALETTE)
    palette, pixels = indexed.getpalette() or [], indexed.tobytes()
    width, height = indexed.size
    parts = [f'\x1bP0;1;0q"1;1;{width};{height}']
    for number in range(len(palette) // 3):
        red, green, blue = (value * 100 // 255 for value in palette[number * 3 : number * 3 + 3])
        parts.append(f"#{number};2;{red};{green};{blue}")
    for top in range(0, height, 6):
        lines: dict[int, bytearray] = {}
        for bit, row in enumerate(range(top, min(top + 6, height))):
            for column, colour in enumerate(pixels[row * width : (row + 1) * width]):
                line = lines.get(colour)
                if line is None:
                    line = lines[colour] = bytearray(width)
                line[column] |= 1 << bit
        parts.append("$".join(f"#{colour}{_run(line)}" for colour, line in lines.items()) + "-")
    return "".join([*parts, "\x1b\\\r\n"]).encode()


def _run(line: bytearray) -> str:
    """Returns a line of sixels; equal ones are counted."""
    texts = []
    for value, group in groupby(line):
        count, character = len(list(group)), chr(63 + value)
        texts.append(f"!{count}{character}" if count > 3 else character * count)
    return "".join(texts)


def _blocks(image: Image.Image, true: bool) -> bytes:
    """Returns a picture of half blocks: each character has a pixel above and one below."""
    lines = []
    image = image.crop((0, 0, image.width, image.height + image.height % 2))  # a transparent row
    for top in range(0, image.height, 2):
        cells = (
            _cell(image.getpixel((x, top)), image.getpixel((x, top + 1)), true)
            for x in range(image.width)
        )
        lines.append("".join(_changes(cells)).rstrip(" "))
    return "".join(f"{line}\x1b[0m\r\n" for line in lines).encode()


def _changes(cells: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Yields the characters, with their colours where these change."""
    last = ""
    for colour, character in cells:
        yield character if colour == last else f"\x1b[0{colour}m{character}"
        last = colour


def _cell(upper: object, lower: object, true: bool) -> tuple[str, str]:
    """Returns the colours and the character of two pixels; a transparent one has no colour."""
    assert isinstance(upper, tuple) and isinstance(lower, tuple)
    above = _colour(upper, true) if upper[3] >= _OPAQUE else ""
    below = _colour(lower, true) if lower[3] >= _OPAQUE else ""
    if above and below:
        return f";38;{above};48;{below}", "▀"
    if above:
        return f";38;{above}", "▀"
    return (f";38;{below}", "▄") if below else ("", " ")


def _colour(pixel: tuple[int, ...], true: bool) -> str:
    red, green, blue = pixel[:3]
    if true:
        return f"2;{red};{green};{blue}"
    # The cube of 6 * 6 * 6 colours.
    steps = [0 if value < 48 else min((value - 35) // 40, 5) for value in (red, green, blue)]
    return f"5;{16 + 36 * steps[0] + 6 * steps[1] + steps[2]}"
