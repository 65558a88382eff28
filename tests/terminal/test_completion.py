"""What Tab offers after a magic that takes a file: paths quoted as a shell would, whatever is typed of them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from noderepl.magics import MAGICS
from noderepl.terminal.completion import SnippetCompleter


@pytest.fixture
def complete(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Gives the lines that a typed line may become."""
    (tmp_path / "my dir").mkdir()
    (tmp_path / "my dir/it's.csv").touch()
    (tmp_path / "data.csv").touch()

    async def no_files(directory: str) -> tuple[str, ...]:
        return ()

    completer = SnippetCompleter(
        magics=tuple(MAGICS),
        themes=lambda: ("dark", "default"),
        remote_files=no_files,
        live=None,
        typed=tuple,
        directory=tmp_path,
        sessions=lambda: ("work", "play"),
    )

    def lines(typed: str) -> list[str]:
        found = completer.get_completions(Document(typed), CompleteEvent())
        return [typed[: len(typed) + one.start_position] + one.text for one in found]

    return lines


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        ("%upload da", "data.csv"),
        ("%upload my", "my dir/"),
        ("%upload 'my d", "my dir/"),
        ('%upload "my d', "my dir/"),
        (r"%upload my\ d", "my dir/"),
        ("%upload 'my dir/'", "my dir/it's.csv"),
        (r"%upload my\ dir/it\'s", "my dir/it's.csv"),
        ("%upload 'my dir/'i", "my dir/it's.csv"),
    ],
)
def test_local_paths(complete, typed: str, path: str) -> None:  # type: ignore[no-untyped-def]
    """The line that Tab makes has the whole path, whatever of it was quoted."""
    lines = complete(typed)
    assert path in [shlex.split(line)[-1] for line in lines]


