"""A line that is typed before the line editor is imported runs first, and nothing that is typed is lost."""

import io
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from driving import Screen, wait_for
from hostile_http import HostileServer

from noderepl.line_kinds import is_plain_snippet, may_be_magic
from noderepl.magics import is_magic
from noderepl.terminal.early_prompt import LONGEST_LINE, EarlyPrompt

PROBE = """
import sys
from pathlib import Path
from noderepl.user_programs import UserPrograms

show = UserPrograms.show

async def noted(self, outcome):
    Path(sys.argv[1]).write_text(str("prompt_toolkit" in sys.modules))
    await show(self, outcome)

UserPrograms.show = noted
from noderepl import cli, early_line
early_line.SECONDS = 60
cli.run(["--quiet"])
"""
WAITS = "await new Promise(() => {})"
ASKS = 'await new Promise((done) => process.stdin.once("data", (data) => done(`${data}`)))'


def test_a_line_runs_before_the_line_editor_is_imported(home, tmp_path):
    """Its answer comes first; then it is in the history, and the session goes on."""
    (tmp_path / "probe.py").write_text(PROBE)
    log = tmp_path / "log"
    with Screen(
        home=home, program=[sys.executable, str(tmp_path / "probe.py"), str(log)]
    ) as screen:
        screen.type("var found = 6 * 7; found\r")
        screen.until(r"^> var found = 6 \* 7; found\n42\n>")
        assert log.read_text() == "False"
        assert screen.cell("42").fg != "default" and screen.cell("var").fg != "default"
        screen.ready()
        screen.enter("found + 1")
        screen.until(r"^43$")
        screen.key("up", "up")
        screen.until(r"^> var found = 6 \* 7; found\Z|^> var found = 6 \* 7; found\n\n? embedded")


@pytest.mark.parametrize("is_late", [False, True])
def test_ctrl_c_interrupts_it(home, is_late):
    """The line editor, which reads the keys, is opened while the line runs: at a key, or after a second."""
    with Screen("--quiet", home=home) as screen:
        screen.type(f"{WAITS}\r")
        screen.until(r"Ctrl-C interrupts" if is_late else f"^> {WAITS[:5]}")
        screen.key("ctrl-c")
        screen.until("^Interrupted|^Cancelled|^Not run")
        screen.ready()
        screen.enter("5 * 5")
        screen.until("^25$")


def test_a_question_of_it_is_answered(home):
    """The snippet gets what the user types after the line editor is there."""
    with Screen("--quiet", home=home) as screen:
        screen.type(f"{ASKS}\r")
        screen.until("reads your input")
        screen.enter("an answer")
        screen.until(r"^'an answer\\n'$")


@pytest.mark.parametrize("is_during", [True, False])
def test_a_line_that_has_not_run_returns_above_what_was_typed_meanwhile(home, is_during):
    """Nothing runs by itself, and what was typed is on its own line."""
    arrived, may_answer = threading.Event(), threading.Event()

    def answer(request):
        arrived.set()
        assert may_answer.wait(60)
        request.answer(b"{}", status="409 Conflict")

    with HostileServer(answer) as server:
        options = ("--quiet", "--endpoint", server.url)
        with Screen(*options, home=home, NODEREPL_TOKEN="token") as screen:
            screen.type("f()\r")
            while not arrived.wait(0.02):
                screen.pump(0)
            before = server.count
            if is_during:
                screen.type("2\r")
            may_answer.set()
            screen.until("409")
            if not is_during:
                screen.type("2\r")
            screen.until(r"^> f\(\)\n\.\.\. 2" if is_during else r"^> f\(\)")
            screen.pump(1)
            assert server.count - before <= 3 and "f()2" not in screen.text


