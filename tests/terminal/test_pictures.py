"""Pictures: how a terminal shows them, and what is refused."""

from __future__ import annotations

import base64
import io
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from driving import descendants, wait_for
from PIL import Image

from noderepl.outcome import Execution, Media, Picture, Status, Words
from noderepl.terminal.drawing import Drawing
from noderepl.terminal.picture_files import Unreadable, fitting, picture
from noderepl.terminal.pictures import Pictures, protocol
from noderepl.terminal.streams import Stream
from noderepl.terminal.themes import load_theme

THEMES = Path(__file__).parents[2] / "themes"
SIZE = (79, 20, 10, 20)
RED, BLUE, CLEAR = (255, 0, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)


def file_of(image: Image.Image, kind: str = "PNG") -> Media:
    """A picture as a file."""
    file = io.BytesIO()
    image.save(file, kind)
    return Media(f"image/{kind.lower()}", file.getvalue())


def svg(content: str, head: str = "") -> Media:
    """An SVG file of 100 by 40 units."""
    start = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink"'
    return Media("image/svg+xml", f'{head}{start} viewBox="0 0 100 40">{content}</svg>'.encode())


def two_rows() -> Image.Image:
    """A picture of two by four pixels."""
    image = Image.new("RGBA", (2, 4), CLEAR)
    for place, colour in {(0, 0): RED, (0, 1): BLUE, (1, 1): RED, (0, 2): RED}.items():
        image.putpixel(place, colour)
    return image


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"LC_TERMINAL": "iTerm2"}, "iterm"),
        ({"TERM": "foot"}, "sixel"),
        ({"KONSOLE_VERSION": "230800"}, "sixel"),
        ({"KONSOLE_VERSION": "2x"}, "blocks"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "blocks"),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1", "TMUX": "x"}, "blocks"),
        ({"TERM": "screen", "TERM_PROGRAM": "iTerm.app", "STY": "x"}, "blocks"),
        ({}, "blocks"),
    ],
)
def test_protocol(environ: Mapping[str, str], expected: str) -> None:
    """The environment decides, and a multiplexer takes no pictures."""
    assert protocol(environ) == expected


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (10, 20, (1, 1)),
        (100, 100, (10, 5)),
        (1580, 40, (79, 1)),
        (10, 8000, (1, 20)),
        (1, 1, (1, 1)),
    ],
)
def test_a_picture_fits(width: int, height: int, expected: tuple[int, int]) -> None:
    """It has its own size at most, and no dimension is 0."""
    assert fitting(width, height, SIZE) == expected


def test_blocks() -> None:
    """Each character has two pixels; transparent ones have no colour."""
    shown = picture(file_of(two_rows()), protocol="blocks", size=(2, 2, 1, 2), true=True)
    assert shown.decode() == (
        "\x1b[0;38;2;255;0;0;48;2;0;0;255m▀\x1b[0;38;2;255;0;0m▄\x1b[0m\r\n"
        "\x1b[0;38;2;255;0;0m▀\x1b[0m\x1b[0m\r\n"
    )
    few = picture(file_of(two_rows()), protocol="blocks", size=(2, 2, 1, 2), true=False)
    assert few.startswith(b"\x1b[0;38;5;196;48;5;21m")


@pytest.mark.parametrize(
    ("width", "height", "columns", "rows"),
    [(8, 8, 8, 4), (16, 7, 16, 4), (160, 100, 64, 20), (1, 1, 1, 1), (1580, 40, 79, 1)],
)
def test_a_half_block_is_a_pixel(width: int, height: int, columns: int, rows: int) -> None:
    """A small picture has its own pixels, and a larger one as many as there is room for."""
    image = Image.new("RGB", (width, height), "red")
    shown = picture(file_of(image), protocol="blocks", size=SIZE, true=True).decode()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", shown).split("\r\n")
    assert [*map(len, lines)] == [columns] * rows + [0]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_kitty(kind: str) -> None:
    """A PNG in chunks of 4096 characters, without an answer of the terminal."""
    noise = Image.effect_noise((300, 100), 100)
    shown = picture(file_of(noise, kind), protocol="kitty", size=SIZE, true=True)
    parts = re.findall(rb"\x1b_G([^;]*);([^\x1b]*)\x1b\\", shown)
    assert parts[0][0] == b"a=T,f=100,q=2,c=30,r=5,m=1" and parts[-1][0] == b"m=0"
    assert all(len(code) <= 4096 for _, code in parts) and shown.endswith(b"\x1b\\\r\n")
    png = base64.b64decode(b"".join(code for _, code in parts))
    assert Image.open(io.BytesIO(png), formats=["PNG"]).size == (300, 100)


