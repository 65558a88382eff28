"""What may happen to noderepl and its terminal from outside: nothing is orphaned, garbled or lost by it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from driving import Screen, command, descendants, environment, wait_for
from needs import only_where

HISTORY = ".local/state/noderepl/history"
SHELL = ("bash", "--norc", "--noprofile", "-i")
# Runs until it is ended, with a child, a timer and output.
BUSY = "require('child_process').spawn('sleep', ['321'], { detached: true }); setInterval(() => {}, 10); console.log('be' + 'gun'); for (;;);"
NOBODY = "12345"


class Shell(Screen):
    """A shell in a terminal, and noderepl as a job of it."""

    def __init__(self, home: Path, **env: str) -> None:
        super().__init__(home=home, program=SHELL, PS1="shell$ ", **env)
        self.until(r"^shell\$ \Z|^shell\$\Z")

    def modes(self) -> str:
        """The terminal's modes as the shell's commands find them."""
        self.enter("clear; stty -a; echo told $((40 + 2))")
        shown = self.until(r"^(speed(.|\n)*)^told 42$")[1]
        self.enter("clear")
        self.until(r"\A\s*shell\$\s*\Z")
        return shown

    def start(self, *arguments: str) -> int:
        """Starts noderepl and waits for its prompt. Returns its process."""
        self.enter(" ".join(command(*arguments)))
        self.ready()
        return descendants(self.pid)[0]

    def stopped(self, *, leaves_toolbar: bool = False) -> None:
        """Waits until the shell has the terminal because its job has stopped.

        leaves_toolbar: whether the job could not erase its toolbar, which may be in the row of the shell's prompt.
        """
        end = r"( .*)?$" if leaves_toolbar else r" *$"
        self.until(rf"Stopped(.|\n)*^shell\${end}")


@pytest.fixture
def shell(home: Path, tmp_path: Path) -> Iterator[Shell]:
    """A shell with the terminal's modes as it has set them."""
    with Shell(home, TMPDIR=str(tmp_path)) as opened:
        yield opened


@pytest.fixture
def in_namespace() -> Callable[[str], Sequence[str]]:
    """Makes a command line that runs a script of sh where mount(8) is allowed, and then noderepl; seen by nobody else."""
    mounting = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    is_allowed = subprocess.run(mounting, capture_output=True, check=False).returncode == 0
    only_where(is_allowed, "a namespace of a user's own")
    return lambda script: ["unshare", "-rm", "sh", "-c", f'{script}; exec "$@"', "sh", *command()]


def is_gone(processes: Sequence[int]) -> bool:
    """Whether all of these end within a moment."""
    return wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes), 10)


def seen(text: str) -> bool:
    """Whether a text has what only Python says of a failure of its own."""
    return re.search("Traceback|Exception|Error:", text) is not None


@pytest.mark.parametrize("sandbox", ["auto", "off"])
@pytest.mark.parametrize("when", ["at the prompt", "while a snippet runs"])
def test_sigkill_leaves_no_process_and_a_history(shell, home, tmp_path, sandbox, when):
    """After kill -9 the session's processes are gone too, the terminal is the shell's, and the history is whole."""
    before = shell.modes()
    pid = shell.start("--quiet", "--sandbox", sandbox)
    shell.enter("'kept ' + 'entry'")
    shell.until("^'kept entry'$")
    if when == "at the prompt":
        shell.enter(BUSY.replace("for (;;);", ""))
    else:
        shell.enter(BUSY)
    shell.until("^begun")
    below = descendants(pid)
    assert len(below) > 1
    os.kill(pid, signal.SIGKILL)
    shell.until("Killed")
    shell.key("ctrl-c")  # what the terminal answered may be left
    assert is_gone(below)
    assert shell.modes() == before
    shell.start("--quiet")
    shell.key("up", "up")
    shell.until("^> 'kept ' \\+ 'entry'$")
    assert (home / HISTORY).read_text().count("\n+") == 2


