"""%cat, %diff and %edit remote:FILE."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from noderepl.errors import LocalFileError, NotFound, UsageError
from noderepl.magics import file_texts, run_magic
from noderepl.outcome import Text, Words


async def put(desk, name: str, content: str) -> None:
    await desk.present.write(name, content.encode())


async def got(desk, name: str) -> str:
    return (await desk.present.fetch(name, most=10**6)).decode()


async def test_cat_shows_texts(live) -> None:
    """In order, each with its name; a directory and what is no text have a sentence."""
    await put(live, "a.js", "let a = 1\r\n")
    await put(live, "src/b.txt", "ü")
    assert list(await run_magic("%cat ./a.js /mnt/data/src/b.txt", live.context)) == [
        Text("let a = 1\r\n", file="a.js"),
        Text("ü", file="src/b.txt"),
    ]
    with pytest.raises(UsageError, match="'src' is a directory; %files src lists it"):
        await run_magic("%cat src", live.context)
    with pytest.raises(NotFound):
        await run_magic("%cat missing", live.context)
    await live.present.write("x", b"\xff")
    await put(live, "y", "a\0b")
    for name in "xy":
        with pytest.raises(UsageError, match="not UTF-8 text; %download"):
            await run_magic(f"%cat {name}", live.context)


@pytest.mark.parametrize("line", ["%cat {}", "%download {}", "%diff x {}", "%edit remote:{}"])
@pytest.mark.parametrize(
    ("name", "what"),
    [("link", "a symbolic link"), ("src/.dangling", "a symbolic link"), ("pipe", "a pipe")],
)
async def test_what_is_listed_but_no_file_is_named(live, line: str, name: str, what: str) -> None:
    """A link or a pipe of the session, that %files lists, is not called missing."""
    (live.directory / "x").write_text("x")
    await live.present.execute(
        "fs = require('fs'); fs.mkdirSync('/mnt/data/src'); fs.writeFileSync('/mnt/data/a', '');"
        " fs.symlinkSync('/mnt/data/a', '/mnt/data/link'); fs.symlinkSync('b', '/mnt/data/src/.dangling');"
        " require('child_process').execSync('mkfifo /mnt/data/pipe')",
    )
    with pytest.raises(UsageError, match=f"^'{name}' is {what}.*; only files and directories"):
        await run_magic(line.format(name), live.context)


async def test_a_long_text_is_not_shown(live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is checked while it arrives."""
    monkeypatch.setattr(file_texts, "MOST_SHOWN", 1000)
    await put(live, "a", "x" * 2000)
    with pytest.raises(UsageError, match="a is longer than"):
        await run_magic("%cat a", live.context)


async def test_diff(live) -> None:
    """The file at the same path, or of the same name; a missing line end is told."""
    (live.directory / "src").mkdir()
    (live.directory / "src/a.txt").write_text("one\ntwo\nthree\n")
    await put(live, "a.txt", "one\n2\nthree")
    (text,) = await run_magic("%diff src/a.txt", live.context)
    assert isinstance(text, Text) and text.file.endswith(".diff")
    assert text.text.splitlines() == [
        "--- src/a.txt",
        "+++ remote:a.txt",
        "@@ -1,3 +1,3 @@",
        " one",
        "-two",
        "-three",
        "+2",
        "+three",
        r"\ No newline at end of file",
    ]
    await put(live, "src/a.txt", "one\ntwo\nthree\n")
    (words,) = await run_magic("%diff src/a.txt", live.context)
    assert words == Words("src/a.txt and remote:src/a.txt are equal.")
    with pytest.raises(NotFound):
        await run_magic("%diff src/a.txt b", live.context)
    with pytest.raises(LocalFileError):
        await run_magic("%diff b", live.context)


async def test_editing_uploads_what_differs(live) -> None:
    """A new file too; an unchanged text is not sent."""
    await put(live, "a.ts", "let a")
    (words,) = await run_magic("%edit remote:./a.ts", live.context)
    assert words == Words("Uploaded a.ts (5 B).")
    assert await got(live, "a.ts") == "LET A"
    (words,) = await run_magic("%edit remote:a.ts", live.context)
    assert words == Words("a.ts is unchanged.")
    live.editor = lambda text: f"{text}new"
    await run_magic("%edit remote:src/new.js", live.context)
    assert await got(live, "src/new.js") == "new"


async def test_an_edited_text_is_never_lost(live) -> None:
    """If the file has changed meanwhile, or the upload fails, the text is in a new file here."""
    await put(live, "a.js", "old")
    present = live.present

    async def edit(text: str, suffix: str) -> str:
        assert suffix == ".js"
        await present.write("a.js", b"theirs")
        return "mine"

    live._edit = edit
    for number in ("", "1"):
        await present.write("a.js", b"old")
        with pytest.raises(
            UsageError, match=r"a\.js has changed in the session meanwhile; the edited"
        ):
            await run_magic("%edit remote:a.js", live.context)
        assert (live.directory / f"a.js.edited{number}").read_text() == "mine"
    assert await got(live, "a.js") == "theirs"


def test_an_edited_text_goes_to_a_temporary_file(tmp_path: Path) -> None:
    """If the working directory cannot have it."""
    place = file_texts._saved(tmp_path / "gone", "src/a.txt", "edited")
    assert place.read_text() == "edited" and place.name.endswith("-a.txt")
    place.unlink()
    place = file_texts._saved(tmp_path / "gone", "é" * 120, "edited")
    assert place.read_text() == "edited"
    place.unlink()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limit[1]))
    try:
        with pytest.raises(LocalFileError, match=r"edited text cannot be saved: .*TMPDIR"):
            file_texts._saved(tmp_path, "a.txt", "edited")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
