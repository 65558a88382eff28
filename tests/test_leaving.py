"""What becomes of a session when noderepl is left, and how a later noderepl goes on in one: scripts and real prompts."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bare_kernel import bare_kernel, installed_nel
from driving import Screen, run, wait_for
from nodes import node_of_wheel
from serving import Served, served

LEAVES_WITHIN = 5.0
"""Seconds for a whole script against a service that does not answer its last call; the call itself gets 2."""


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Served]:
    """A served pool."""
    with served(tmp_path / "server") as opened:
        yield opened


def script(pool: Served, home: Path, *arguments: str):
    """Runs a script on the pool."""
    return run(*pool.options, *arguments, home=home, **pool.environ)


def prompt(pool: Served, home: Path, *arguments: str) -> Screen:
    """A prompt on the pool."""
    return Screen(*pool.options, *arguments, home=home, **pool.environ)


def kept(home: Path) -> list[Path]:
    """The files of the sessions that can be resumed."""
    return sorted((home / ".local/state/noderepl/sessions").glob("*"))


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


def test_a_script_can_keep_its_session_for_another(pool, home):
    """--keep leaves it, --resume goes on in it with its state, and it stays kept until somebody deletes it."""
    assert script(pool, home, "--keep", "-e", "var a = 41").returncode == 0
    (file,) = kept(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert len(pool.sessions()) == 1 and pool.sessions()[0] in file.read_text()
    assert script(pool, home, "--resume", "-p", "++a").stdout == "42\n"
    assert script(pool, home, "--resume", "-p", "++a").stdout == "43\n"
    assert script(pool, home, "--resume", "-c", "%session delete").returncode == 0
    assert pool.sessions() == [] and kept(home) == []
    ran = script(pool, home, "--resume", "-p", "a")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "noderepl: no session of this endpoint is kept that no other noderepl has; start without --resume (--resume)\n"
    )


def test_a_resumed_session_that_was_lost_meanwhile_is_noticed(pool, home):
    """The first snippet of a script does not run in the empty session, which is said in one sentence."""
    script(pool, home, "--keep", "-e", "var a = 1")
    pool.drop(pool.sessions()[0])
    ran = script(pool, home, "--resume", "-p", "a")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.startswith("noderepl: the session was replaced by an empty one")
    assert ran.stderr.count("\n") == 1 and "was not run" in ran.stderr


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


@pytest.mark.parametrize("how", ["closed", "closed while running", "signal"])
def test_a_lost_terminal_keeps_the_session(pool, home, how):
    """Whether its end is read or its signal comes first, the session is there for the next noderepl, which deletes it."""
    screen = prompt(pool, home)
    screen.ready()
    screen.enter("var a = 41")
    screen.until("^undefined$")
    if how == "closed while running":
        screen.enter("await new Promise((resolve) => setTimeout(resolve, 4000))")
        screen.until("Ctrl-C interrupts")
    if how == "signal":
        os.kill(screen.pid, signal.SIGHUP)
        screen.ended()
    os.close(screen._file)
    if how != "signal":
        os.waitpid(screen.pid, 0)
    assert len(pool.sessions()) == 1
    with prompt(pool, home, "--resume") as again:
        again.until(r"^The session of \d+ s ago goes on")
        again.ready()
        again.enter("a + 1")
        again.until("^42$")
        again.key("ctrl-d")
        assert again.ended() == 0
    assert pool.sessions() == [] and kept(home) == []


def test_kill_and_resume(pool, home):
    """After kill -9 the next noderepl goes on: variables, result names and the numbers of the history."""
    with prompt(pool, home) as screen:
        screen.ready()
        screen.enter("var stock = [1, 2, 3]")
        screen.until("^undefined$")
        screen.enter("stock.length * 14")
        screen.until("^42$")
        os.kill(screen.pid, signal.SIGKILL)
        assert screen.ended() == -signal.SIGKILL
    assert len(pool.sessions()) == 1
    with prompt(pool, home, "--resume") as screen:
        screen.until(r"^The session of \d+ s ago goes on, in which 2 snippets ran\.$")
        screen.ready()
        screen.enter("_2 + stock.length")
        screen.until(r"^45$")
        screen.until(r" · _3")
        screen.enter("%history 3")
        screen.until(r"^2  _2  stock\.length \* 14\n3  _3  _2 \+ stock\.length$")
        screen.key("ctrl-d")
        assert screen.ended() == 0
    assert pool.sessions() == [] and kept(home) == []


def test_a_session_lost_while_nobody_was_there_is_told_and_replayed(pool, home):
    """What a killed noderepl knew of its session is known to the next: what was in it, and how to bring it back."""
    with prompt(pool, home) as screen:
        screen.ready()
        screen.enter("var stock = [1, 2, 3]")
        screen.until("^undefined$")
        os.kill(screen.pid, signal.SIGKILL)
        screen.ended()
    pool.drop(pool.sessions()[0])
    with prompt(pool, home, "--resume") as screen:
        screen.until(r"(?s)the session was replaced by an empty one.*Lost with it: variable stock\.")
        screen.ready()
        screen.enter("%replay")
        screen.until("^Replayed step 1\\.$")
        screen.enter("stock.length")
        screen.until("^3$")


def test_two_prompts_do_not_take_each_others_session(pool, home):
    """--resume finds only a session that no other noderepl is in; of several the one that was used last."""
    with prompt(pool, home) as first:
        first.ready()
        first.enter("var mine = 'first'")
        first.until("^undefined$")
        assert script(pool, home, "--resume", "-p", "mine").returncode == 2
        with prompt(pool, home) as second:
            second.ready()
            second.enter("var mine = 'second'")
            second.until("^undefined$")
            os.kill(second.pid, signal.SIGKILL)
            second.ended()
        assert script(pool, home, "--resume", "--keep", "-p", "mine").stdout == "second\n"
        os.kill(first.pid, signal.SIGKILL)
        first.ended()
    assert script(pool, home, "--resume", "--keep", "-p", "mine").stdout == "second\n"
    with served(home / "other-server") as other:
        assert script(other, home, "--resume", "-p", "mine").returncode == 2


def test_session_keep_keeps_and_a_new_one_does_not(pool, home):
    """%session keep is for the session it is typed in; %session new still deletes what nobody could come back to."""
    with prompt(pool, home) as screen:
        screen.ready()
        screen.enter("var a = 'kept'")
        screen.until("^undefined$")
        screen.enter("%session new")
        screen.until("The one before is deleted")
        screen.enter("var a = 'kept later'")
        screen.until(r"kept later'\nundefined$")
        screen.enter("%session keep")
        screen.until("--resume goes on in it")
        screen.key("ctrl-d")
        assert screen.ended() == 0
    assert len(pool.sessions()) == 1 and len(kept(home)) == 1
    assert script(pool, home, "--resume", "-p", "a").stdout == "kept later\n"


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]\n", b'{"endpoint": 3}\n', b"\xff\xfe\n", b"[" * 100_000 + b"\n"])
def test_a_damaged_state_file_is_told_in_one_sentence(pool, home, spoilt):
    """No traceback, the file is named, and without --resume all goes on."""
    script(pool, home, "--keep", "-e", "var a = 1")
    (file,) = kept(home)
    file.write_bytes(spoilt)
    ran = script(pool, home, "--resume", "-p", "a")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert f"{file} is damaged" in ran.stderr
    assert script(pool, home, "--keep", "-p", "1").stdout == "1\n"
    assert script(pool, home, "--resume", "-p", "2").stdout == "2\n"


def test_events_that_make_no_sense_are_told_in_one_sentence(pool, home):
    """A file of JSON that no noderepl has written is no traceback either."""
    script(pool, home, "--keep", "-e", "var a = 1")
    (file,) = kept(home)
    for event in (
        '{"event": "snippet"}',
        "3",
        '{"event": "pass", "position": -1}',
        '{"event": "npm", "arguments": []}',
    ):
        head = file.read_text().splitlines()[0]
        file.write_text(f"{head}\n{event}\n")
        ran = script(pool, home, "--resume", "-p", "a")
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1), ran.stderr
        assert "damaged" in ran.stderr


def test_the_progress_of_a_replay_is_seen(pool, home):
    """A line says which step of how many is at work; what the steps print is not shown."""
    with prompt(pool, home) as screen:
        screen.ready()
        for number in (1, 2, 3):
            screen.enter(f"console.log('printed'); await new Promise((done) => setTimeout(done, 700)); {number}")
            screen.until(f"^{number}$")
        pool.drop(pool.sessions()[0])
        screen.enter("%clear")
        screen.enter("1")
        screen.until("3 steps again")
        screen.key("ctrl-c")
        screen.enter("%replay")
        screen.until(r"^replay 2/3: console\.log\('printed'\); await new Promise")
        screen.until(r"^Replayed steps 1 to 3\.$")
        assert "\nprinted" not in screen.text and "replay 2/3" not in screen.text


def test_half_a_line_at_the_end_is_no_damage(pool, home):
    """A process may be killed while it writes an event down: all before it counts, and what follows is whole again."""
    script(pool, home, "--keep", "-e", "var a = 1")
    (file,) = kept(home)
    file.write_bytes(file.read_bytes() + b'{"event": "snip')
    assert script(pool, home, "--resume", "-p", "a").stdout == "1\n"
    assert [json.loads(line) for line in file.read_text().splitlines()][-1]["code"] == "a"


def test_a_state_directory_that_cannot_be_written_costs_no_snippet(pool, home):
    """It is said that the session cannot be resumed, and the prompt goes on."""
    (home / ".local/state").mkdir(parents=True)
    (home / ".local/state/noderepl").write_text("a file where a directory should be")
    with prompt(pool, home) as screen:
        screen.ready()
        screen.enter("6 * 7")
        screen.until("^42$")
        screen.enter("7 * 7")
        screen.until("^49$")
        screen.until("This session cannot be resumed after a crash")


def test_the_embedded_pool_says_that_it_keeps_nothing(home):
    """--resume is an error there, --keep a word, %session keep a failure."""
    ran = run("--resume", "-p", "1", home=home)
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1 and "the embedded pool ends with noderepl" in ran.stderr
    ran = run("--keep", "-p", "1", home=home)
    assert (ran.returncode, ran.stdout) == (0, "1\n") and "the embedded pool ends with noderepl" in ran.stderr
    ran = run("-c", "%session keep", home=home)
    assert ran.returncode == 2 and "cannot be kept" in ran.stderr
    ran = run("--resume", "--session", "mine-1234", "--endpoint", "http://127.0.0.1:9", "-p", "1", home=home)
    assert ran.returncode == 2 and "two sessions" in ran.stderr


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
    """The deletion is given up after two seconds."""
    with slow(30) as endpoint:
        began = time.monotonic()
        ran = run("--endpoint", endpoint, "--mode", "plain", "-p", "1", home=home)
        took = time.monotonic() - began
    assert (ran.returncode, ran.stdout) == (0, "1\n")
    assert 2.0 <= took < LEAVES_WITHIN


def test_a_signal_does_not_break_the_leaving_off(home):
    """Where noderepl is left already, the signal of a terminal that closes does not keep the session from being deleted."""
    with slow(1.5) as endpoint, Screen("--endpoint", endpoint, "--mode", "plain", home=home) as screen:
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


async def test_the_bare_kernel_is_resumed_too(home, shared):
    """Over the kernel itself: killed, resumed, and deleted at the end."""
    node = node_of_wheel()
    async with bare_kernel(node, installed_nel(shared)) as endpoint:
        with Screen("--endpoint", endpoint, home=home) as screen:
            screen.ready()
            screen.enter("var a = 41")
            screen.until("^undefined$")
            os.kill(screen.pid, signal.SIGKILL)
            screen.ended()
        with Screen("--endpoint", endpoint, "--resume", home=home) as screen:
            screen.ready()
            screen.enter("a + 1")
            screen.until("^42$")
            screen.until(" · _2")
            screen.key("ctrl-d")
            assert screen.ended() == 0
    assert wait_for(lambda: kept(home) == [])
