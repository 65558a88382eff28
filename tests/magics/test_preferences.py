"""Magics that need no session: preferences, history, themes, the editor, local files."""

from __future__ import annotations

import os
from itertools import product

import pytest

from noderepl.errors import LocalFileError, NodeReplError, UsageError
from noderepl.history_entry import HistoryEntry
from noderepl.magics import run_magic
from noderepl.outcome import Prefill, Saved, Table, Text, UseTheme, Words


async def told(desk, line: str) -> str:
    (words,) = await run_magic(line, desk.context)
    assert isinstance(words, Words)
    return words.text


async def test_timeout_is_set_and_told(desk) -> None:
    """%timeout N sets the limit, %timeout tells it."""
    assert "60 s" in await told(desk, "%timeout")
    assert "220 s" in await told(desk, "%timeout 220")
    assert desk.preferences.timeout == 220
    assert "1 s" in await told(desk, "%timeout 1")
    assert "1 s" in await told(desk, "%timeout")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["%input inlinetext"], "inlinetext"),
        (["%input base64"], "base64"),
        (["%base64 on"], "base64"),
        (["%base64 on", "%base64 off"], "inline"),
        (["%input inlinetext", "%base64 off"], "inlinetext"),
        (["%base64 on", "%input inline"], "inline"),
        (["%base64 on", "%input", "%base64"], "base64"),
    ],
)
async def test_how_snippets_are_sent_is_set_and_told(desk, lines: list[str], expected: str) -> None:
    """%input and %base64 change one preference, and tell it without an argument."""
    for line in lines:
        last = await told(desk, line)
    assert desk.preferences.input_type == expected
    assert f"sent as {expected}" in last


async def test_tty_is_set_and_told(desk) -> None:
    """%tty sets whether snippets see a terminal; without an argument, it tells what they see."""
    assert "100 columns and 40 rows" in await told(desk, "%tty")
    for word in ("on", "off", "auto"):
        await told(desk, f"%tty {word}")
        assert desk.preferences.tty == word
    desk.terminal = None
    assert "no terminal" in await told(desk, "%tty")


async def test_preview_is_set_and_told(desk) -> None:
    """%preview sets whether the value of what is typed is shown; without an argument, it tells that."""
    assert "if the session answers fast" in await told(desk, "%preview")
    for word in ("on", "off", "auto"):
        text = await told(desk, f"%preview {word}")
        assert desk.preferences.preview == word
        assert await told(desk, "%preview") == text
    with pytest.raises(UsageError, match="auto"):
        await told(desk, "%preview maybe")


async def test_history_is_numbered_from_the_oldest(desk) -> None:
    """%history shows all entries, %history N the last N with the same numbers, lines of one entry aligned."""
    desk.entries += ["1", "if (x) {\n  y\n}", *"abcdefgh"]
    (text,) = await run_magic("%history", desk.context)
    assert isinstance(text, Text)
    assert text.text.splitlines()[:5] == [" 1  1", " 2  if (x) {", "      y", "    }", " 3  a"]
    (text,) = await run_magic("%history 2", desk.context)
    assert text == Text(" 9  g\n10  h")
    assert await run_magic("%history 11", desk.context) == await run_magic("%history", desk.context)


async def test_history_is_searched(desk) -> None:
    """%history TEXT shows the entries that contain it, %history N-M those with these numbers."""
    desk.entries += ["Fetch(1)", "x", "await fetch(2)", "y"]
    assert await run_magic("%history fetch", desk.context) == [
        Text("1  Fetch(1)\n3  await fetch(2)")
    ]
    assert await run_magic("%history fetch(2", desk.context) == [Text("3  await fetch(2)")]
    assert await run_magic("%history 2-3", desk.context) == [Text("2  x\n3  await fetch(2)")]
    assert "contains 'nope'" in await told(desk, "%history nope")


