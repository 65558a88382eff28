"""%show, in a session and without one."""

from __future__ import annotations

import base64
import io
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from PIL import Image

from noderepl.dispatcher import Dispatcher
from noderepl.errors import LocalFileError, NodeReplError, UsageError
from noderepl.magics import run_magic
from noderepl.magics.show import open_in_viewer
from noderepl.outcome import Media, Picture


def png() -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(file, "PNG")
    return file.getvalue()


async def test_results_and_files_are_shown(
    dispatch: Callable[..., Awaitable[Dispatcher]],
) -> None:
    """What a snippet displays, bytes and SVG by their number, and files."""
    dispatcher = await dispatch()
    code = base64.b64encode(png()).decode()

    async def shown(line: str) -> Media:
        (outcome,) = await dispatcher.run_line(line)
        assert isinstance(outcome, Picture)
        return outcome.media

    await dispatcher.run_line(f"$$.png('{code}')")
    assert await shown("%show") == Media("image/png", png())
    for line in (f"Buffer.from('{code}', 'base64')", "'<svg xmlns=\"a\"/>'", "'<p>'", "1", "let a"):
        await dispatcher.run_line(line)
    assert await shown("%show 2") == Media("image/png", png())
    assert await shown("%show _3") == Media("image/svg+xml", b'<svg xmlns="a"/>')
    await (await dispatcher.backend.session()).write("a.png", png())
    for name in ("a.png", "./a.png", "/mnt/data/a.png"):
        assert await shown(f"%show {name}") == Media("image/png", png())
    for line, sentence in {
        "%show": "the last result is not a picture",
        "%show 4": "is HTML: --open",
        "%show 5": "_5 is not a picture",
        "%show 6": "does not have _6",
        "%show b.png": "no file 'b.png'",
    }.items():
        with pytest.raises(NodeReplError, match=sentence):
            await dispatcher.run_line(line)


async def test_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The desktop's program gets a private file with the right extension."""
    program = tmp_path / "xdg-open"
    program.write_text(f'#!/bin/sh\n/bin/cp -p "$1" {tmp_path}/got\necho "$1" > {tmp_path}/name\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    await open_in_viewer(Media("text/html", b"<p>"), {"DISPLAY": ":0"})
    assert (tmp_path / "got").read_bytes() == b"<p>"
    path = Path((tmp_path / "name").read_text().strip())
    assert path.suffix == ".html" and path.parent.stat().st_mode & 0o77 == 0
    assert (path.parent / "lock").exists()
    program.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(LocalFileError, match="ended with exit code 3"):
        await open_in_viewer(Media("image/png", b""), {"WAYLAND_DISPLAY": "w"})
    with pytest.raises(LocalFileError, match="no desktop"):
        await open_in_viewer(Media("image/png", b""), {})


async def test_nothing_to_show(desk) -> None:
    """Before the first snippet."""
    with pytest.raises(UsageError, match="no snippet has run yet"):
        await run_magic("%show", desk.context)
