"""Directories between this machine and a session: whole, safe, and in one archive each way."""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.errors import LocalFileError, MalformedAnswer, NodeReplError, NotFound, UsageError
from noderepl.javascript import session_files
from noderepl.javascript.session_files import Left
from noderepl.magics import archives, directories, run_magic
from noderepl.outcome import Failure, FileList, Prefill, Saved, Status, Uploaded, Words

Open = Callable[..., Awaitable[Dispatcher]]
DATA = "(process.env.NODEREPL_DATA ?? '/mnt/data')"
LONG = "/".join(["x" * 60] * 4)
CONTROL = "a\x01\n\x1b[31m.txt"


def fill(place: Path) -> dict[str, bytes]:
    """Makes a directory with all kinds of files. Returns those that a transfer has."""
    files = {
        "a.txt": b"a",
        "lib/ünï+c [1].js": b"\x00\xff" * 1000,
        f"{LONG}/deep": b"deep",
        CONTROL: b"control",
        "run.sh": b"#!/bin/sh",
        ".hidden": b"",
    }
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    (place / "run.sh").chmod(0o755)
    (place / "empty/inner").mkdir(parents=True)
    for name in ("node_modules/m", "lib/.git"):
        (place / name).mkdir(parents=True)
        (place / name / "left").touch()
    (place / "link").symlink_to("/etc/passwd")
    (place / "directory").symlink_to("lib")
    os.mkfifo(place / "pipe")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(place / "sock"))
    return files


def content_of(place: Path) -> dict[str, bytes]:
    """The regular files below a directory."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


async def evaluated(desk, code: str) -> object:
    execution = await desk.present.execute(code)
    assert execution.status is Status.OK, execution
    return execution.value and execution.value.data


async def in_data(desk) -> object:
    """All names in /mnt/data, noderepl's own too."""
    return await evaluated(desk, "require('fs').readdirSync('/mnt/data').join()")


