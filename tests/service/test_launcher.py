"""The start of Node.js without an event loop, and what is left if nobody uses it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from asking import connect, value_of
from driving import command, descendants, environment

from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, find_node
from noderepl.service.pool import Pool
from noderepl.service.spawned import StartFailed

PATIENCE = 20.0


def nothing_is_left(place: Path) -> bool:
    """Whether the processes and files of this test's pools are gone soon."""
    end = time.monotonic() + PATIENCE
    while descendants(os.getpid()) or any(place.iterdir()):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def launcher(sandboxed: bool) -> Launcher:
    """A launcher with or without a sandbox."""
    return Launcher(find_node(), sandbox="require" if sandboxed else "off")


async def test_the_first_session_has_the_first_process(launcher: Launcher, place: Path) -> None:
    """A pool uses the process and the directories that were started before it, once."""
    launcher.begin()
    pool = Pool(launcher)
    try:
        async with connect(pool) as client:
            assert await value_of(client, "1 + 1", "first") == 2
            assert sorted(path.name for path in pool.place.iterdir()) == ["1", "bin", "lock"]
            assert await value_of(client, "1 + 2", "second") == 3
            assert (pool.place / "2").is_dir()
    finally:
        await pool.close()
    assert nothing_is_left(place)


@pytest.mark.parametrize("seconds", [0, 0.02, 0.5])
def test_a_process_that_nobody_takes_ends(launcher: Launcher, place: Path, seconds: float) -> None:
    """Whether it has started or not, nothing remains, and nothing starts later."""
    launcher.begin()
    time.sleep(seconds)
    launcher.close()
    assert nothing_is_left(place)
    launcher.close()
    with pytest.raises(StartFailed, match="closed"):
        launcher.create_directories()


async def test_a_pool_without_a_session_ends_it(launcher: Launcher, place: Path) -> None:
    """A pool that is closed before it has used the process ends it too."""
    launcher.begin()
    await Pool(launcher).close()
    assert nothing_is_left(place)


def test_a_start_that_is_cancelled_ends_its_process(launcher: Launcher, place: Path) -> None:
    """Nobody waits for it any more."""
    assert launcher.start(launcher.create_directories()).cancel()
    end = time.monotonic() + PATIENCE
    while descendants(os.getpid()) and time.monotonic() < end:
        time.sleep(0.02)
    launcher.close()
    assert nothing_is_left(place)


def test_a_trial_that_hangs_does_not_delay_the_end(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the launcher ends the trial of the sandbox, and no process starts without one."""
    (tmp_path / "bwrap").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    launcher = Launcher(find_node())
    launcher.begin()
    time.sleep(0.2)
    began = time.monotonic()
    launcher.close()
    assert time.monotonic() - began < 10
    assert nothing_is_left(place)


async def test_a_first_process_that_cannot_start_is_reported_by_the_session(
    tmp_path: Path, place: Path
) -> None:
    """The failure is that of the first snippet, and the next one is tried again."""
    node = find_node()
    missing = tmp_path / "no-node"
    launcher = Launcher(Node(missing, None, (missing,)), sandbox="off")
    launcher.begin()
    pool = Pool(launcher)
    try:
        with pytest.raises(StartFailed, match="cannot be started"):
            await pool.spare()
        missing.symlink_to(node.path)
        with pytest.raises(StartFailed):
            await pool.spare()
    finally:
        await pool.close()
    assert nothing_is_left(place)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_during_the_start_leave_nothing(home: Path, tmp_path: Path, number: int) -> None:
    """Before there is an event loop, as later, a signal ends everything that was started."""
    place = tmp_path / "temporary"
    place.mkdir()
    for delay in (0.05, 0.08, 0.11, 0.14, 0.17, 0.2, 0.25, 0.3):
        run = subprocess.Popen(
            command("-e", "setInterval(() => {}, 1000)"),
            env=environment(home, TMPDIR=str(place)),
            stderr=subprocess.PIPE,
        )
        time.sleep(delay)
        run.send_signal(number)
        _, errors = run.communicate(timeout=PATIENCE)
        assert run.returncode in {-number, 128 + number}, errors
        assert errors == b""
    assert nothing_is_left(place)
