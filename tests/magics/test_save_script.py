"""%save --script, in a session and without one."""

from __future__ import annotations

import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from noderepl.dispatcher import Dispatcher
from noderepl.errors import LocalFileError, UsageError
from noderepl.magics import run_magic
from noderepl.outcome import Execution, Failure, Saved, Status, Value
from noderepl.sessions.journal import Npm, Snippet


async def test_a_session_becomes_a_program(
    dispatch: Callable[..., Awaitable[Dispatcher]], node, tmp_path: Path
) -> None:
    """What succeeded runs by node to the same end; what failed is left out."""
    dispatcher = await dispatch()
    for line in (
        "const a = 1",
        "const a = await Promise.resolve(20)",
        "nowhere.at.all",
        "a + 1",
        "import {join} from 'path'; b = _ * 2",
        "console.log(join('x', String(b)), _4, path.sep)",
    ):
        await dispatcher.run_line(line)
    saved, *_ = await dispatcher.run_line(f"%save {tmp_path}/session --script")
    path = tmp_path / "session.mjs"
    assert isinstance(saved, Saved) and saved.path == path
    ran = subprocess.run([node.path, path], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("x/42 21 /\n", "")


def ran(desk, *texts: str) -> None:
    """Makes the journal of a session in which these snippets succeeded."""
    for number, text in enumerate(texts, 1):
        desk.state.journal.add(Snippet(text, number))


@pytest.mark.parametrize(
    ("texts", "line", "name"),
    [
        (["1"], "%save a --script", "a.js"),
        (["1"], "%save --script a.cjs", "a.cjs"),
        (["await 1"], "%save a --script", "a.mjs"),
        (["let a: number = 1"], "%save a --script", "a.ts"),
        (["1"], "%save a.mts --script", "a.mts"),
    ],
)
async def test_the_name(desk, node_on_path: Path, texts: list[str], line: str, name: str) -> None:
    """A name without an extension gets the one by which Node.js runs the program."""
    desk.node = node_on_path
    ran(desk, *texts)
    (saved,) = await run_magic(line, desk.context)
    assert isinstance(saved, Saved) and saved.path == desk.directory / name
    assert saved.path.read_text() == f"{texts[0]}\n"


@pytest.mark.parametrize(
    ("texts", "line", "sentence"),
    [
        ([], "%save a --script", "no snippet of this session has succeeded"),
        (["1"], "%save a.txt --script", "ends with .js, .mjs"),
        (["await 1"], "%save a.cjs --script", "name the script a.mjs"),
        (["let a: number"], "%save a.js --script", "name the script a.ts"),
        (["1"], "%save a.js --script --result", "only one of"),
    ],
)
async def test_refused(desk, texts: list[str], line: str, sentence: str) -> None:
    """A name that does not fit is refused, and nothing is written."""
    desk.snippets += texts
    ran(desk, *texts)
    with pytest.raises(UsageError, match=sentence):
        await run_magic(line, desk.context)
    assert [path.name for path in desk.directory.iterdir()] == ["home"]


async def test_an_invalid_program_is_not_written(desk, node_on_path: Path) -> None:
    """What a module cannot have is reported with its line."""
    desk.node = node_on_path
    ran(desk, "await 1", "var a = 010")
    (failure,) = await run_magic("%save a --script", desk.context)
    assert isinstance(failure, Failure)
    assert "line 2 (var a = 010) is not valid: SyntaxError: Octal" in failure.text
    assert [path.name for path in desk.directory.iterdir()] == ["home"]


async def test_a_file_is_replaced_only_with_force(desk, node_on_path: Path) -> None:
    """As without --script."""
    desk.node = node_on_path
    ran(desk, "1")
    (desk.directory / "a.js").write_text("precious")
    with pytest.raises(LocalFileError, match="already exists"):
        await run_magic("%save a.js --script", desk.context)
    await run_magic("%save a --script --force", desk.context)
    assert (desk.directory / "a.js").read_text() == "1\n"


async def test_the_session_checks_where_there_is_no_node(live) -> None:
    """Without a local Node.js, that of the session finds the error."""
    ran(live, "await 1", "var a = 010")
    (failure,) = await run_magic("%save a --script", live.context)
    assert isinstance(failure, Failure) and "line 2 (var a = 010)" in failure.text
    live.state.journal.done.pop()
    (saved,) = await run_magic("%save a --script", live.context)
    assert isinstance(saved, Saved)


async def test_lost_steps_are_part_of_it(desk, node_on_path: Path) -> None:
    """Steps of a lost session that were not replayed come first."""
    desk.node = node_on_path
    desk.state.journal.add(Npm(("install", "ms")))
    ran(desk, "let a = 1")
    desk.state.observe(
        Execution(Status.OK, value=Value("1", 1), is_allocated=True, number=1), by_prelude=False
    )
    desk.state.journal.lose()
    ran(desk, "a = 2")
    await run_magic("%save a --script", desk.context)
    text = (desk.directory / "a.js").read_text()
    assert text == "// %npm install ms\nlet a = 1\na = 2\n"
