"""The start of Node.js without an event loop, and what is left if nobody uses it."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from asking import connect, value_of
from driving import command, descendants, environment

from noderepl.service import launcher as launchers
from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, find_node
from noderepl.service.places import sweep
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


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        'case "$*" in *" true") exit 1;; esac; exec {bwrap} "$@"',
        'case "$*" in *" true") exit 1;; esac; exec sleep 60',
    ],
    ids=["fails", "fails in the trial only", "hangs as a session"],
)
async def test_a_first_process_in_the_wrong_sandbox_is_replaced(
    script: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It starts before the trial has ended, in a bubblewrap that does not work after all."""
    wrong = tmp_path / "bwrap"
    wrong.write_text(f"#!/bin/sh\n{script.format(bwrap=shutil.which('bwrap'))}\n")
    wrong.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    launcher = Launcher(find_node())
    launcher.begin()
    pool = Pool(launcher)
    try:
        async with connect(pool) as client:
            assert await value_of(client, "1 + 1", "first") == 2
            session = pool.find("first")
            assert session is not None
            commands = [
                Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                for pid in descendants(os.getpid())
            ]
            assert not [command for command in commands if bytes(wrong) in command]
    finally:
        await pool.close()
    assert nothing_is_left(place)


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


def test_a_thread_that_cannot_start_is_reported(
    launcher: Launcher, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a start that failed, and the directory does not stay."""

    def refused(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as limited:
        limited.setattr(threading.Thread, "start", refused)
        launcher.begin()
    first = launcher.take_first()
    assert first is not None
    with pytest.raises(StartFailed, match="can't start new thread"):
        first[1].result()
    launcher.close()
    assert nothing_is_left(place)


def test_tools_that_could_not_be_written_are_written_later(
    launcher: Launcher, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first start on a full disk does not break the next ones."""
    write = launchers.write_tools

    def full(directory: Path, node: Node) -> None:
        write(directory, node)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as filled:
        filled.setattr(launchers, "write_tools", full)
        with pytest.raises(OSError, match="No space left"):
            launcher.start(launcher.create_directories()).result(PATIENCE)
    launcher.start(launcher.create_directories()).result(PATIENCE).discard()
    launcher.close()
    assert nothing_is_left(place)


DEAD = "import os; from noderepl.service.places import Place; print(Place().path, flush=True); os._exit(0)"


def test_a_sandbox_whose_pool_was_killed_ends_with_the_next_sweep(place: Path) -> None:
    """A process of bubblewrap that waits forever; no other process that names the place."""
    made = subprocess.run(
        [sys.executable, "-c", DEAD],
        env={**os.environ, "TMPDIR": str(place)},
        capture_output=True,
        text=True,
        check=True,
    )
    argument = f"{made.stdout.strip()}/1/data"
    wait = ["-c", "import time; time.sleep(60)", argument]
    orphans = {
        name: subprocess.Popen([name, *wait], executable=sys.executable)
        for name in ("bwrap", "vim")
    }
    try:
        for name, orphan in orphans.items():
            while not Path(f"/proc/{orphan.pid}/cmdline").read_bytes().startswith(name.encode()):
                time.sleep(0.01)
        sweep()
        assert orphans["bwrap"].wait(PATIENCE) == -signal.SIGKILL
        assert orphans["vim"].poll() is None
    finally:
        for orphan in orphans.values():
            orphan.kill()
            orphan.wait()
    assert nothing_is_left(place)


def test_two_signals_leave_nothing(home: Path, tmp_path: Path) -> None:
    """The second one does not interrupt what the first one has begun to delete."""
    place = tmp_path / "temporary"
    place.mkdir()
    for pause in (0.0003, 0.0006, 0.001, 0.0015, 0.002, 0.003):
        run = subprocess.Popen(
            command("-e", "setInterval(() => {}, 1000)"),
            env=environment(home, TMPDIR=str(place)),
            stderr=subprocess.PIPE,
        )
        while not any(place.iterdir()):
            time.sleep(0.001)
        run.send_signal(signal.SIGTERM)
        time.sleep(pause)
        run.send_signal(signal.SIGINT)
        _, errors = run.communicate(timeout=PATIENCE)
        assert run.returncode in {143, 130} and errors == b""
        assert nothing_is_left(place)


@pytest.mark.parametrize(
    "arguments", [("-e", "1", "--sandbox", "require"), ("serve", "--port", "0")]
)
def test_a_trial_that_hangs_ends_at_a_signal(
    home: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Also where noderepl waits for the trial before it has a pool."""
    place, commands = tmp_path / "temporary", tmp_path / "commands"
    place.mkdir()
    commands.mkdir()
    (commands / "bwrap").write_text("#!/bin/sh\nexec sleep 60\n")
    (commands / "bwrap").chmod(0o755)
    path = f"{commands}:{os.environ['PATH']}"
    env = environment(home, TMPDIR=str(place), PATH=path, NODEREPL_TOKEN="token-of-a-test")
    run = subprocess.Popen(command(*arguments), env=env, stdout=subprocess.DEVNULL)
    trials: list[int] = []
    while not trials:
        time.sleep(0.02)
        trials = [pid for pid in descendants(run.pid) if name_of(pid) == "sleep"]
    run.send_signal(signal.SIGTERM)
    assert run.wait(PATIENCE) == 143
    assert nothing_is_left(place)
    assert [name_of(pid) for pid in trials] == [""]


def name_of(pid: int) -> str:
    """The name of a process that runs, "" if it has ended."""
    with contextlib.suppress(OSError):
        status = Path(f"/proc/{pid}/stat").read_text()
        if status.rpartition(")")[2].split()[0] not in "ZX":
            return status.partition("(")[2].rpartition(")")[0]
    return ""


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