async def test_a_search_does_not_find_itself(desk) -> None:
    """Neither this search nor an earlier one of the same text, which the history has as well."""
    desk.entries += ["%history Tea", "'tea'", "%history teapot", "%history  tea"]
    (found,) = await run_magic("%history tea", desk.context)
    assert found == Text("2  'tea'\n3  %history teapot")
    desk.entries[:] = ["a", "%history zzz"]
    assert "contains 'zzz'" in await told(desk, "%history zzz")


@pytest.mark.parametrize(
    ("count", "words"), [(0, "no entries"), (1, "one entry"), (88, "entries 1 to 88")]
)
async def test_numbers_of_the_history_have_a_range(desk, count: int, words: str) -> None:
    """A number that no entry has is refused with the range of those that there are."""
    desk.entries[:] = ["a"] * count
    listed = await run_magic("%history -n 1", desk.context)
    assert listed == await run_magic("%history 1", desk.context)
    for line in ("%history 9999-10000", "%rerun 9999", "%edit 9999"):
        with pytest.raises(UsageError, match=f"the history has {words};"):
            await run_magic(line, desk.context)


async def test_entries_come_to_the_prompt_again(desk) -> None:
    """%rerun runs nothing itself."""
    desk.entries += ["a", "b\nc", "d"]
    assert await run_magic("%rerun 2", desk.context) == [Prefill("b\nc")]
    assert await run_magic("%rerun 1-3", desk.context) == [Prefill("a\nb\nc\nd")]


async def test_history_of_the_endpoint(desk) -> None:
    """%history --here shows the entries that were typed at it, with their numbers."""
    desk.entries[:] = ["old", HistoryEntry("a", "other"), HistoryEntry("b\nb", "embedded")]
    assert await run_magic("%history --here", desk.context) == [Text("3  b\n   b")]
    desk.label = "nowhere"
    assert "is of this endpoint" in await told(desk, "%history --here")


async def test_history_names_what_has_a_value(desk) -> None:
    """Beside a snippet whose value can be had by a name stands that name."""
    desk.entries += ["f(\n)", "%files", "2"]
    desk.state.numbers |= {"f(\n)": 9, "2": 10}
    (text,) = await run_magic("%history", desk.context)
    assert text.text.splitlines() == ["1  _9   f(", "        )", "2       %files", "3  _10  2"]


@pytest.mark.parametrize("magic", ["%page", "%save result --result"])
async def test_without_a_snippet_there_is_no_result(desk, magic: str) -> None:
    """What shows or writes the last result says so where no snippet has run."""
    with pytest.raises(UsageError, match="no snippet has run"):
        await run_magic(magic, desk.context)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%mode", "Full mode"),
        ("%mode plain", "Plain mode"),
        ("%ts off", "No snippet"),
        ("%ts on", "All snippets are type-stripped"),
        ("%inspect", "depth 2"),
        ("%inspect depth 7", "depth 7"),
        ("%inspect depth all", "any depth"),
    ],
)
async def test_how_snippets_run_and_show_is_told(desk, line: str, words: str) -> None:
    """%mode, %ts and %inspect tell the setting, and what they were told to set it to."""
    assert words in await told(desk, line)


async def test_an_empty_history_is_told(desk) -> None:
    """%history before anything was typed says so."""
    assert "is empty" in await told(desk, "%history")


async def test_themes_are_listed_and_used(desk) -> None:
    """%theme marks the current one, %theme NAME asks for another."""
    (table,) = await run_magic("%theme", desk.context)
    rows = (("*", "default (dark)", "on any background"), ("", "dark", "on black"))
    assert table == Table(("", "theme", "summary"), rows)
    assert list(await run_magic("%theme dark", desk.context)) == [UseTheme("dark")]


async def test_an_unknown_theme_suggests_the_nearest(desk) -> None:
    """A mistyped theme is told with the one that was probably meant."""
    with pytest.raises(UsageError, match="did you mean dark"):
        await run_magic("%theme drak", desk.context)


