"""The history's file between several prompts at once."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from noderepl.terminal.history import SnippetHistory
from noderepl.terminal.history_file import LOCK_SECONDS, MOST_ENTRIES, HistoryFile

WRITER = """
import sys
from pathlib import Path
from noderepl.terminal.history_file import HistoryFile
from noderepl.terminal.history import SnippetHistory
history = SnippetHistory(HistoryFile(Path(sys.argv[1]), redact=lambda text: text))
history.entries()
for number in range(200):
    history.append_string(f"{sys.argv[2]}{number}\\n" + "x" * number * 100)
"""


def history(place: Path) -> SnippetHistory:
    """The history of one prompt, after its first input was read."""
    opened = SnippetHistory(HistoryFile(place, redact=lambda text: text))
    opened.entries()
    return opened


def test_two_processes_lose_nothing(tmp_path: Path) -> None:
    """All entries that two processes append at once are in the file, each whole and in order, and a third sees them."""
    watching = history(tmp_path)
    line = [sys.executable, "-c", WRITER, str(tmp_path)]
    for process in [subprocess.Popen([*line, name]) for name in "ab"]:
        assert process.wait() == 0
    expected = {name: [f"{name}{n}\n" + "x" * n * 100 for n in range(200)] for name in "ab"}
    for entries in (history(tmp_path).entries(), watching.entries()):
        assert {name: [one for one in entries if one[0] == name] for name in "ab"} == expected


async def test_prompts_see_entries_of_others(tmp_path: Path) -> None:
    """At its next input each prompt has the entries of the others, and its own once."""
    first, second = history(tmp_path), history(tmp_path)
    first.append_string("1")
    second.append_string("2")
    first.append_string("3")
    second.append_string("4\n4")
    assert [entry async for entry in first.load()] == ["4\n4", "2", "3", "1"]
    assert [entry async for entry in second.load()] == ["3", "1", "4\n4", "2"]
    second.append_string("5")
    assert first.entries() == ["1", "3", "2", "4\n4", "5"]
    assert first.entries() == ["1", "3", "2", "4\n4", "5"]


@pytest.mark.parametrize("kind", ["pipe", "directory", "device", "full", "no place"])
async def test_an_entry_that_cannot_be_saved_stays_in_this_run(tmp_path: Path, kind: str) -> None:
    """The first lines of a run are in its history, also if their file cannot be read or written."""
    file = tmp_path / "history"
    match kind:
        case "pipe":
            os.mkfifo(file)
        case "directory":
            file.mkdir()
        case "device":
            file.symlink_to("/dev/zero")
        case "full":
            history(tmp_path).append_string("0")
    opened = SnippetHistory(
        HistoryFile(None if kind == "no place" else tmp_path, redact=lambda text: text)
    )
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    if kind == "full":
        resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 5, limit[1]))
    try:
        opened.append_string("40+2")
        opened.append_string("50+1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    expected = [*(["0"] if kind == "full" else []), "40+2", "50+1"]
    assert [entry async for entry in opened.load()] == expected[::-1]
    assert opened.entries() == expected
    assert opened._file.trouble()


def test_only_what_was_appended_is_read(tmp_path: Path) -> None:
    """A long history is not read again."""
    first, second = history(tmp_path), history(tmp_path)
    second.append_string("a" * 1000)
    first.entries()
    second.append_string("b")
    assert len(first._file._appended()) < 100
    assert first._file._appended() == ""


def test_only_the_latest_of_many_entries_are_read(tmp_path: Path) -> None:
    """The first prompt does not take longer for a file of many short entries."""
    first = history(tmp_path)
    first.append_string("1")
    content = (tmp_path / "history").read_text()
    for most in (MOST_ENTRIES - 1, MOST_ENTRIES, MOST_ENTRIES + 1):
        (tmp_path / "history").write_text(
            "".join(content.replace("+1", f"+{n}") for n in range(most))
        )
        entries = history(tmp_path).entries()
        assert entries == [str(n) for n in range(most)][-MOST_ENTRIES:]


def test_a_file_that_was_emptied(tmp_path: Path) -> None:
    """Entries that were read stay; later ones come."""
    first, second = history(tmp_path), history(tmp_path)
    second.append_string("a" * 100)
    assert len(first.entries()) == 1
    (tmp_path / "history").write_text("")
    assert len(first.entries()) == 1
    second.append_string("b")
    assert first.entries()[1:] == ["b"]


def test_the_endpoint_is_beside_an_entry(tmp_path: Path) -> None:
    """Of each prompt its own; files of earlier versions have none."""
    (tmp_path / "history").write_text("\n# 2026-01-01 10:00:00.5\n+old\n+er\n")
    work = SnippetHistory(HistoryFile(tmp_path, label="a\nb  c", redact=lambda text: text))
    work.entries()
    work.append_string("1")
    history(tmp_path).append_string("2")
    for entries in (work.entries(), history(tmp_path).entries()):
        labels = [(str(one), getattr(one, "label", None)) for one in entries]
        assert labels == [("old\ner", ""), ("1", "a b c"), ("2", "")]


def test_a_lock_that_stays_delays_nothing(tmp_path: Path) -> None:
    """Of a stopped process, for example."""
    first = history(tmp_path)
    first.append_string("a")
    with (tmp_path / "history").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        began = time.monotonic()
        first.append_string("b")
        assert time.monotonic() - began < LOCK_SECONDS + 1
    assert history(tmp_path).entries() == ["a", "b"]