@pytest.mark.parametrize(
    ("how", "code", "status"),
    [
        ("SIGHUP", "for (;;);", 129),
        ("closed", "for (;;);", 129),
        (
            "closed, but ignored as by nohup",
            "for (const t = Date.now(); Date.now() - t < 2000;);",
            129,
        ),
    ],
)
def test_a_terminal_that_goes_away_while_a_snippet_runs(home, tmp_path, how, code, status):
    """noderepl ends with its session and its temporary files and without a word; the history keeps the snippet."""
    (scratch := tmp_path / "scratch").mkdir()
    (words := tmp_path / "words").touch()
    ignoring = "trap '' HUP; " if "ignored" in how else ""
    script = f'{ignoring}exec "$@" 2>{words}'
    with Screen(
        home=home, program=["sh", "-c", script, "sh", *command("--quiet")], TMPDIR=str(scratch)
    ) as screen:
        screen.ready()
        screen.enter(BUSY.replace("for (;;);", code))
        screen.until("^begun")
        below = descendants(screen.pid)
        if how == "SIGHUP":
            os.kill(screen.pid, signal.SIGHUP)
        else:
            screen.hang_up()
        assert screen.ended() == status, words.read_text()
        assert is_gone(below)
    assert words.read_text() == ""
    assert list(scratch.iterdir()) == []
    assert (
        "begun" not in (home / HISTORY).read_text()
        and "'be' + 'gun'" in (home / HISTORY).read_text()
    )


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP])
def test_a_stop_from_outside_at_the_prompt(shell, number):
    """What is typed survives a stop by a signal, the shell has its terminal meanwhile, and the prompt has it afterwards."""
    before = shell.modes()
    pid = shell.start("--quiet")
    shell.type("6 *")
    shell.until(r"^> 6 \*$")
    os.kill(pid, number)
    shell.stopped(leaves_toolbar=number == signal.SIGSTOP)
    assert shell.modes() == before
    shell.enter("fg")
    shell.until(r"^> 6 \*$(.|\n)* · ")
    shell.enter(" 7")
    shell.until(r"^42$")
    shell.key("ctrl-d")
    shell.until(r"^shell\$\s*\Z")
    assert shell.modes() == before


@pytest.mark.parametrize("how", ["ctrl-z", "SIGTSTP"])
def test_a_stop_while_a_snippet_runs(shell, how):
    """The snippet goes on meanwhile; continued, its output comes, Ctrl-C ends it and the terminal is as it was."""
    before = shell.modes()
    pid = shell.start("--quiet")
    shell.enter(
        "var n = 0; for (const t = Date.now(); ; ) { if (Date.now() - t > 100 * n) console.log(`tick ${n++}`) }"
    )
    shell.until("^tick 5$")
    if how == "ctrl-z":
        shell.key("ctrl-z")
    else:
        os.kill(pid, signal.SIGTSTP)
    shell.stopped()
    assert shell.modes() == before
    time.sleep(1)
    shell.enter("fg")
    shell.until("^tick 25$")
    shell.key("ctrl-c")
    shell.until("^Interrupted")
    shell.enter("'still ' + 'here'")
    shell.until("^'still here'$")
    shell.key("ctrl-d")
    shell.until(r"^shell\$\s*\Z")
    assert shell.modes() == before


def test_an_editor_that_stops_only_itself(home):
    """The shell gets the terminal, and continues the editor with noderepl."""
    editor = "sh -c 'kill -STOP $$; echo 40 + 3 > $0'"
    with Shell(home, VISUAL=editor) as shell:
        shell.start("--quiet")
        shell.enter("6 * 7")
        shell.until("^42$")
        shell.enter("%edit")
        shell.stopped()
        shell.enter("fg")
        shell.until(r"^> 40 \+ 3$")
        shell.key("enter")
        shell.until("^43$")


def test_a_stop_longer_than_a_snippet_may_run(shell):
    """An answer that came while noderepl was stopped counts, though its time is over; the session is not ended."""
    shell.start("--quiet", "--timeout", "1")
    shell.enter(
        "var kept = 41; await new Promise((resolve) => setTimeout(resolve, 700)); 'ended ' + 'well'"
    )
    time.sleep(0.3)
    shell.key("ctrl-z")
    shell.stopped()
    time.sleep(5)
    shell.enter("fg")
    shell.until("^'ended well'$")
    shell.enter("kept + 1")
    shell.until("^42$")


def test_a_full_disk(home, in_namespace):
    """Of a history that no longer fits nothing is damaged: the entries before are there, and the prompt says it once."""
    full = f"mount -t tmpfs -o size=64k none {home}; cd {home}; mkdir -p {home}/{HISTORY}; rmdir {home}/{HISTORY}"
    fill = f"{full}; printf '\\n# 1\\n+\\047before\\047\\n' >{HISTORY}; chmod 600 {HISTORY}; head -c 50000 /dev/zero >fill; true"
    with Screen(home=home, program=in_namespace(fill)) as screen:
        screen.ready()
        screen.paste(f"'{'x' * 30_000}'.length")
        screen.key("enter")
        screen.until(r"^The history is not saved(.|\n)*No\s+space\s+left\s+on\s+device")
        screen.until("^30000$")
        screen.enter("require('fs').readFileSync")
        screen.until("Function: readFileSync")
        assert screen.text.count("The history is not saved") == 1
        kept = Path(f"/proc/{screen.pid}/root{home}/{HISTORY}").read_text()
        assert kept.startswith("\n# 1\n+'before'\n")
        assert kept.endswith("\n+require('fs').readFileSync\n")
        assert "xxx" not in kept
        assert not seen(screen.text)


