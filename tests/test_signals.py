"""SIGINT and SIGTERM while a script's snippet runs: they end it in the session too, on each kind of pool."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from bare_kernel import bare_kernel, installed_nel
from driving import command, environment
from serving import TOKEN, served

from noderepl.service.node import Node
from noderepl.sessions.records import name_event
from noderepl.sessions.store import About, new_record
from noderepl.signals import STUCK_SECONDS
from tests.service.test_pool import processes_of, until_empty

SESSION = "signals-session-1"
# A main that blocks the event loop, as a thread does that the system has no memory to start.
STUCK = """
import threading
from pathlib import Path
from noderepl.sessions.run import with_backend
from noderepl.settings import read_settings
from noderepl.signals import before_end

async def main(backend):
    before_end(lambda: print("restored", flush=True))
    print("begun", flush=True)
    threading.Event().wait()

raise SystemExit(with_backend(read_settings({}, environ={}, directory=Path("none")), main))
"""
Run = Callable[..., subprocess.Popen[str]]
# Neither event loop nor inspector has a turn in it.
DEAF = "require('crypto').pbkdf2Sync('a', 'b', 4e7, 64, 'sha512')"


@pytest.fixture(params=["served", "bare"])
async def run(
    request: pytest.FixtureRequest, node: Node, shared: Path, home: Path
) -> AsyncIterator[Run]:
    """Starts a noderepl with these arguments in one session of a pool that is served over HTTP."""
    env = environment(home, NODEREPL_TOKEN=TOKEN, PYTHONUNBUFFERED="1")

    def started(url: str) -> Run:
        return lambda *arguments: subprocess.Popen(
            command("--endpoint", url, "--session", SESSION, *arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )

    if request.param == "bare":
        async with bare_kernel(node, installed_nel(shared)) as url:
            yield started(url)
        return
    with served(home / "server", "--node", str(node.path)) as pool:
        yield started(pool.endpoint)


async def ended(running: subprocess.Popen[str]) -> tuple[str, str]:
    """What a run still prints to stdout and stderr until it ends."""
    assert running.stdout is not None and running.stderr is not None
    with running:
        rest = await asyncio.to_thread(running.stdout.read)
        return rest, running.stderr.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_snippet_in_the_session(
    run: Run, number: signal.Signals, tmp_path: Path
) -> None:
    """What was printed is shown once and in order, and another client finds the session free, clean and with its state."""
    slow = "for (const t = performance.now(); performance.now() - t < 0.1; );"
    (file := tmp_path / "snippet.js").write_text(
        f"globalThis.kept = 41; for (let i = 0; ; i++) {{ console.log(`line ${{i}}`); {slow} }}"
    )
    running = run(str(file))
    assert running.stdout is not None
    first = await asyncio.to_thread(running.stdout.readline)
    running.send_signal(number)
    rest, words = await ended(running)
    assert (running.returncode, words) == (128 + number, "")
    assert first + rest == "".join(f"line {i}\n" for i in range((first + rest).count("\n")))
    began = time.monotonic()
    other = run(
        "-p",
        "kept + 1",
        "-p",
        "require('fs').readdirSync('.').filter((name) => name.includes('interrupt'))",
    )
    assert await ended(other) == ("42\n[]\n", "")
    assert other.returncode == 0
    assert time.monotonic() - began < 30


async def test_a_second_signal_ends_the_wait_for_the_session(run: Run) -> None:
    """Where the session does not react noderepl ends without it after 3 s, which it says, and at once at a second signal."""
    deaf = (
        f"console.log('begun'); await new Promise((resolve) => setTimeout(resolve, 1500)); {DEAF}"
    )
    running = run("-e", deaf)
    assert running.stdout is not None
    await asyncio.to_thread(running.stdout.readline)
    await asyncio.sleep(1)
    began = time.monotonic()
    running.send_signal(signal.SIGINT)
    await asyncio.sleep(0.5)
    assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, words = await ended(running)
    assert (running.returncode, words) == (130, "")
    assert time.monotonic() - began < 2.5


async def test_the_wait_for_the_session_comes_to_an_end(run: Run) -> None:
    """A session that does not react is left after 3 s, which is said."""
    running = run(
        "-e",
        f"console.log('begun'); await new Promise((resolve) => setTimeout(resolve, 1500)); {DEAF}",
    )
    assert running.stdout is not None
    await asyncio.to_thread(running.stdout.readline)
    await asyncio.sleep(1)
    running.send_signal(signal.SIGTERM)
    running.send_signal(signal.SIGTERM)
    _, words = await ended(running)
    assert running.returncode == 143
    assert words == "The session has not ended the snippet within 3 s; it may still be running.\n"


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.25])
async def test_two_signals_while_the_pool_starts_leave_no_process(
    home: Path, tmp_path: Path, pause: float
) -> None:
    """The embedded pool is closed, whenever the second signal comes."""
    (place := tmp_path / "temporary").mkdir()
    code = "await new Promise(() => setInterval(() => {}, 1000))"
    with subprocess.Popen(
        command("-e", code),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home, TMPDIR=str(place)),
    ) as running:
        while len(processes_of(place)) < 2:  # noqa: ASYNC110  # nothing tells when it starts
            await asyncio.sleep(0.005)
        running.send_signal(signal.SIGTERM)
        await asyncio.sleep(pause)
        running.send_signal(signal.SIGTERM)
        _, words = await asyncio.to_thread(running.communicate, timeout=30)
    assert (running.returncode, words) == (143, "")
    await until_empty(place)
    assert processes_of(place) == []


async def test_a_signal_ends_the_trial_of_a_sandbox_that_hangs(home: Path, tmp_path: Path) -> None:
    """It is answered at once, and no process is left."""
    (place := tmp_path / "programs").mkdir()
    (bwrap := place / "bwrap").write_text("#!/bin/sh\nexec sleep 60\n")
    bwrap.chmod(0o700)
    path = f"{place}:{os.environ['PATH']}"
    with subprocess.Popen(
        command("-p", "1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home, PATH=path, NODEREPL_SANDBOX="auto"),
    ) as running:
        while len(processes_of(place)) < 2:  # noqa: ASYNC110  # nothing tells when it starts
            await asyncio.sleep(0.005)
        await asyncio.sleep(1)
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        answer = await asyncio.to_thread(running.communicate, timeout=30)
    assert (running.returncode, answer) == (143, ("", ""))
    assert time.monotonic() - began < STUCK_SECONDS
    assert processes_of(place) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_program_that_is_stuck(number: signal.Signals, home: Path) -> None:
    """Where the event loop does not react to a signal, the process ends all the same, and soon."""
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], stdout=subprocess.PIPE, text=True, env=environment(home)
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        running.send_signal(number)
        assert running.wait(STUCK_SECONDS + 20) == 128 + number
        assert running.stdout.read() == "restored\n"


def test_a_signal_ends_the_reading_of_a_long_record(home: Path) -> None:
    """The record of a session of another run may take seconds to read."""
    url, directory = "http://127.0.0.1:1", home / ".local/state/noderepl/sessions"
    record = new_record(directory, About(url, "identifier-1234", made=True))
    record.add(name_event("long"))
    record.close()
    (file,) = directory.iterdir()
    event = b'{"event": "snippet", "code": "x", "number": 1, "ok": true, "value": false}\n'
    with file.open("ab") as written:
        written.write(event * 190_000)
    with subprocess.Popen(
        command("--endpoint", url, "--auth", "none", "--session", "long", "-p", "1"),
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home),
    ) as running:
        descriptors = Path(f"/proc/{running.pid}/fd")
        while not any(one.is_symlink() and one.readlink() == file for one in descriptors.iterdir()):
            time.sleep(0.01)
        began = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert running.communicate(timeout=30)[1] == ""
    assert running.returncode == 143
    assert time.monotonic() - began < STUCK_SECONDS
