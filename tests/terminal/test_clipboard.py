"""The clipboard: the programs and the sequences."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from noderepl.errors import LocalFileError
from noderepl.terminal.clipboard import MOST_BYTES, copy, sequence
from noderepl.terminal.streams import Stream


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with a clipboard of each kind, each of which writes to a file of its name."""
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("pbcopy", "wl-copy", "xclip", "xsel", "tmux"):
        file = place / name
        file.write_text(f"#!/bin/sh\n/bin/cat > {tmp_path}/{name}\n")
        file.chmod(0o700)
    monkeypatch.setenv("PATH", str(place))
    return place


@pytest.mark.parametrize(
    ("environ", "left_out", "used"),
    [
        ({}, "", "pbcopy"),
        ({"WAYLAND_DISPLAY": "w", "DISPLAY": ":0"}, "pbcopy", "wl-copy"),
        ({"DISPLAY": ":0"}, "pbcopy", "xclip"),
        ({"DISPLAY": ":0"}, "pbcopy xclip", "xsel"),
        ({"DISPLAY": ":0", "SSH_TTY": "/dev/pts/1", "TMUX": "a"}, "", "tmux"),
    ],
)
async def test_program(
    programs: Path, tmp_path: Path, environ: Mapping[str, str], left_out: str, used: str
) -> None:
    """The desktop's own program copies, tmux over ssh."""
    for name in left_out.split():
        (programs / name).unlink()
    await copy("é\n", environ, None)
    assert (tmp_path / used).read_text() == "é\n"
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == [used]


async def test_a_program_that_fails_is_passed_over(programs: Path, tmp_path: Path) -> None:
    """Then the next one copies."""
    (programs / "xclip").write_text("#!/bin/sh\nexit 1\n")
    (programs / "pbcopy").unlink()
    await copy("a", {"DISPLAY": ":0"}, None)
    assert (tmp_path / "xsel").read_text() == "a"


def test_sequence() -> None:
    """A terminal copies by OSC 52; multiplexers pass it on in sequences of their own."""
    assert sequence(b"ab", {}) == b"\x1b]52;c;YWI=\x07"
    assert sequence(b"ab", {"TMUX": "x"}) == b"\x1bPtmux;\x1b\x1b]52;c;YWI=\x07\x1b\\"
    wrapped = sequence(b"a" * 300, {"STY": "x"})
    parts = wrapped.removeprefix(b"\x1bP").removesuffix(b"\x1b\\").split(b"\x1b\\\x1bP")
    assert len(parts) == 2
    assert b"".join(parts) == b"\x1b]52;c;%b\x07" % b64encode(b"a" * 300)


async def test_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over ssh the terminal gets the sequence; a longer text is refused with its size."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with (tmp_path / "screen").open("w+") as file:
        stream = Stream(file, None, "never", {})
        await copy("a", {"SSH_CONNECTION": "x"}, stream)
        await copy("\x1b]0;x\x07\ud800", {}, stream)
        with pytest.raises(LocalFileError, match=r"has 75.0 kB, and a terminal copies"):
            await copy("a" * (MOST_BYTES + 1), {}, stream)
        file.seek(0)
        code = b64encode(b"\x1b]0;x\x07?").decode()
        assert file.read() == f"\x1b]52;c;YQ==\x07\x1b]52;c;{code}\x07"
    with pytest.raises(LocalFileError, match="there is no clipboard"):
        await copy("a", {}, None)
