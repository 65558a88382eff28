"""How a later noderepl goes on in a session that was kept, or whose noderepl was killed: scripts and real prompts."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess

import pytest
from bare_kernel import bare_kernel, installed_nel
from driving import Screen, command, environment, run, wait_for
from leaving import kept, killed_after, prompt, script
from nodes import node_of_wheel
from serving import served


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
        "noderepl: this endpoint has no kept session that is free; start without --resume (--resume)\n"
    )


KEPT = (
    r"The session is kept until \d\d:\d\d:\d\d \(\d+ (s|min|h)\); noderepl --resume resumes it\.\n"
)


def test_leaving_a_kept_session_says_until_when_it_lives(pool, home):
    """One line for --keep, for %session keep and for a kept session that was resumed; none with --quiet or without."""
    assert re.fullmatch(KEPT, script(pool, home, "--keep", "-e", "var a = 41").stderr)
    assert re.fullmatch(KEPT, script(pool, home, "--resume", "-p", "a").stderr)
    assert script(pool, home, "--resume", "--quiet", "-p", "a").stderr == ""
    assert "The session is kept" in script(pool, home, "-p", "1", "-c", "%session keep").stderr
    assert script(pool, home, "-p", "1").stderr == ""
    old = ("--api-version", "2024-02-02-preview", "--keep")
    ended = "The session is kept until its pool ends it; noderepl --resume resumes it.\n"
    assert script(pool, home, *old, "-p", "1").stderr == ended


def test_keep_stores_nothing_of_a_session_that_never_existed(pool, home):
    """Where no call has reached a session, or none was made, there is nothing to resume and no line."""
    ran = run("--endpoint", "http://127.0.0.1:9", "--keep", "-p", "1", home=home)
    assert ran.returncode == 3 and "is kept" not in ran.stderr and kept(home) == []
    ran = script(pool, home, "--keep", "-c", "%help")
    assert ran.returncode == 0 and "is kept" not in ran.stderr and kept(home) == []
    ran = script(pool, home, "-c", "%session keep")
    assert ran.returncode == 0 and "is kept until" not in ran.stderr and kept(home) == []
    assert script(pool, home, "--resume", "-p", "1").returncode == 2


def test_a_new_session_under_keep_keeps_the_one_before(pool, home):
    """%session new leaves the kept session to --resume, and the new one is kept as well."""
    with prompt(pool, home, "--keep") as screen:
        screen.ready()
        screen.enter("var a = 'first'")
        screen.until("^undefined$")
        screen.enter("%session new")
        screen.until("The previous one is kept")
        screen.enter("var a = 'second'")
        screen.until(r"second'\nundefined$")
        screen.key("ctrl-d")
        assert screen.ended() == 0
        assert "noderepl --resume resumes it." in screen.text
    assert len(pool.sessions()) == 2 and len(kept(home)) == 2
    assert script(pool, home, "--resume", "-p", "a").stdout == "second\n"
    os.utime(min(kept(home), key=lambda file: file.stat().st_mtime), None)
    assert script(pool, home, "--resume", "-p", "a").stdout == "first\n"


def test_a_resumed_session_that_was_lost_meanwhile_is_noticed(pool, home):
    """The first snippet of a script does not run in the empty session, which is said in one sentence."""
    script(pool, home, "--keep", "-e", "var a = 1")
    pool.drop(pool.sessions()[0])
    ran = script(pool, home, "--resume", "-p", "a")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr.startswith("noderepl: the session was replaced by an empty one")
    assert ran.stderr.count("\n") == 1 and "was not run" in ran.stderr


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
        again.until(r"^The session of \d+ s ago was resumed")
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
        screen.until(r"^The session of \d+ s ago was resumed; 2 snippets ran\.$")
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
    killed_after("var stock = [1, 2, 3]", "^undefined$", pool, home)
    pool.drop(pool.sessions()[0])
    with prompt(pool, home, "--resume") as screen:
        screen.until(r"(?s)the session was replaced by an empty one.*Lost:\s+variable stock\.")
        screen.ready()
        screen.enter("%replay")
        screen.until("^Replayed step 1\\.$")
        screen.enter("stock.length")
        screen.until("^3$")


@pytest.mark.parametrize(
    ("order", "mode", "names"),
    [
        ("before the prelude", "full", ["data.txt"]),
        ("before the prelude", "plain", ["data.txt", "more.txt"]),
        ("after the prelude", "full", ["data.txt", "more.txt"]),
        ("after the prelude", "plain", ["data.txt"]),
    ],
)
def test_an_upload_alone_is_missed_too(pool, home, order, mode, names):
    """The loss of a session with nothing but files in it is told in either order and mode, and %replay brings them back."""
    for name in names:
        (home / name).write_text("here")
    with prompt(
        pool, home, "--mode", "plain" if order == "before the prelude" else "full"
    ) as screen:
        screen.ready()
        if order == "after the prelude":
            assert wait_for(lambda: kept(home) and '"ready"' in kept(home)[0].read_text())
        screen.enter(f"%upload {' '.join(names)}")
        screen.until(rf"^Uploaded {names[-1]}")
        os.kill(screen.pid, signal.SIGKILL)
        screen.ended()
    assert ('"ready"' in kept(home)[0].read_text()) == (order == "after the prelude")
    pool.drop(pool.sessions()[0])
    with prompt(pool, home, "--resume", "--mode", mode) as screen:
        told = (
            "file\\s+data\\.txt" if len(names) == 1 else "files\\s+data\\.txt\\s+and\\s+more\\.txt"
        )
        screen.until(rf"(?s)the session was replaced by an empty one.*{told}")
        screen.ready()
        screen.enter("%replay")
        screen.until(r"^Replayed steps? 1( to 2)?\.$")
        screen.enter(f"require('fs').readFileSync('{names[-1]}', 'utf8')")
        screen.until("^'here'$")


@pytest.mark.parametrize("mode", ["full", "plain"])
def test_a_script_misses_an_upload_too(pool, home, mode):
    """Nothing runs in the session that took the place of the one with the file."""
    (home / "data.txt").write_text("here")
    assert script(pool, home, "--keep", "-c", f"%upload {home / 'data.txt'}").returncode == 0
    read = ("--resume", "--mode", mode, "-p", "require('fs').readFileSync('data.txt', 'utf8')")
    assert script(pool, home, *read).stdout == "here\n"
    assert script(pool, home, "--keep", "-c", f"%upload {home / 'data.txt'}").returncode == 0
    for identifier in pool.sessions():
        pool.drop(identifier)
    ran = script(pool, home, *read)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (3, "", 1), ran.stderr
    assert "the session was replaced by an empty one" in ran.stderr


def test_a_script_misses_a_package_too(pool, home):
    """The loss of a session in which nothing but npm ran is noticed before the next snippet."""
    (home / "package.json").write_text('{"name": "tiny", "version": "1.0.0"}')
    script(pool, home, "--keep", "-c", f"%upload {home / 'package.json'}")
    assert script(pool, home, "--resume", "-c", "%npm install --no-audit --offline").returncode == 0
    assert '"npm"' in kept(home)[0].read_text()
    pool.drop(pool.sessions()[0])
    ran = script(pool, home, "--resume", "-p", "1")
    assert (ran.returncode, ran.stdout) == (3, "") and "was not run" in ran.stderr


def test_a_resumed_session_that_was_lost_is_told_in_plain_mode(pool, home):
    """Without a prelude the service's own word tells it, with the first answer."""
    assert script(pool, home, "--keep", "--mode", "plain", "-e", "var a = 1").returncode == 0
    pool.drop(pool.sessions()[0])
    ran = script(pool, home, "--resume", "--mode", "plain", "-p", "typeof a")
    assert (ran.returncode, ran.stdout) == (
        3,
        "undefined\n",
    ) and "replaced by an empty one" in ran.stderr


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
        screen.until("The previous one is deleted")
        screen.enter("var a = 'kept later'")
        screen.until(r"kept later'\nundefined$")
        screen.enter("%session keep")
        screen.until("--resume resumes it")
        screen.key("ctrl-d")
        assert screen.ended() == 0
    assert len(pool.sessions()) == 1 and len(kept(home)) == 1
    assert script(pool, home, "--resume", "-p", "a").stdout == "kept later\n"