async def test_a_directory_goes_up_and_comes_down_unchanged(
    dispatch: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, names, empty directories and executables stay; what is left out is said; a replay sends it again."""
    monkeypatch.chdir(tmp_path)
    files = fill(tmp_path / "src")
    dispatcher = await dispatch(at_prompt=True)
    up = await shown(dispatcher, "%upload src")
    size = sum(map(len, files.values()))
    assert up.startswith(f"Uploaded src: 6 files ({size / 1000:.1f} kB).\nLeft out: ")
    left = " ".join(up.split())
    assert "node_modules and .git, 2 symbolic links, 2 pipes, sockets or devices." in left
    assert await shown(dispatcher, f"require('fs').readdirSync({DATA}).join()") == "'src'"
    assert "empty/" in await shown(dispatcher, "%files ./src/")
    await shown(dispatcher, "%download src out")
    assert content_of(tmp_path / "out") == files
    assert (tmp_path / "out/empty/inner").is_dir()
    modes = {one: os.access(tmp_path / "out" / one, os.X_OK) for one in ("run.sh", "a.txt")}
    assert modes == {"run.sh": True, "a.txt": os.access(tmp_path / "src/a.txt", os.X_OK)}
    assert sorted(path.name for path in tmp_path.glob(".noderepl*")) == []
    await shown(dispatcher, "%rm --yes src")
    dispatcher.state.journal.lose()
    assert "%upload" in await shown(dispatcher, "%replay --dry-run")
    assert "Replayed" in await shown(dispatcher, "%replay")
    assert "a.txt" in await shown(dispatcher, "%files src")


async def test_large_directories_go_in_parts(live, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is larger than an archive is in several; the progress rises to the whole size, in one bar."""
    monkeypatch.setattr(archives, "PART", 100_000)
    monkeypatch.setattr(directories, "LARGE", 0)
    place = live.directory / "big"
    place.mkdir()
    chosen = random.Random(1)
    for name, size in {"a": 350_000, "b": 10, "c": 99_990, "d": 0, "e": 120_000}.items():
        (place / name).write_bytes(chosen.randbytes(size))
    (uploaded,) = await run_magic("%upload big", live.context)
    assert uploaded == Uploaded("big", 570_000, 5)
    (saved,) = await run_magic("%download big back", live.context)
    assert saved == Saved(live.directory / "back", 570_000, 5)
    assert content_of(live.directory / "back") == content_of(place)
    for label in ("upload big", "download big"):
        shown_ = [done for name, done, _ in live.progress if name == label]
        assert shown_ == sorted(shown_) and shown_[-1] >= 560_000
    assert await in_data(live) == "big"


async def test_patterns_name_files_on_both_sides(live) -> None:
    """Without ** files are in one directory; with ** the directories below the first pattern stay."""
    for name in (
        "src/a.js",
        "src/lib/b.js",
        "src/lib/c.css",
        "src/.d/e.js",
        "src/node_modules/f.js",
    ):
        (live.directory / name).parent.mkdir(parents=True, exist_ok=True)
        (live.directory / name).write_text(name)
    uploaded, *_ = await run_magic("%upload src/**/*.js", live.context)
    assert uploaded == Uploaded("src", 20, 2)
    (listing,) = await run_magic("%files src/**", live.context)
    assert isinstance(listing, FileList)
    assert [file.name for file in listing.files] == ["src/a.js", "src/lib/b.js"]
    target = live.directory / "here"
    target.mkdir()
    saved, *_ = await run_magic("%download src/*.js here", live.context)
    assert isinstance(saved, Saved) and content_of(target) == {"a.js": b"src/a.js"}
    with pytest.raises(LocalFileError, match="already exists"):
        await run_magic(
            "%download **/*.js here", live.context
        )  # src/a.js is new, but is there after it
        await run_magic("%download **/*.js here", live.context)
    assert set(content_of(target)) == {"a.js", "src/a.js", "src/lib/b.js"}
    with pytest.raises(NotFound, match="matches"):
        await run_magic("%download *.css here", live.context)
    with pytest.raises(LocalFileError, match="no file matches"):
        await run_magic("%upload src/**/*.py", live.context)
    await run_magic("%upload src/lib --as .", live.context)
    assert await in_data(live) == "b.js,c.css,src"


async def test_a_directory_that_exists_is_replaced_only_on_request(live) -> None:
    """In the session files are replaced and others stay; here this needs --force, and no link is followed."""
    for name in ("src/a", "src/b/c"):
        (live.directory / name).parent.mkdir(parents=True, exist_ok=True)
        (live.directory / name).write_text("new")
    await evaluated(
        live,
        "fs = require('fs'); fs.mkdirSync('/mnt/data/src'); fs.writeFileSync('/mnt/data/src/a', 'old');"
        " fs.writeFileSync('/mnt/data/src/other', 'x')",
    )
    await run_magic("%upload src", live.context)
    assert await evaluated(live, "fs.readFileSync('/mnt/data/src/a', 'utf8')") == "new"
    assert await evaluated(live, "fs.readdirSync('/mnt/data/src').join()") == "a,b,other"
    with pytest.raises(LocalFileError, match="--force"):
        await run_magic("%download src", live.context)
    (live.directory / "src/a").write_text("mine")
    (live.directory / "src/mine").touch()
    await run_magic("%download src --force", live.context)
    assert content_of(live.directory / "src") == {
        "a": b"new",
        "b/c": b"new",
        "mine": b"",
        "other": b"x",
    }
    (live.directory / "away").mkdir()
    (live.directory / "to/b").parent.mkdir()
    (live.directory / "to/b").symlink_to(live.directory / "away")
    with pytest.raises(LocalFileError, match="is not a directory"):
        await run_magic("%download src/ to/../to --force", live.context)
        await run_magic("%download src/** to --force", live.context)
        (live.directory / "to/src").rename(live.directory / "gone")
        (live.directory / "to/src").symlink_to(live.directory / "away")
        await run_magic("%download src/** to --force", live.context)
    assert list((live.directory / "away").iterdir()) == []
    await evaluated(live, "fs.rmSync('/mnt/data/src/a'); fs.mkdirSync('/mnt/data/src/a'); 1")
    with pytest.raises(UsageError, match="a: in the session, it is a directory"):
        await run_magic("%upload src", live.context)
    assert await in_data(live) == "src"


async def test_names_that_the_service_rejects(live) -> None:
    """A file that the API cannot name, or one in such a directory, comes in an archive."""
    await evaluated(
        live,
        "fs = require('fs'); fs.mkdirSync('/mnt/data/.x'); fs.writeFileSync('/mnt/data/.x/a+b', 'x')",
    )
    (saved,) = await run_magic("%download .x/a+b", live.context)
    assert saved == Saved(live.directory / "a+b", 1)
    assert (live.directory / "a+b").read_text() == "x"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        *(
            (f"%{magic} ''", "the name of a file is empty")
            for magic in ("upload", "download", "rm")
        ),
        *((f"%{magic} ''", "the name of a file is empty") for magic in ("files", "cat", "show")),
        ("%diff '' a", "the name of a file is empty"),
        *((f"%cat {name}", "/mnt/data is a directory") for name in (".", "./", "/mnt/data")),
        *((f"%show {name}", "/mnt/data is a directory") for name in (".", "./", "/mnt/data/")),
        *((f"%show {name}", "'d' is a directory; %files d") for name in ("d", "./d", "d/")),
        ("%show p", "is a pipe"),
    ],
)
async def test_what_is_no_file_is_named(live, line: str, words: str) -> None:
    """An empty name is not the working directory, nor /mnt/data."""
    make = "fs.mkdirSync('/mnt/data/d'); require('child_process').execSync('mkfifo /mnt/data/p')"
    await evaluated(live, f"fs = require('fs'); {make}")
    with pytest.raises(NodeReplError) as caught:
        await run_magic(line, live.context)
    assert words in str(caught.value)


