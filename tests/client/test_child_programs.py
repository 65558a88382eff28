"""A program of azure-identity that hangs does not outlive noderepl."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from driving import command, descendants, environment, wait_for

from noderepl.client import child_programs
from noderepl.client.child_programs import ending_with_noderepl


@pytest.mark.parametrize(
    "arguments", [("--endpoint", "https://pool.example", "--auth", "azure", "-p", "1"), ("pools",)]
)
def test_az_ends_with_noderepl(home: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """It is not asked again, and nothing is said of a snippet that nobody has sent."""
    az = tmp_path / "az"
    az.write_text("#!/bin/sh\nsleep 60\n")
    az.chmod(0o755)
    run = subprocess.Popen(
        command(*arguments),
        env=environment(
            home, PATH=f"{tmp_path}:{os.environ['PATH']}", AZURE_TOKEN_CREDENTIALS="dev"
        ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert wait_for(lambda: len(descendants(run.pid)) == 2, 60)
    asked = descendants(run.pid)
    run.send_signal(signal.SIGTERM)
    output, _ = run.communicate(timeout=20)
    assert run.returncode == 143
    assert "snippet" not in output
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in asked))


def test_children_that_az_has_left_end_too(home: Path, tmp_path: Path) -> None:
    """azure-identity ends `az` after a time, but not what that has started."""
    az, left = tmp_path / "az", tmp_path / "left"
    az.write_text(f"#!/bin/sh\nsleep 60 & echo $! > {left}; exit 1\n")
    az.chmod(0o755)
    run = subprocess.run(
        command("--endpoint", "https://pool.example", "--auth", "azure", "-p", "1"),
        env=environment(
            home, PATH=f"{tmp_path}:{os.environ['PATH']}", AZURE_TOKEN_CREDENTIALS="dev"
        ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
        timeout=60,
    )
    assert run.returncode not in (0, 70)
    assert wait_for(lambda: not is_running(left.read_text().strip()))


@pytest.mark.parametrize(
    ("is_failed", "is_daemon", "is_ended"),
    [(False, False, False), (True, True, False), (True, False, True)],
)
def test_what_may_stay(is_failed: bool, is_daemon: bool, is_ended: bool) -> None:
    """A program that `az` has left on purpose: after a success, or in a session of its own."""
    with contextlib.suppress(ZeroDivisionError), ending_with_noderepl():
        left = subprocess.Popen(["sleep", "60"], start_new_session=is_daemon)
        if is_failed:
            raise ZeroDivisionError
    try:
        child_programs._end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            left.wait(1)
        assert (left.returncode is not None) == is_ended
    finally:
        left.kill()
        left.wait()


def test_a_connection_that_hangs_delays_no_end(home: Path) -> None:
    """Nothing was sent, so nothing is interrupted or deleted."""
    with socket.socket() as listener, contextlib.ExitStack() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # more than the system accepts for it
            other = waiting.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        url, before = f"http://127.0.0.1:{port}", connecting(port)
        run = subprocess.Popen(
            command("--endpoint", url, "--auth", "none", "-p", "1"),
            env=environment(home),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert wait_for(lambda: connecting(port) > before)
        run.send_signal(signal.SIGTERM)
        _, errors = run.communicate(timeout=20)
        assert run.returncode == 143
        assert errors == ""


def connecting(port: int) -> int:
    """The number of TCP connections to a port that are not accepted yet (SYN_SENT)."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return sum(line.split()[2:4] == [f"0100007F:{port:04X}", "02"] for line in lines)


def is_running(pid: str) -> bool:
    """Whether a process has not ended; nobody may have reaped it."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
