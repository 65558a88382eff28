"""What killed pools leave in the temporary directory, and what of it the next one removes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import connect, value_of

from noderepl.service import places
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.places import Place, remove_trees, sweep
from noderepl.service.pool import Pool

OWNER = """
import sys, tempfile
tempfile.tempdir = sys.argv[1]
from noderepl.service.places import Place
place = Place()
(place.path / "1").mkdir()
(place.path / "1/file").write_text("content")
print(place.path, flush=True)
sys.stdin.read()
"""
# Files of a directory that a process of its own deletes.
MANY = 20


def owner_of_a_place(directory: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process with a place in a directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def kill(process: subprocess.Popen[str]) -> None:
    """End a process as a power cut would."""
    process.kill()
    process.communicate()


def test_only_the_places_of_the_dead_are_removed(place: Path) -> None:
    """A place whose process was killed goes; one of a living process, even one that stands still, stays."""
    living, its_place = owner_of_a_place(place)
    dead, left = owner_of_a_place(place)
    own = Place()
    try:
        living.send_signal(signal.SIGSTOP)
        kill(dead)
        sweep()
        assert sorted(place.iterdir()) == sorted([its_place, own.path])
    finally:
        living.send_signal(signal.SIGCONT)
        kill(living)
    sweep()
    own.remove()
    assert list(place.iterdir()) == []
    assert not left.exists()


def test_what_is_not_a_place_stays(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes that has no lock, is open to others, is a file, a link, of another user, or has another name."""
    outside = tmp_path / "outside"
    for directory in (outside, place / "noderepl-nolock", place / "noderepl-open", place / "other"):
        directory.mkdir(mode=0o700)
    for directory in (outside, place / "noderepl-open", place / "other"):
        (directory / "lock").touch()
    (place / "noderepl-open").chmod(0o755)
    (place / "noderepl-link").symlink_to(outside)
    (place / "noderepl-file").touch()
    for name, make in (
        ("fifo", os.mkfifo),
        ("locklink", lambda path: path.symlink_to(outside / "lock")),
    ):
        (place / f"noderepl-{name}").mkdir(mode=0o700)
        make(place / f"noderepl-{name}" / "lock")
    before = sorted(place.iterdir())
    sweep()
    assert sorted(place.iterdir()) == before
    assert (outside / "lock").exists()
    dead, left = owner_of_a_place(place)
    kill(dead)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    sweep()
    assert left.exists()


def test_a_sweep_has_an_end(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that has taken its time leaves the rest to the next one."""
    dead, left = owner_of_a_place(place)
    kill(dead)
    monkeypatch.setattr(places, "_SECONDS", -1.0)
    sweep()
    assert left.exists()


def test_a_sweep_that_is_cut_off_is_gone_on_with(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock goes last, so that what a killed sweep leaves is found by the next."""
    dead, left = owner_of_a_place(place)
    for number in range(MANY):
        (left / "1" / str(number)).touch()
    kill(dead)

    monkeypatch.setattr(places, "_REMOVE", 'rm -rf -- "$1"')
    sweep()
    assert [path.name for path in left.iterdir()] == ["lock"]
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    sweep()
    assert not left.exists()


@pytest.fixture
def let_rm_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that `rm` waits for from now on, as if there were very much to delete."""
    commands, go_on = tmp_path / "commands", tmp_path / "go-on"
    commands.mkdir()
    waiting = f"while [ ! -e '{go_on}' ]; do sleep 0.05; done"
    (commands / "rm").write_text(f"#!/bin/sh\n{waiting}\nexec '{shutil.which('rm')}' \"$@\"\n")
    (commands / "rm").chmod(0o700)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    yield go_on
    go_on.touch()


async def test_many_files_keep_nobody_waiting(place: Path, let_rm_go_on: Path) -> None:
    """A session and a pool end before their files are deleted, and a process of its own does that."""
    pool = Pool(Launcher(find_node()))
    try:
        async with asyncio.timeout(60), connect(pool) as client:
            files = f"for (let n = 0; n < {MANY}; n++) fs.writeFileSync('file' + n, ''); 1"
            await value_of(client, files, "first")
            await value_of(client, files, "second")
            await pool.stop("first")
            assert len(list(place.glob("*/*/data/file*"))) == 2 * MANY
    finally:
        async with asyncio.timeout(60):
            await pool.close()
    (left,) = place.iterdir()
    sweep()  # the process has the lock
    assert (left / "lock").exists()
    let_rm_go_on.touch()
    async with asyncio.timeout(60):
        while left.exists():  # noqa: ASYNC110  # nothing tells when it has been removed
            await asyncio.sleep(0.05)


def test_a_small_tree_needs_no_process(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its links and files go, but nothing that a link leads to; a large or deep one needs one."""
    monkeypatch.setattr(places, "_REMOVE", "exit 1")
    outside = place / "outside"
    outside.mkdir()
    (outside / "file").touch()
    small = place / "small"
    (small / "a" / "b").mkdir(parents=True)
    (small / "a" / "b" / b"\xff".decode("utf-8", "surrogateescape")).touch()
    (small / "link").symlink_to(outside)
    (small / "a" / "dangling").symlink_to("nowhere")
    os.mkfifo(small / "pipe")
    large, deep = place / "large", place / "deep"
    large.mkdir()
    for number in range(MANY):
        (large / str(number)).touch()
    (deep / "a" / "b" / "c" / "d").mkdir(parents=True)
    for tree in (small, large, deep):
        remove_trees([tree])
    assert sorted(path.name for path in place.iterdir()) == ["deep", "large", "outside"]
    assert len(list(large.iterdir())) == MANY
    assert (outside / "file").exists()


FLIPPER = """
import ctypes, sys
libc = ctypes.CDLL(None)
while True:
    libc.renameat2(-100, sys.argv[1].encode(), -100, sys.argv[2].encode(), 2)
"""


def test_a_directory_that_becomes_a_link_is_not_followed(place: Path) -> None:
    """A process of a session that has survived exchanges them all the time."""
    outside, tree = place / "outside", place / "tree"
    outside.mkdir()
    (outside / "file").touch()
    tree.mkdir()
    flipper = subprocess.Popen([sys.executable, "-c", FLIPPER, str(tree / "a"), str(tree / "b")])
    try:
        for _ in range(300):
            tree.mkdir(exist_ok=True)
            for number in range(8):
                (tree / str(number)).touch()
            with contextlib.suppress(FileExistsError):
                (tree / "a").mkdir()
            with contextlib.suppress(FileExistsError):
                (tree / "b").symlink_to(outside)
            places._is_removed(tree)
            assert (outside / "file").exists()
    finally:
        flipper.kill()
        flipper.wait()


async def test_a_pool_removes_what_a_killed_one_left(place: Path) -> None:
    """Some time after its start, with no call needed, a pool has removed a dead pool's files."""
    dead, left = owner_of_a_place(place)
    kill(dead)
    pool = Pool(Launcher(find_node()))
    try:
        async with connect(pool) as client:
            assert left.exists(), "not before there is a prompt"
            assert await value_of(client, "1 + 1") == 2
            async with asyncio.timeout(60):
                while left.exists():  # noqa: ASYNC110  # nothing tells when a thread has removed it
                    await asyncio.sleep(0.05)
    finally:
        await pool.close()
    assert list(place.iterdir()) == []