def test_a_read_only_home(home, in_namespace):
    """The entries of earlier runs are there, the prompt works and says once that no more are kept."""
    (home / HISTORY).parent.mkdir(parents=True)
    (home / HISTORY).write_text("\n# 1\n+'before'\n")
    with Screen(home=home, program=in_namespace(f"mount --bind -o ro {home} {home}")) as screen:
        screen.ready()
        screen.key("up")
        screen.until("^> 'before'$")
        screen.enter(" + 1")
        screen.until(r"^The history is not saved(.|\n)*Read-only file\s+system(.|\n)*^'before1'$")
        screen.enter("40 + 2")
        screen.until("^42$")
        assert screen.text.count("The history is not saved") == 1
        assert not seen(screen.text)


@pytest.mark.parametrize("value", ["missing", "a file", "locked", "empty", None])
def test_no_home(home, tmp_path, value):
    """With a home that is not there, or is another user's, or of a user who has none, noderepl works all the same."""
    (tmp_path / "a file").write_text("")
    (tmp_path / "locked").mkdir(mode=0)
    env = {} if value is None else {"HOME": value and str(tmp_path / value / "home")}
    unset = [] if value is not None else ["env", "-u", "HOME"]
    program = ["unshare", "-U", f"--map-user={NOBODY}", *unset, *command()]
    with Screen(home=home, program=program, **env) as screen:
        screen.until(r"^>\s*\n(\s*\n)*\s*\S[^\n]* · [^\n]*\Z")
        screen.enter("40 + 2")
        screen.until("^42$")
        assert ("The history is not saved: there is no home" in screen.text) == (value is None)
        screen.enter("%theme")
        screen.until("monochrome")
        assert not seen(screen.text)
    assert list(home.iterdir()) == []


def test_streams_that_are_closed(home):
    """A caller that closes standard streams gets the exit code, and on the others what they are for."""
    for closed, stdout in (("<&-", "2\n"), (">&-", ""), ("2>&-", "2\n"), ("<&- >&- 2>&-", "")):
        ran = subprocess.run(
            ["sh", "-c", f'"$@" {closed}', "sh", *command("-p", "1 + 1")],
            capture_output=True, text=True, env=environment(home), check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stdout, ran.stderr) == (0, stdout, "")


def test_output_to_a_full_disk(home):
    """What cannot be written is told in one sentence, and a loop that writes on is ended."""
    for code in ("console.log(1)", "for (;;) console.log(1)"):
        with Path("/dev/full").open("w") as full:
            ran = subprocess.run(
                command("-e", code),
                stdout=full, stderr=subprocess.PIPE, text=True, env=environment(home), check=False, timeout=60,
            )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (
            2, "noderepl: standard output cannot be written: No space left on device\n",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("for (;;) console.log('x'.repeat(99))", 141),
        (
            "for (let i = 0; ; i++) { console.log(i); await new Promise((r) => setTimeout(r, 300)) }",
            141,
        ),
        ("for (let i = 0; i < 5e5; i++) console.log('x'.repeat(99)); 'end'", 141),
        ("'line\\n' + 'x'.repeat(5e6)", 141),
    ],
)
def test_a_reader_that_goes_away(home, code, status):
    """`noderepl -p … | head -1`: the snippet is ended, also in the midst of 50 MB, no process is left and no word said."""
    process = subprocess.Popen(
        command("-p", code), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home)
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline()
    below = descendants(process.pid)
    process.stdout.close()
    words = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == status
    assert words == b""
    assert is_gone(below)


def test_nohup(home):
    """A hang-up that is ignored from the start stays so."""
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command("-e", "console.log('begun'); await new Promise((r) => setTimeout(r, 2500)); console.log('ended')")],
        stdout=subprocess.PIPE, text=True, env=environment(home),
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGHUP)
    assert process.stdout.read() == "ended\n"
    process.stdout.close()
    assert process.wait(timeout=30) == 0


def test_a_resize_while_a_snippet_runs(home):
    """The prompt that comes back, and values from then on, have the new width; the output is there once."""
    with Screen("--quiet", home=home, columns=100, rows=30) as screen:
        screen.ready()
        screen.enter(
            "for (let i = 0; i < 4; i++) { console.log(`line ${i}`); for (const t = Date.now(); Date.now() - t < 700;); }"
        )
        screen.until("^line 1$")
        screen.resize(60, 30)
        screen.until(r"^line 3\n>")
        screen.ready()
        assert len(re.findall("^line ", screen.text, re.M)) == 4
        screen.enter("({ a: 'x'.repeat(20), b: 'x'.repeat(20), c: 'x'.repeat(10) })")
        screen.until(r"^  c: 'x+'\n\}$")
        screen.until(r"^ embedded [^\n]*\Z")