async def test_deleting_asks(live) -> None:
    """A directory or a pattern is counted first; --yes deletes, a link and not what it points to."""
    await evaluated(
        live,
        "fs = require('fs'); for (const name of ['a/b', 'c']) fs.mkdirSync(`/mnt/data/${name}`, { recursive: true });"
        " for (const name of ['a/1', 'a/b/2', 'c/3', '4.log', '5.log']) fs.writeFileSync(`/mnt/data/${name}`, '');"
        " fs.symlinkSync('/mnt/data/c', '/mnt/data/a/link')",
    )
    with pytest.raises(UsageError, match=r"deletes 5 files and 2 directories of the session"):
        await run_magic("%rm a *.log", live.context)
    with pytest.raises(NodeReplError):
        await run_magic("%rm a/../../x --yes", live.context)
    (words,) = await run_magic("%rm a a/b *.log --yes", live.context)
    assert words == Words("Removed 5 files and 2 directories.")
    assert (
        await evaluated(live, "fs.readdirSync('/mnt/data', { recursive: true }).join()") == "c,c/3"
    )


async def test_enter_confirms_a_deletion(dispatch: Open) -> None:
    """At the prompt the same line with --yes is there."""
    dispatcher = await dispatch(at_prompt=True)
    await shown(
        dispatcher, f"for (const name of 'ab') fs.writeFileSync({DATA} + `/${{name}}.x`, '')"
    )
    *_, prefill = await dispatcher.run_line("%rm '*.x'")
    assert prefill == Prefill("%rm --yes '*.x'")
    assert isinstance(prefill, Prefill)
    assert await shown(dispatcher, prefill.text) == "Removed 2 files."


def archive(*entries: object, contents: bytes = b"", head: bytes | None = None) -> bytes:
    """An archive with these entries."""
    text = json.dumps(entries).encode() if head is None else head
    packing = zlib.compressobj(1, wbits=31)
    return packing.compress(len(text).to_bytes(4, "big") + text + contents) + packing.flush()