async def test_edit_starts_with_the_last_snippet(desk) -> None:
    """%edit puts what the editor leaves on the input line and runs nothing."""
    desk.snippets += ["first", "a\nb"]
    desk.editor = lambda text: text.upper() + "\n"
    assert list(await run_magic("%edit", desk.context)) == [Prefill("A\nB")]


async def test_edit_starts_with_a_file(desk) -> None:
    """%edit FILE starts with the file's text and does not change the file."""
    (desk.directory / "a b.js").write_text("let ä\n")
    assert list(await run_magic("%edit 'a b.js'", desk.context)) == [Prefill("LET Ä")]
    assert (desk.directory / "a b.js").read_text() == "let ä\n"


async def test_an_emptied_text_is_told(desk) -> None:
    """%edit that comes back empty says that there is nothing to run."""
    assert "empty" in await told(desk, "%edit")


async def test_an_editor_that_fails_is_the_error(desk) -> None:
    """An editor that cannot start is told and nothing is put on the line."""

    def fail(_: str) -> str:
        raise LocalFileError("There is no editor.")

    desk.editor = fail
    with pytest.raises(LocalFileError, match="no editor"):
        await run_magic("%edit", desk.context)


@pytest.mark.parametrize("line", ["%save all.js", ".save all.js", "%save ./all.js --force"])
async def test_save_writes_the_snippets_of_this_run(desk, line: str) -> None:
    """%save writes the snippets in order, each statement ended."""
    desk.snippets += ["var a = 1", "[a].map(x => x)", "// ä", "`t`"]
    (saved,) = await run_magic(line, desk.context)
    path = desk.directory / "all.js"
    assert path.read_text() == "var a = 1\n;[a].map(x => x)\n// ä\n;`t`\n"
    assert isinstance(saved, Saved)
    assert (saved.path, saved.size) == (path, path.stat().st_size)


async def test_save_keeps_what_is_there(desk) -> None:
    """%save replaces a file only with --force."""
    path = desk.directory / "all.js"
    path.write_text("precious")
    desk.snippets.append("1")
    with pytest.raises(LocalFileError, match="already exists"):
        await run_magic("%save all.js", desk.context)
    assert path.read_text() == "precious"
    await run_magic("%save all.js --force", desk.context)
    assert path.read_text() == "1\n"
    assert sorted(desk.directory.iterdir()) == [path, desk.directory / "home"]


async def test_save_without_snippets_writes_nothing(desk) -> None:
    """%save before anything ran says so and makes no file."""
    with pytest.raises(UsageError, match="nothing to save"):
        await run_magic("%save all.js", desk.context)
    assert not (desk.directory / "all.js").exists()


@pytest.mark.parametrize("place", ["home", "nowhere/all.js", "x" * 300, "a\0b"])
async def test_save_to_a_place_that_cannot_be_written(desk, place: str) -> None:
    """A directory, a missing directory and an impossible name are told in one sentence."""
    desk.snippets.append("1")
    with pytest.raises(LocalFileError):
        await run_magic(f"%save {place} --force", desk.context)
    assert list(desk.directory.iterdir()) == [desk.directory / "home"]


async def test_a_tilde_is_the_home_directory(desk) -> None:
    """Local paths that begin with ~ are in the user's home directory."""
    desk.snippets.append("1")
    (saved,) = await run_magic("%save ~/all.js", desk.context)
    assert isinstance(saved, Saved)
    assert saved.path == desk.directory / "home" / "all.js"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        *product(["%load {}", "%edit {}"], ["missing.js", "home", "a\0b", "loop"]),
        *product(["%upload {}", "%diff {}"], ["missing.js", "a\0b", "loop"]),
    ],
)
async def test_a_local_file_that_cannot_be_read_is_told(desk, line: str, name: str) -> None:
    """A missing file, a directory, an impossible name and a circle of links are told, and no session is opened."""
    (desk.directory / "loop").symlink_to("loop")
    with pytest.raises(LocalFileError):
        await run_magic(line.format(name), desk.context)
    assert desk.opened == 0