def test_a_damaged_state_file_is_told_in_one_sentence(pool, home):
    """No traceback, the file is named, and without --resume all goes on."""
    script(pool, home, "--keep", "-e", "var a = 1")
    (file,) = kept(home)
    damages = (b"", b"{", b"[]\n", b'{"endpoint": 3}\n', b"\xff\xfe\n", b"[" * 100_000 + b"\n")
    for damage in damages:
        file.write_bytes(damage)
        ran = script(pool, home, "--resume", "-p", "a")
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1), damage
        assert f"{file} is damaged" in ran.stderr
    for number, damage in enumerate(damages):
        file.with_name(f"{number:016x}.jsonl").write_bytes(damage)
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
        screen.enter("console.log('printed'); 1")
        screen.until("^1$")
        # This step lasts until the session has a file, so that its progress is surely seen.
        screen.enter(
            "while (!require('fs').existsSync('/mnt/data/go')) await new Promise(setImmediate); 2"
        )
        pool.upload(pool.sessions()[0], "go")
        screen.until("^2$")
        screen.enter("console.log('printed'); 3")
        screen.until("^3$")
        pool.drop(pool.sessions()[0])
        screen.enter("%clear")
        screen.enter("1")
        screen.until("re-runs 3 steps")
        screen.key("ctrl-c")
        screen.enter("%replay")
        screen.until(r"^replay 2/3: while \(!require")
        pool.upload(pool.sessions()[0], "go")
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
        screen.until("The session cannot be resumed, as")


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


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_keep_outlives_a_noderepl_that_is_killed(pool, home, number):
    """A session that was started with --keep stays after the next noderepl, however the first one ended."""
    with prompt(pool, home, "--keep") as screen:
        screen.ready()
        screen.enter("var a = 41")
        screen.until("^undefined$")
        os.kill(screen.pid, number)
        screen.ended()
    assert script(pool, home, "--resume", "-p", "++a").stdout == "42\n"
    assert script(pool, home, "--resume", "-p", "++a").stdout == "43\n"
    assert len(pool.sessions()) == 1


