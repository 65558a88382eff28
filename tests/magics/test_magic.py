"""From a typed line to the magic that runs."""

from __future__ import annotations

import subprocess
import sys
from typing import get_args

import pytest

from noderepl.errors import UsageError
from noderepl.magics import MAGICS, NODE_COMMANDS, is_magic, run_magic, without_identifier
from noderepl.magics.magic import Group
from noderepl.magics.topics import TOPICS
from noderepl.outcome import ClearScreen, EditorMode, Leave, Listing, Manual


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%files", True),
        ("  %time 1\n+ 2", True),
        ("%", True),
        ("% 5", True),
        ("%nonsense", True),
        ("5 % 2", False),
        ("", False),
        ("\n", False),
        (".help", True),
        (".help npm", True),
        (" .exit ", True),
        (".exit now", False),
        (".load", True),
        (".load a.js", True),
        (".load(x)", False),
        (".load\n.then(x)", False),
        (".save a.js", True),
        (".editor", True),
        (".break", True),
        (".clear", True),
        (".clear()", False),
        (".5 + 1", False),
        (".then(x => x)", False),
        ("...spread", False),
        (".Help", False),
        (".loaded", False),
    ],
)
def test_what_begins_with_percent_or_is_a_dot_command_is_a_magic(line: str, expected: bool) -> None:
    """A line that begins with % is never JavaScript, and only Node's own dot commands are taken from it besides."""
    assert is_magic(line) is expected


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ("%nmp install x", "%npm"),
        ("%dowload x", "%download"),
        ("%hist", "%history"),
        ("%Files", "%files"),
    ],
)
async def test_an_unknown_magic_suggests_the_nearest(desk, line: str, nearest: str) -> None:
    """A mistyped name is told, with the name that was probably meant."""
    with pytest.raises(UsageError, match=f"did you mean {nearest}\\?"):
        await run_magic(line, desk.context)


@pytest.mark.parametrize("line", ["%", "% files", "%qqqqqq"])
async def test_a_line_without_a_known_name_points_to_help(desk, line: str) -> None:
    """Where nothing is near, the error says where the list is."""
    with pytest.raises(UsageError, match="%help lists them all"):
        await run_magic(line, desk.context)


@pytest.mark.parametrize(
    ("line", "outcomes"),
    [
        ("%exit", [Leave()]),
        (".exit", [Leave()]),
        ("%clear", [ClearScreen()]),
        (".clear", []),
        (".break", []),
        (".editor", [EditorMode()]),
    ],
)
async def test_screen_magics_only_ask(desk, line: str, outcomes: list[object]) -> None:
    """Leaving, clearing and the editor are asked of the prompt by an outcome; .clear and .break give a fresh line."""
    assert list(await run_magic(line, desk.context)) == outcomes


async def test_help_lists_every_magic_in_order(desk) -> None:
    """%help and .help show the name and summary of all magics, in groups."""
    for line in ("%help", ".help"):
        listing, words = await run_magic(line, desk.context)
        assert isinstance(listing, Listing) and isinstance(words, Manual)
        rows = [row for section in listing.sections for row in section.rows]
        assert sorted(rows) == sorted((f"%{magic.name}", magic.summary) for magic in MAGICS)
        assert [one.title for one in listing.sections] == [*get_args(Group)]
        assert all(topic.name in words.text for topic in TOPICS)


@pytest.mark.parametrize("line", ["%help load", "%help %load", ".help load", "%help .load"])
async def test_help_tells_about_one_magic(desk, line: str) -> None:
    """%help NAME shows the usage, the summary, the details and the name in Node's REPL."""
    (text,) = await run_magic(line, desk.context)
    (load,) = [magic for magic in MAGICS if magic.name == "load"]
    assert isinstance(text, Manual)
    assert all(part in text.text for part in (load.usage, load.summary, load.details, ".load"))


async def test_help_of_an_unknown_name_suggests_the_nearest(desk) -> None:
    """%help takes the same care of a mistyped name as the prompt."""
    with pytest.raises(UsageError, match="did you mean %upload"):
        await run_magic("%help uplod", desk.context)


def test_magics_are_told_apart_and_described() -> None:
    """Names are unique, usage begins with the name, and each has a summary of one line and details."""
    assert len({magic.name for magic in MAGICS}) == len(MAGICS)
    for magic in MAGICS:
        assert magic.usage.split()[0] == f"%{magic.name}"
        assert magic.summary and "\n" not in magic.summary and not magic.summary.endswith(".")
        assert magic.details and max(map(len, magic.details.splitlines())) <= 115
        kinds = ("word", "package", "option", "session", "magic", "variable")
        assert bool(magic.words) == (magic.completes in kinds)
    dots = sorted(magic.dot for magic in (*MAGICS, *NODE_COMMANDS) if magic.dot)
    assert dots == ["break", "clear", "editor", "exit", "help", "load", "save"]


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("%session use abcd", "%session use"),
        (" %session  use\tab cd", " %session  use"),
        ("%files\n%session use abcd\n%files", "%files\n%session use\n%files"),
        ("%session new", "%session new"),
        ("session use x", "session use x"),
        ("%config set session abcd", "%config set session"),
        ("%config set session=abcd", "%config set session"),
        ("%config set theme dark", "%config set theme dark"),
    ],
)
def test_an_identifier_is_not_kept(line: str, kept: str) -> None:
    """What may be kept of an input has no session's identifier."""
    assert without_identifier(line) == kept


def test_importing_the_magics_loads_no_http_and_no_terminal() -> None:
    """The magics can be completed before anything heavy is imported."""
    heavy = (
        "httpx",
        "prompt_toolkit",
        "pygments",
        "starlette",
        "azure",
        "tree_sitter",
        "noderepl.client",
    )
    code = (
        f"import sys, noderepl.magics; print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