async def test_a_pipe_is_not_uploaded(desk) -> None:
    """What is not a regular file is told, and nothing waits for its other end."""
    os.mkfifo(desk.directory / "pipe")
    with pytest.raises(LocalFileError, match="regular file"):
        await run_magic("%upload pipe", desk.context)
    assert desk.opened == 0


@pytest.mark.parametrize("line", ["%load bytes", "%edit bytes"])
async def test_a_file_that_is_no_text_is_told(desk, line: str) -> None:
    """Bytes that are not UTF-8 are not taken for JavaScript."""
    (desk.directory / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LocalFileError, match="UTF-8"):
        await run_magic(line, desk.context)


@pytest.mark.parametrize("line", ["%upload *.csv", "%upload a/*.csv", "%upload home/*"])
async def test_a_pattern_without_a_file_is_told(desk, line: str) -> None:
    """A pattern that matches nothing, or only directories, is a LocalFileError."""
    (desk.directory / "home" / "sub").mkdir()
    with pytest.raises(LocalFileError, match="no file matches"):
        await run_magic(line, desk.context)
    assert desk.opened == 0


@pytest.mark.parametrize(
    ("line", "why"),
    [("%upload a b --as c", "--as names one file"), ("%upload a home/a", "have the name 'a'")],
)
async def test_files_that_would_replace_each_other_are_not_uploaded(
    desk, line: str, why: str
) -> None:
    """Two files never get one name in the session."""
    for name in ("a", "b", "home/a"):
        (desk.directory / name).touch()
    with pytest.raises(UsageError, match=why):
        await run_magic(line, desk.context)
    assert desk.opened == 0


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("%download taken", "already exists"),
        ("%download /mnt/data/taken", "already exists"),
        ("%download new taken", "already exists"),
        ("%download link", "already exists"),
        ("%download pipe --force", "not a regular file"),
        ("%download new to-pipe --force", "not a regular file"),
        ("%save pipe --force", "not a regular file"),
        ("%download new nowhere/new", "not a directory"),
        ("%download new nowhere/", "not a directory"),
    ],
)
async def test_a_download_with_no_place_to_go_is_not_begun(desk, line: str, why: str) -> None:
    """Nothing is replaced without --force, and a device or a pipe never is; the session is not asked at all."""
    (desk.directory / "taken").write_text("precious")
    (desk.directory / "link").symlink_to("nothing")
    os.mkfifo(desk.directory / "pipe")
    (desk.directory / "to-pipe").symlink_to("pipe")
    desk.snippets.append("1")
    with pytest.raises(NodeReplError, match=why):
        await run_magic(line, desk.context)
    assert (desk.directory / "taken").read_text() == "precious"
    assert desk.opened == 0


async def test_a_pattern_of_too_many_files_is_refused(desk, tmp_path):
    """Nothing is uploaded where a pattern matches more than 10,000 files."""
    for number in range(10_001):
        (tmp_path / f"f{number}.many").touch()
    with pytest.raises(LocalFileError, match="matches more than 10,000 files"):
        await run_magic(f"%upload {tmp_path}/*.many", desk.context)


async def test_edit_takes_an_entry_of_the_history(desk) -> None:
    """By its number in %history, as %history -n N-M lists it; a number that is none is refused."""
    desk.entries = ["let a = 1", "a + 1"]
    (prefill,) = await run_magic("%edit 1", desk.context)
    assert prefill == Prefill("LET A = 1")
    (listed,) = await run_magic("%history -n 1-2", desk.context)
    assert listed.text.splitlines() == ["1  let a = 1", "2  a + 1"]
    with pytest.raises(UsageError, match="the history has entries 1 to 2"):
        await run_magic("%edit 3", desk.context)