def test_iterm() -> None:
    """A PNG of the size that is shown, at most."""
    shown = picture(file_of(Image.new("L", (4000, 300))), protocol="iterm", size=SIZE, true=True)
    found = re.fullmatch(rb"\x1b\]1337;File=(.*):(.*)\x07\r\n", shown)
    assert found is not None
    png = base64.b64decode(found[2])
    assert Image.open(io.BytesIO(png)).size == (790, 60)
    assert found[1] == b"inline=1;size=%d;width=79;height=3;preserveAspectRatio=1" % len(png)


def test_sixel() -> None:
    """Bands of six rows, with equal sixels counted."""
    image = Image.new("RGB", (10, 8), "red")
    shown = picture(file_of(image), protocol="sixel", size=SIZE, true=True).decode()
    assert shown.startswith('\x1bP0;1;0q"1;1;10;8#0;2;100;0;0')
    assert shown.endswith("#0!10~-#0!10B-\x1b\\\r\n")


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        (Media("image/png", b"\x89PNG\r\n\x1a\n" + b"x" * 100), "not a valid PNG"),
        (Media("image/png", b""), "not a valid PNG"),
        (Media("image/png", b"0" * 20_000_001), "more than 20 MB"),
        (file_of(Image.new("1", (10_000, 6_000))), "more than 16 million pixels"),
        (file_of(Image.new("1", (20_000, 10_000))), "not a valid PNG"),
        (file_of(Image.new("L", (9, 9)), "TIFF"), "not a valid PNG"),
        (Media("image/svg+xml", b"<svg"), "invalid or too large"),
        (svg("", '<!DOCTYPE svg [<!ENTITY a "b">]>'), "entities"),
    ],
)
def test_refused(media: Media, reason: str) -> None:
    """What is too large, or no picture, has a reason."""
    with pytest.raises(Unreadable, match=reason):
        picture(media, protocol="blocks", size=SIZE, true=True)


def test_svg_loads_nothing(tmp_path: Path) -> None:
    """Neither a file of this machine nor an address; what is inside is drawn."""
    file = tmp_path / "secret.png"
    Image.new("RGB", (100, 40), "red").save(file)

    def shown(content: str) -> str:
        return picture(svg(content), protocol="blocks", size=SIZE, true=True).decode()

    for attribute in (
        f'href="{file}"',
        f"x:href = '{file}'",
        f'href="file://{file}"',
        # An attribute whose value looks like the beginning of another one.
        f'title="href=\'#" href="{file}" id="\'"',
        f"href='&#{ord(str(file)[0])};{str(file)[1:]}'",
        f'x:href="{file}" href="{file}"',
    ):
        assert "38;2" not in shown(f'<image {attribute} width="100" height="40"/>')
    code = base64.b64encode(file.read_bytes()).decode()
    inside = f'<image href="data:image/png;base64,{code}" width="100" height="40"/>'
    assert "255;0;0" in shown(inside)
    assert "255;0;0" in shown(
        '<defs><rect id="a" width="9" height="9" fill="red"/></defs><use href="#a"/>'
    )