def test_keep_goes_with_resume(pool, home):
    """A session that is resumed with --keep stays from then on."""
    killed_after("var a = 41", "^undefined$", pool, home)
    assert script(pool, home, "--resume", "--keep", "-p", "++a").stdout == "42\n"
    assert script(pool, home, "--resume", "-p", "++a").stdout == "43\n"
    assert script(pool, home, "--resume", "-p", "++a").stdout == "44\n"


def test_many_kept_sessions_need_few_open_files(pool, home):
    """--resume opens one file at a time, so that the limit of open files is not reached."""
    script(pool, home, "--keep", "-e", "var a = 41")
    (file,) = kept(home)
    for number in range(300):
        other = file.with_name(f"{number:016x}.jsonl")
        other.write_text(
            '{"endpoint": "http://127.0.0.1:1", "identifier": "session-of-another-pool", "made": true}\n'
        )
    line = [
        "sh",
        "-c",
        'ulimit -n 128; exec "$@"',
        "sh",
        *command(*pool.options, "--resume", "-p", "++a"),
    ]
    ran = subprocess.run(
        line, env=environment(home, **pool.environ), capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "42\n") and re.fullmatch(KEPT, ran.stderr)


def test_what_cannot_be_written_down_cannot_be_kept(pool, home):
    """%session keep says that the session cannot be resumed where it cannot."""
    (home / ".local/state").mkdir(parents=True)
    (home / ".local/state/noderepl").write_text("a file where a directory should be")
    ran = script(pool, home, "-e", "var a = 41", "-c", "%session keep")
    assert ran.returncode != 0
    assert "The session cannot be resumed, as" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_script_can_keep_its_session_by_a_magic(pool, home):
    """%session keep in a script keeps what --keep keeps."""
    assert script(pool, home, "-e", "var a = 41", "-c", "%session keep").returncode == 0
    assert script(pool, home, "--resume", "-p", "++a").stdout == "42\n"


def test_a_script_resumes_a_session_that_was_lost(pool, home):
    """The loss is an error once; the next script runs, and %replay has the lost steps."""
    assert script(pool, home, "--keep", "-e", "var a = 41").returncode == 0
    pool.drop(pool.sessions()[0])
    lost = script(pool, home, "--resume", "-p", "a + 1")
    assert (lost.returncode, lost.stdout) == (3, "")
    assert "was replaced by an empty one" in lost.stderr
    assert script(pool, home, "--resume", "-p", "2 + 2").stdout == "4\n"
    assert script(pool, home, "--resume", "-c", "%replay", "-p", "a + 1").stdout == "42\n"