HOSTILE = {
    "climbs": archive(["../x", "file", 0, 0]),
    "climbs inside": archive(["a/../../x", "file", 0, 0]),
    "is absolute": archive(["/tmp/x", "file", 0, 0]),
    "has no name": archive(["a//b", "file", 0, 0]),
    "holds a null": archive(["a\0b", "file", 0, 0]),
    "a lone surrogate": archive(["\ud800", "file", 0, 0]),
    "is a link": archive(["x", "link", 0, 0]),
    "the same twice": archive(["x", "file", 0, 0], ["x", "file", 0, 0]),
    "a file as a directory": archive(["x", "file", 0, 0], ["x/y", "file", 0, 0]),
    "a long name": archive(["x" * 300, "file", 0, 0]),
    "a part without a beginning": archive(["x", "file", 0, 7]),
    "a negative size": archive(["x", "file", -1, 0]),
    "contents that are missing": archive(["x", "file", 10**9, 0]),
    "contents that are too many": archive(["x", "file", 1, 0], contents=b"xx"),
    "a bomb": archive(["x", "file", 2**28, 0], contents=bytes(2**28)),
    "a million entries": archive(*([["x", "file", 0, 0]] * 1_000_000)),
    "an end before its end": archive(["x", "file", 4, 0], contents=b"abcd")[:-5],
    "a length before its text": archive(head=b""),
    "paths of 30 MB": archive(["\U0001f600" + "a" * 30_000_000, "file", 0, 0]),
    "deep text": archive(head=b"[" * 100_000),
    "no archive": b"PK\x03\x04",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_leaves_nothing(name: str, tmp_path: Path) -> None:
    """Nothing is written outside the destination, nothing stays inside it, and nothing takes much memory."""
    inner = tmp_path / "a/b"
    inner.mkdir(parents=True)
    arrival = archives.Arrival(inner / "c", force=True)
    with pytest.raises((MalformedAnswer, LocalFileError)):
        arrival.add(HOSTILE[name])
    arrival.close()
    assert [path for path in tmp_path.rglob("*") if path != inner] == [tmp_path / "a"]


def test_names_without_end_are_refused() -> None:
    """Each archive of a directory may report further unreadable files; their names have a bound."""
    left = Left()
    with pytest.raises(MalformedAnswer, match="too many names"):
        for number in range(100):
            left = left.with_more(Left([], [f"{number}-{n}-{'x' * 4000}" for n in range(250)]))


def test_an_archive_without_a_further_file_is_noticed(tmp_path: Path) -> None:
    """A session that repeats an archive would never end."""
    arrival = archives.Arrival(tmp_path / "c", force=True)
    assert arrival.add(archive(["", "directory", 0, 0], ["d", "directory", 0, 0]))
    assert not arrival.add(archive(["", "directory", 0, 0], ["d", "directory", 0, 0]))
    assert arrival.add(archive(["d/x", "file", 1, 0], contents=b"a"))
    assert not arrival.add(archive())
    arrival.close()


def test_deep_directories_are_refused(tmp_path: Path) -> None:
    """On both sides, as a tree of a thousand levels cannot be removed."""
    deep = "/".join("d" for _ in range(archives.MOST_LEVELS + 1))
    arrival = archives.Arrival(tmp_path / "c", force=True)
    with pytest.raises(MalformedAnswer, match="more than 200 levels"):
        arrival.add(archive([f"{deep}/f", "file", 0, 0]))
    arrival.close()
    (tmp_path / deep).mkdir(parents=True)
    with pytest.raises(LocalFileError, match="more than 200 levels deep"):
        archives.LocalTree(tmp_path, ()).scan()


@pytest.mark.parametrize("sent", [["y", "file", 0, 0], ["x", "directory", 0, 0]])
def test_only_what_was_requested_arrives(sent: list[object], tmp_path: Path) -> None:
    """A session cannot add files to those of a pattern."""
    arrival = archives.Arrival(tmp_path, force=True, places={"x": "z"})
    with pytest.raises(MalformedAnswer, match="was not requested"):
        arrival.add(archive(sent))
    arrival.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["climbs", "a bomb", "no archive"])
