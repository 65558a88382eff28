"""Programs that run once to show whether they work: bounded, and none outlives noderepl."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from driving import command, descendants, environment, wait_for

from noderepl.service.trials import Trial, end_trials


def trial(script: str, *, stream: str = "stdout", seconds: float = 20) -> Trial:
    """A trial of a shell script."""
    return Trial(["/bin/sh", "-c", script], stream=stream, seconds=seconds)


def test_the_code_and_one_stream_are_returned() -> None:
    """The other stream is ignored."""
    script = "echo out; echo err >&2; exit 3"
    assert trial(script).finish() == (3, b"out\n")
    assert trial(script, stream="stderr").finish() == (3, b"err\n")


def test_what_a_program_has_started_is_not_awaited() -> None:
    """It may have the stream open for long; it ends with the program."""
    script = "sleep 60 & echo out; exit 3"
    began = time.monotonic()
    assert trial(script).finish() == (3, b"out\n")
    assert time.monotonic() - began < 10
    assert wait_for(lambda: not descendants(os.getpid()))


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("yes", ValueError),
        ("yes & wait", ValueError),
        ("sleep 60", subprocess.TimeoutExpired),
        ("sleep 60 & sleep 60", subprocess.TimeoutExpired),
        ("exec >&-; sleep 60", subprocess.TimeoutExpired),
    ],
)
def test_what_floods_or_hangs_is_ended_with_its_group(script: str, error: type[Exception]) -> None:
    """None of its processes remains."""
    with pytest.raises(error):
        trial(script, seconds=0.5).finish()
    assert wait_for(lambda: not descendants(os.getpid()))


def test_trials_end_early() -> None:
    """Also while another thread waits for them."""
    one = trial("sleep 60")
    codes: list[int] = []
    waiting = threading.Thread(target=lambda: codes.append(one.finish()[0]))
    waiting.start()
    end_trials()
    waiting.join(20)
    assert codes == [-signal.SIGKILL]
    end_trials()


@pytest.mark.parametrize("script", ["sleep 60", "yes >&2", "sleep 60 & sleep 60"])
def test_a_signal_ends_the_question_for_a_version(home: Path, tmp_path: Path, script: str) -> None:
    """A version manager's shim that hangs does not outlive noderepl."""
    shim = tmp_path / "node"
    shim.write_text(f"#!/bin/sh\n{script}\n")
    shim.chmod(0o755)
    run = subprocess.Popen(command("--node", str(shim), "-p", "1"), env=environment(home))
    while len(asked := descendants(run.pid)) < (1 if "yes" in script else 2):
        time.sleep(0.02)
    run.send_signal(signal.SIGTERM)
    assert run.wait(20) == 143
    assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in asked))


def test_a_node_that_does_not_get_ready_delays_no_end(home: Path, tmp_path: Path) -> None:
    """It answers the question for its version, and then nothing."""
    shim = tmp_path / "node"
    answer = f'["{shim}", "20.1.0"]'
    shim.write_text(f"#!/bin/sh\ncase \"$1\" in -p) echo '{answer}'; exit;; esac\nsleep 60\n")
    shim.chmod(0o755)
    run = subprocess.Popen(
        command("--node", str(shim), "-p", "1"), env=environment(home), stderr=subprocess.DEVNULL
    )
    assert wait_for(lambda: len(descendants(run.pid)) > 1)
    run.send_signal(signal.SIGTERM)
    started = time.monotonic()
    assert run.wait(30) == 143
    assert time.monotonic() - started < 15


def test_a_pipe_is_no_node(home: Path, tmp_path: Path) -> None:
    """Nobody writes to it; a sentence says that it is not Node.js."""
    os.mkfifo(tmp_path / "node")
    run = subprocess.run(
        command("--node", str(tmp_path / "node"), "-p", "1"),
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert run.returncode not in (0, 70)
    assert "is not a Node.js" in run.stderr
