"""A working directory that is deleted while the prompt runs: one sentence for a relative path; others work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from noderepl.actions import load
from noderepl.errors import ConfigError, LocalFileError, NodeReplError
from noderepl.javascript.program import Action
from noderepl.magics import Context, run_magic
from noderepl.session_environment import read_environment
from noderepl.settings import read_settings

GONE = "the working directory no longer exists"


@pytest.fixture
def gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deletes the working directory."""
    place = tmp_path / "gone"
    place.mkdir()
    monkeypatch.chdir(place)
    place.rmdir()


def here(desk) -> Context:
    """The context of a prompt, whose relative paths start at the working directory of the process."""
    return replace(desk.context, directory=Path())


@pytest.mark.parametrize(
    "line",
    [
        "%upload .",
        "%upload ..",
        "%upload **",
        "%upload *.js a",
        "%npm install ./x --local",
        "%npm install . --local",
        "%download a.txt",
        "%download a.txt b.txt",
        "%download * .",
        "%load x.js",
        "%edit x.js",
        "%diff a.txt",
        "%save x.js",
        "%prof --save x 1 + 1",
    ],
)
async def test_a_relative_path_has_no_place(live, gone: None, line: str) -> None:
    """The sentence names what was typed, and that the directory is gone; no session is asked for."""
    live.snippets.append("1 + 1")
    with pytest.raises(NodeReplError, match=GONE) as caught:
        await run_magic(line, here(live))
    assert str(caught.value).count("\n") == 0


async def test_whole_paths_work(live, gone: None) -> None:
    """A file with its whole path goes up and comes down."""
    file = live.directory / "a.txt"
    file.write_text("hello")
    await run_magic(f"%upload {file}", here(live))
    await run_magic(f"%download a.txt {file}.2", here(live))
    assert Path(f"{file}.2").read_text() == "hello"


def test_files_of_the_command_line(gone: None) -> None:
    """FILE, --config and --env-file say it too."""
    with pytest.raises(LocalFileError, match=f"x.js: cannot be read: {GONE}"):
        load(Action("file", "x.js"), ())
    with pytest.raises(ConfigError, match=GONE):
        read_settings({}, environ={"NODEREPL_CONFIG": "x.toml"}, directory=Path("/nowhere"))
    with pytest.raises(LocalFileError, match=GONE):
        read_environment(["x.env"], [], environ={})