async def test_outcomes_at_a_terminal() -> None:
    """The pictures of a snippet, and one that was asked for; a sentence where there is no terminal."""
    environ = {"TERM": "xterm-kitty"}
    one = file_of(two_rows())
    broken = Media("image/png", b"no")
    primary, secondary = os.openpty()
    with os.fdopen(secondary, "w") as terminal, Path(os.devnull).open("w") as pipe:
        for file, color, expected in (
            (terminal, "auto", [b"\x1b_Ga=T", b"The picture cannot be drawn: it is not"]),
            (terminal, "never", []),
            (pipe, "auto", []),
        ):
            stream = Stream(file, None, color, environ)  # type: ignore[arg-type]
            drawing = Drawing(stream, stream, load_theme("default", [THEMES]), environ)
            pictures = Pictures(drawing, stream, environ)
            media = (one, broken, Media("text/html", b""))
            drawn = await pictures.drawn(Execution(Status.OK, media=media))
            assert [
                start for _, data, _ in drawn for start in expected if start in data
            ] == expected
            assert await pictures.drawn(Words("a")) == []
            asked = b"".join(data for _, data, _ in await pictures.drawn(Picture(one, "a")))
            assert (b"\x1b_G" in asked) == bool(expected) and asked
    os.close(primary)


async def test_without_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence names the extra, once in a run."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.delitem(sys.modules, "noderepl.terminal.picture_files")
    primary, secondary = os.openpty()
    with os.fdopen(secondary, "w") as terminal:
        stream = Stream(terminal, None, "auto", {})
        drawing = Drawing(stream, stream, load_theme("default", [THEMES]), {})
        pictures = Pictures(drawing, stream, {})
        shown = Execution(Status.OK, media=(Media("image/png", b""),))
        assert b"noderepl[images]" in b"".join(data for _, data, _ in await pictures.drawn(shown))
        assert await pictures.drawn(shown) == []
    os.close(primary)


MEMORY = """
import io, re, sys
from PIL import Image
from noderepl.outcome import Media
from noderepl.terminal.picture_files import picture
mode, transparency = sys.argv[1:]
options = {"transparency": (1, 2, 3)} if transparency else {}
file = io.BytesIO()
Image.new(mode, (4000, 4000)).save(file, "PNG", **options)
picture(Media("image/png", file.getvalue()), protocol="kitty", size=(80, 20, 8, 16), true=True)
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.parametrize("how", [("RGBA", ""), ("RGB", ""), ("RGB", "1"), ("P", ""), ("LA", "")])
def test_the_largest_picture_takes_bounded_memory(how: tuple[str, str]) -> None:
    """At most two copies of 64 MB, besides what the program that makes the picture needs."""
    ran = subprocess.run(
        [sys.executable, "-c", MEMORY, *how], check=True, capture_output=True, text=True
    )
    assert int(ran.stdout) < 210_000


def test_a_drawing_ends_with_the_program() -> None:
    """The process that draws SVG does not outlive the one that asked for it."""
    filters = "<feTurbulence baseFrequency='0.9' numOctaves='200'/>" * 60
    slow = svg(f"<filter id='f'>{filters}</filter><rect width='99' height='39' filter='url(#f)'/>")
    program = (
        "import sys; from noderepl.outcome import Media; from noderepl.terminal.picture_files import picture\n"
        "picture(Media('image/svg+xml', sys.stdin.buffer.read()), protocol='blocks', size=(9, 9, 8, 16), true=True)"
    )
    asking = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
    assert asking.stdin is not None
    asking.stdin.write(slow.data)
    asking.stdin.close()
    while not (drawing := descendants(asking.pid)):
        time.sleep(0.02)
    asking.kill()
    asking.wait()
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in drawing), 5)


def test_large_and_odd_pictures_take_little() -> None:
    """A long text in SVG is drawn; more than 16 million pixels, or 16,384 in a row, are refused."""
    long = svg(f"<title>{'a' * 1_000_000}</title><rect width='99' height='39' fill='red'/>")
    assert b"255;0;0" in picture(long, protocol="blocks", size=SIZE, true=True)
    for size in ((5000, 4000), (20_000, 2)):
        data = io.BytesIO()
        Image.new("1", size).save(data, "PNG")
        with pytest.raises(Unreadable, match="pixels"):
            picture(
                Media("image/png", data.getvalue()),
                protocol="blocks",
                size=(80, 20, 8, 16),
                true=True,
            )