async def test_a_session_that_sends_a_hostile_archive(live, name: str) -> None:
    """A snippet that has replaced what packs files costs one sentence."""
    packed = HOSTILE[name]
    given = json.dumps(list(packed)) if len(packed) < 1000 else ""
    bomb = "zlib.constants && gzip(Buffer.alloc(2 ** 28))"
    await evaluated(
        live,
        "zlib = require('zlib'); gzip = zlib.gzipSync; require('fs').mkdirSync('/mnt/data/src');"
        f" sent = {f'Buffer.from({given})' if given else bomb}; zlib.gzipSync = () => sent; 1",
    )
    with pytest.raises(MalformedAnswer):
        await run_magic("%download src", live.context)
    assert sorted(path.name for path in live.directory.iterdir()) == ["home"]
    assert await in_data(live) == "src"


async def test_no_room_in_the_session(live) -> None:
    """A session whose disk is full has nothing of the directory, and one sentence says why."""
    fill(live.directory / "src")
    await evaluated(
        live,
        "require('fs').writeSync = () => { throw Object.assign(new Error(''), { code: 'ENOSPC' }) }; 1",
    )
    with pytest.raises(UsageError, match="not enough room in the session"):
        await run_magic("%upload src", live.context)
    assert await in_data(live) == ""
    assert live.state.journal.done == []


async def test_what_a_killed_transfer_left_is_removed(live) -> None:
    """By the next one, an hour later; other files stay."""
    await evaluated(
        live,
        "fs = require('fs'); for (const name of ['.noderepl-archive-1', '.noderepl-stage-2', '.noderepl-x', 'old']) {"
        " fs.mkdirSync(`/mnt/data/${name}`); fs.utimesSync(`/mnt/data/${name}`, 1, 1) };"
        " fs.mkdirSync('/mnt/data/.noderepl-stage-new'); 1",
    )
    await run_magic("%files old", live.context)
    assert await in_data(live) == ".noderepl-stage-new,.noderepl-x,old"