def test_names_that_a_line_cannot_have_are_not_offered(complete, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A line end would make two lines, and bytes that are not UTF-8 cannot be sent."""
    (tmp_path / "new\nline").touch()
    (tmp_path / os.fsdecode(b"new\xff")).touch()
    (tmp_path / "new").touch()
    assert complete("%upload new") == ["%upload new"]


def test_nothing_is_offered_for_what_no_path_can_be(complete) -> None:  # type: ignore[no-untyped-def]
    """A word longer than any path is not read."""
    assert complete("%upload " + "x" * 100_000) == []


@pytest.mark.parametrize(
    ("typed", "lines"),
    [
        ("%config th", ["%config theme"]),
        ("%config u", ["%config unset", "%config undefined"]),
        ("%config set the", ["%config set theme"]),
        ("%config set theme d", ["%config set theme dark", "%config set theme default"]),
        ("%config set theme = da", ["%config set theme = dark"]),
        ("%config set undefined f", ["%config set undefined false"]),
        ("%config set ts ", ["%config set ts auto", "%config set ts on", "%config set ts off"]),
        ("%config unset editing", ["%config unset editing-mode"]),
        ("%config set ts on ", []),
        ("%config theme d", []),
        ("%save x --s", ["%save x --script"]),
        ("%prof --", ["%prof --save", "%prof --force"]),
        ("%prof --save x --f", ["%prof --save x --force"]),
        ("%prof a --", []),
        ("%reset --", ["%reset --yes"]),
        ("%history --", ["%history --here"]),
        ("%session us", ["%session use"]),
        ("%session use ", ["%session use work", "%session use play"]),
        ("%session use w", ["%session use work"]),
        ("%session new ", []),
        ("%session use work ", []),
        ("%ts on ", []),
    ],
)
def test_options(complete, typed: str, lines: list[str]) -> None:  # type: ignore[no-untyped-def]
    """Behind %config come its words and the options, behind an option its values."""
    assert complete(typed) == lines


class Offers:
    """What a session offers."""

    def names(self) -> tuple[str, ...]:
        return ("users", "user2")

    async def prepared(self) -> None:
        pass

    async def members(self, expression: str) -> tuple[tuple[str, str], ...]:
        return ((f"of_{expression}", ""),)

    async def keys(self, expression: str) -> tuple[tuple[str, str], ...]:
        return ((f"in_{expression}", ""),)

    async def exports(self, module: str) -> tuple[tuple[str, str], ...]:
        return ((f"of_{module}", ""),)

    async def packages(self, name: str) -> tuple[tuple[str, str], ...]:
        return ()


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("%timeit users.", "%timeit users.of_users"),
        ("%time  await us", "%time  await users"),
        ("%prof f(JSO", "%prof f(JSON"),
        ("  %timeit a\nus", "  %timeit a\nusers"),
        ("%reset us", "%reset users"),
        ("%who -d us", "%who -d users"),
        ("%who arr", "%who array"),
        ("%stop a", "%stop all"),
        ("%timei", "%timeit"),
    ],
)
async def test_javascript_behind_magics(tmp_path: Path, typed: str, line: str) -> None:
    """Tab completes the snippet of a magic as any other, and names where a magic takes them."""
    completer = SnippetCompleter(
        magics=tuple(MAGICS),
        themes=tuple,
        remote_files=tuple,  # type: ignore[arg-type]
        live=Offers(),
        typed=tuple,
        directory=tmp_path,
    )
    event = CompleteEvent()
    found = [one async for one in completer.get_completions_async(Document(typed), event)]
    assert line in [typed[: len(typed) + one.start_position] + one.text for one in found]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("require('./o", "require('./out/"),
        ("require('.", "require('./out/"),
        ("require('./out/", "require('./out/deep/"),
        ("import x from './out/de", "import x from './out/deep/"),
        ("import x from './out/deep/", "import x from './out/deep/a.mjs"),
        ("require('/mnt/data/out/", "require('/mnt/data/out/b c.js"),
        ("%download ou", "%download out/"),
        ("%download out/", "%download 'out/b c.js'"),
        ("%rm 'out/b", "%rm 'out/b c.js'"),
        ("%show out/deep/", "%show out/deep/a.mjs"),
        ("%show /mnt/data/out/deep/a", "%show /mnt/data/out/deep/a.mjs"),
    ],
)
async def test_files_in_directories_of_the_session(tmp_path: Path, typed: str, line: str) -> None:
    """One listing of the directory in which the path lies; directories end in a slash."""
    tree = {"": ["out/", "a.js"], "out": ["deep/", "b c.js"], "out/deep": ["a.mjs"]}
    asked: list[str] = []

    async def remote_files(directory: str) -> list[str]:
        asked.append(directory)
        return tree[directory]

    completer = SnippetCompleter(
        magics=tuple(MAGICS),
        themes=tuple,
        remote_files=remote_files,
        live=Offers(),
        typed=tuple,
        directory=tmp_path,
    )
    event = CompleteEvent()
    found = [one async for one in completer.get_completions_async(Document(typed), event)]
    assert line in [typed[: len(typed) + one.start_position] + one.text for one in found]
    assert len(asked) == 1


async def test_exports_in_a_pattern(tmp_path: Path) -> None:
    """The braces are completed from the module that is named behind them."""
    completer = SnippetCompleter(
        magics=tuple(MAGICS),
        themes=tuple,
        remote_files=tuple,  # type: ignore[arg-type]
        live=Offers(),
        typed=tuple,
        directory=tmp_path,
    )
    for text, after in (("import { o", " } from 'zod'"), ("const { o", " } = require('zod')")):
        document = Document(text + after, len(text))
        found = [one async for one in completer.get_completions_async(document, CompleteEvent())]
        assert [(one.text, one.start_position) for one in found] == [("of_zod", -1)]


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("%download ou", "%download out/"),
        ("%download out/a da", "%download out/a data.csv"),
        ("%diff da", "%diff data.csv"),
        ("%diff data.csv out/", "%diff data.csv out/c.png"),
        ("%edit remote:ou", "%edit remote:out/"),
        ("%edit da", "%edit data.csv"),
        ("%files out/c", "%files out/c.png"),
        ("%rm out/c", "%rm out/c.png"),
        ("%cat ./out/c", "%cat ./out/c.png"),
        ("%upload da", "%upload data.csv"),
    ],
)
async def test_files_of_both_sides(tmp_path: Path, typed: str, line: str) -> None:
    """A magic that takes files of both sides completes each argument with those of its side."""
    (tmp_path / "data.csv").touch()

    async def remote(directory: str) -> tuple[str, ...]:
        return {"": ("out/",), "out": ("c.png",)}.get(directory, ())

    completer = SnippetCompleter(
        magics=tuple(MAGICS),
        themes=tuple,
        remote_files=remote,
        live=Offers(),
        typed=tuple,
        directory=tmp_path,
    )
    found = [one async for one in completer.get_completions_async(Document(typed), CompleteEvent())]
    assert line in [typed[: len(typed) + one.start_position] + one.text for one in found]
