"""Temporary files outside the embedded pool: what is said if they cannot be written, and what is left of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from driving import command, environment, wait_for
from serving import TOKEN, served

from noderepl.errors import LocalFileError
from noderepl.service.places import sweep
from noderepl.temporary_files import temporary_directory, temporary_errors
from tests.magics.test_npm_local import package

KILLED = """
import os, signal
from noderepl.temporary_files import directory_until_exit, temporary_directory
with temporary_directory() as first:
    (first / "snippet.js").write_text("secret")
    (directory_until_exit() / "page.html").write_text("secret")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory for temporary files."""
    directory = tmp_path / "temporary"
    directory.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(directory))
    return directory


def leave(directory: Path) -> None:
    """Leaves what a killed noderepl does."""
    env = {**os.environ, "TMPDIR": str(directory)}
    subprocess.run([sys.executable, "-c", KILLED], check=False, env=env)
    assert len(list(directory.glob("*/*.*"))) == 2


def test_a_directory_is_private_and_goes(directory: Path) -> None:
    """It is deleted after the block, with its content."""
    with temporary_directory() as inside:
        assert inside.stat().st_mode & 0o77 == 0
        (inside / "a").mkdir()
        sweep()
        assert (inside / "a").is_dir()
    assert list(directory.iterdir()) == []


@contextmanager
def running(*arguments: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """A noderepl that is killed at the end."""
    process = subprocess.Popen(command(*arguments), env=env, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_next_run_deletes_what_a_killed_one_left(directory: Path, home: Path) -> None:
    """Also if its pool is a remote one."""
    leave(directory)
    waits = "await new Promise((done) => setTimeout(done, 20_000))"
    with served(home) as server:
        env = environment(home, TMPDIR=str(directory), NODEREPL_TOKEN=TOKEN)
        with running("--endpoint", server.endpoint, "-e", waits, **env):
            assert wait_for(lambda: list(directory.iterdir()) == [])


def test_npm_ends_with_noderepl(directory: Path, home: Path, tmp_path: Path) -> None:
    """After SIGKILL too, with its children, and the next run deletes its directory."""
    begun = tmp_path / "begun"
    script = f"setsid sleep 100 & touch {begun}; sleep 100"
    slow = package(tmp_path, "slow", scripts={"install": script})
    env = environment(home, TMPDIR=str(directory))
    mark = b"NODEREPL_INSTALL=" + os.fsencode(directory)
    with running("-c", f"%npm install {slow} --local --scripts", **env):
        assert wait_for(begun.exists)
        assert marked(mark)
    assert wait_for(lambda: not marked(mark))
    sweep()
    assert wait_for(lambda: list(directory.iterdir()) == [])


def marked(mark: bytes) -> list[str]:
    """The processes with an environment variable that begins so."""
    found = []
    for place in Path("/proc").glob("[0-9]*/environ"):
        try:
            if any(entry.startswith(mark) for entry in place.read_bytes().split(b"\0")):
                found.append(place.parent.name)
        except OSError:
            pass
    return found


def test_a_full_file_system_is_named(directory: Path) -> None:
    """And TMPDIR, which selects another."""
    with (
        pytest.raises(LocalFileError, match=f"the file system of {directory} is full.*TMPDIR"),
        temporary_errors(),
    ):
        Path("/dev/full").write_text("1")
    directory.rmdir()
    with (
        pytest.raises(LocalFileError, match=rf"in {directory} \(No such file.*TMPDIR"),
        temporary_directory(),
    ):
        pass