async def test_a_cancelled_transfer_leaves_nothing(live, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the session nor here, whichever part it is in."""
    monkeypatch.setattr(archives, "PART", 50_000)
    monkeypatch.setattr(directories, "LARGE", 0)
    place = live.directory / "src"
    place.mkdir()
    (place / "a").write_bytes(random.Random(1).randbytes(400_000))

    class Stopping(list[object]):
        def append(self, shown_: object) -> None:
            assert isinstance(shown_, tuple)
            if shown_[1] > 100_000:
                running.cancel()

    live.progress = Stopping()
    for line in ("%upload src", "%download source out"):
        running = asyncio.ensure_future(run_magic(line, live.context))
        with pytest.raises(asyncio.CancelledError):
            await running
        left = "" if "upload" in line else "source"
        assert await in_data(live) == left
        assert sorted(path.name for path in live.directory.iterdir()) == ["home", "src"]
        monkeypatch.setattr(directories, "LARGE", 10**9)
        await run_magic("%upload src --as source", live.context)
        monkeypatch.setattr(directories, "LARGE", 0)


def test_files_that_change_meanwhile(tmp_path: Path) -> None:
    """A file that is gone is counted, one that cannot be read is named, and one that grows has the size that it had."""
    for name in ("gone", "grows", "pipe", "shrinks"):
        (tmp_path / name).write_bytes(b"x" * 100)
    tree = archives.LocalTree(tmp_path, ())
    tree.scan()
    (tmp_path / "gone").unlink()
    (tmp_path / "pipe").unlink()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "shrinks").write_bytes(b"x")
    (tmp_path / "grows").write_bytes(b"x" * 200)
    ((packed, _),) = tree.archives()
    found = {path: len(content) for path, kind, _, content in archives.unpack(packed)}
    assert found == {"": 0, "grows": 200, "shrinks": 1}
    assert tree.left == Left([], ["pipe"], 1)


def test_files_that_the_kernel_generates_have_content() -> None:
    """Files of /proc, whose size is 0, arrive with what is read from them."""
    root = Path("/proc/sys/kernel")
    tree = archives.LocalTree(root, (), lambda path: path in {"ostype", "osrelease"})
    tree.scan()
    ((packed, size),) = tree.archives()
    found = {path: bytes(content) for path, _, _, content in archives.unpack(packed)}
    assert found == {name: (root / name).read_bytes() for name in ("osrelease", "ostype")}
    assert size == sum(map(len, found.values())) > 0


async def test_a_directory_with_too_many_files_is_refused(
    live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here before anything is sent, there by a sentence."""
    monkeypatch.setattr(archives, "MOST_ENTRIES", 3)
    fill(live.directory / "src")
    with pytest.raises(LocalFileError, match="more than 3 files"):
        await run_magic("%upload src", live.context)
    monkeypatch.setattr(session_files, "MOST_ENTRIES", 3)
    await evaluated(
        live,
        "fs = require('fs'); fs.mkdirSync('/mnt/data/x');"
        " for (const name of 'abcd') fs.writeFileSync(`/mnt/data/x/${name}`, ''); 1",
    )
    with pytest.raises(UsageError, match="more than 100,000 files"):
        await run_magic("%download x", live.context)
    assert sorted(path.name for path in live.directory.iterdir()) == ["home", "src"]


async def test_a_file_that_cannot_be_read_is_a_failure(
    live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others arrive, and the exit code of a script tells."""
    fill(live.directory / "src")
    os.rename(live.directory / "src/lib", os.fsencode(live.directory / "src") + b"/\xff")  # noqa: PTH104
    *_, failure = await run_magic("%upload src", live.context)
    assert failure == Failure(r"1 file could not be read: \xff", 2)
    await evaluated(
        live,
        "fs = require('fs'); fs.writeFileSync(Buffer.concat([Buffer.from('/mnt/data/src/'), Buffer.from([255])]), ''); 1",
    )
    *_, failure = await run_magic("%download src back", live.context)
    assert failure == Failure("1 file could not be read: \ufffd", 2)
    assert "a.txt" in content_of(live.directory / "back")


@pytest.mark.parametrize("dispatch", ["embedded"], indirect=True)
async def test_names_in_sentences_have_one_line(
    dispatch: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line end in a name of the session or of this machine is shown, and a byte that is not UTF-8."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / os.fsdecode(b"\xff\xfe.bin")).touch()
    (tmp_path / "new\nline.txt").write_text("a")
    (tmp_path / "dir\nb").mkdir()
    dispatcher = await dispatch(at_prompt=True)
    await shown(dispatcher, f"fs.writeFileSync({DATA} + '/ab\\nc.txt', '')")
    assert r"could not be read: \xff\xfe.bin" in await shown(dispatcher, "%upload src")
    assert await shown(dispatcher, "%rm a*") == r"Removed ab\x0ac.txt."
    await shown(
        dispatcher, "fs.mkdirSync('/mnt/data/d'); fs.writeFileSync('/mnt/data/d/x\\ny', '')"
    )
    assert await shown(dispatcher, "%rm d/x*") == r"Removed d/x\x0ay."
    up = await shown(dispatcher, "%upload 'dir\nb'")
    assert up.startswith(r"Uploaded dir\x0ab: 0 files")
    with pytest.raises(LocalFileError) as caught:
        await run_magic("%load 'no\nfile.js'", dispatcher._context)
    assert str(caught.value).startswith(r"no\x0afile.js: ")