def test_ctrl_c_drops_its_output_on_a_terminal_that_is_behind(home):
    """The line has ended, and the line editor is opened to read the key."""
    rows = 200
    loop = f'for (let i = 0; i < {rows}; i++) console.log("y".repeat(590) + i)\r'
    with Screen("--quiet", home=home, columns=600, rows=250) as screen:
        while b"> " not in screen.raw:
            screen.pump(0.05)
        screen.type(loop)
        time.sleep(3)  # nobody reads: the terminal is behind
        screen.key("ctrl-c")
        time.sleep(1)
        screen.until("were not shown")
        screen.ready()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_is_in_the_history_of_a_run_that_is_ended(home, number):
    """The entry is written before the line runs."""
    with Screen("--quiet", home=home) as screen:
        screen.type('console.log("do" + "ne"); await new Promise(() => {})\r')
        screen.until_sent(b"await")
        assert wait_for((home / ".local/state/noderepl/history").exists)
        os.kill(screen.pid, number)
        screen.ended()
    assert '+console.log("do" + "ne")' in (home / ".local/state/noderepl/history").read_text()


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("function f() {\rreturn 7}\rf()\r", r"^> f\(\)\n7$"),
        ("1 + 1\r2 + 3\r", r"^> 1 \+ 1\n2\n> 2 \+ 3\n5$"),
        ("'é'\r", r"^> 'é'\n'é'$"),
        ("%base64 on\r1 + 2\r", r"^> 1 \+ 2\n3$"),
        ("4\x7f3 * 3\r", r"^> 3 \* 3\n9$"),
        ("3 * 4", r"^> 3 \* 4"),
    ],
    ids=["open", "two", "not ASCII", "magic", "edited", "no Enter"],
)
def test_what_needs_the_line_editor_reaches_it(home, typed, shown):
    """Lines that are not complete, several lines, other keys."""
    with Screen("--quiet", home=home) as screen:
        screen.type(typed)
        screen.until(shown)


@pytest.fixture
def terminal():
    """Both ends of a terminal, and an early prompt on it."""
    ours, theirs = os.openpty()
    with (
        os.fdopen(theirs, "rb", buffering=0) as raw,
        io.TextIOWrapper(raw) as input_,
        Path(os.devnull).open("w") as output,
        EarlyPrompt(input_, output, banner="", visible=True) as early,
    ):
        yield ours, early
    os.close(ours)


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        (b"1+1\r", "1+1"),
        (b"1+1\n", "1+1"),
        (b"", None),
        (b"1+1", None),
        (b"1\r2\r", None),
        (b"\x1b[A\r", None),
        (b"1\x03", None),
        (b"\x04", None),
        ("é\r".encode(), None),
        (b"\xff\r", None),
        (b"a\tb\r", None),
        (b"1" * (LONGEST_LINE - 1) + b"\r", "1" * (LONGEST_LINE - 1)),
        (b"1" * LONGEST_LINE + b"\r", None),
        (b"no\r", None),
    ],
)
def test_what_counts_as_a_line(terminal, typed, line):
    """One line of printable ASCII characters and Enter, and nothing behind it; the rest stays to be read."""
    ours, early = terminal
    os.write(ours, typed)
    assert early.line(lambda text: text != "no") == line
    if line is None:
        assert typed.startswith(early.unread)
        os.write(ours, b"more")
        assert early.line(lambda _: True) is None and early.unread.startswith(typed[:LONGEST_LINE])
        assert early.taken() == "\r\x1b[K\x1b[?2004l"
    else:
        assert early.unread == b""
        assert early.taken() == "\x1b[?2004l" and early.again() == "\x1b[?2004h> "


SNIPPETS = ["1", " a ", "a ? b : c", "x.y", "({})", "5 % 2", "`${a}`", "// only a comment"]
OTHERS = [
    "",
    " ",
    "%help",
    " %time 1",
    ".exit",
    ".help",
    "Math.max?",
    "?",
    "? %help",
    "%who ?",
    "npm install ms",
    "f(",
    "`",
]


@pytest.mark.parametrize("line", SNIPPETS)
def test_snippets(line):
    """They run at Enter."""
    assert is_plain_snippet(line) and not is_magic(line)


@pytest.mark.parametrize("line", OTHERS)
def test_other_lines(line):
    """Magics, lines for npm, and what Enter does not run."""
    assert not is_plain_snippet(line)
    assert may_be_magic(line) or not is_magic(line)
