"""What nobody foresaw: one sentence, a log without secrets, the prompt is back and the session is not deleted."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path

import pytest
from breaking import SECRET, Breaking
from driving import Screen, environment, wait_for
from leaving import kept, script
from serving import TOKEN, Served

SENTENCE = r"internal\s+error"
LINE = "'a private ' + 'line'"
# place -> what is typed for it, where that is not LINE
WHILE_A_LINE_RUNS = {
    "noderepl.javascript.analyze:analyze": "",
    "noderepl.javascript.prelude_answers:read": "",
    "noderepl.client.session:read_execution": "",
    "noderepl.client.session:Session.execute": "",
    "noderepl.client.transport:Link.ask": "",
    "noderepl.magics:run_magic": "%files",
    "noderepl.magics.session:_life": "%session",
    "noderepl.execution.analyses:Notes.explained": "",
    "noderepl.sessions.journal:Journal.add": "",
    "noderepl.sessions.store:Record.add": "",
    "noderepl.execution.executor:Executor.begin": "",
    "noderepl.execution.executor:completed": "",
    "noderepl.execution.interrupt:Interrupt.withdraw": "",
    "noderepl.execution.output_stream:OutputStream.attend": "",
    "noderepl.terminal.console:render": "",
    "noderepl.terminal.console:Console.drawn": "",
    "noderepl.terminal.console:Console.end_status": "",
    "noderepl.terminal.console:Console.page": "%page",
    "noderepl.terminal.typeahead:on_own_line": "%edit",
    "noderepl.foreground:Foreground.run": "",
    "noderepl.terminal.history_file:HistoryFile.trouble": "",
}
BEHIND = {
    "noderepl.foreground:Foreground.interrupt": "a key",
    "noderepl.foreground:Foreground.show_time": "the time",
    "noderepl.execution.output_stream:OutputStream._follow_after": "its output",
    "noderepl.sessions.lifetime:Lifetime._keepalive": "%keepalive on",
    "noderepl.terminal.pasting:Pasting.insert": "a paste",
    "noderepl.terminal.history:SnippetHistory.append_string": "",
}
DEGRADED = {
    "noderepl.line_editor:toolbar": "",
    "noderepl.sessions.lifetime:Lifetime.countdown": "",
    "noderepl.terminal.snippet_lexer:SnippetLexer.lex_document": "",
    "noderepl.terminal.snippet_lexer:npm_lines": "",
    "noderepl.terminal.completion:SnippetCompleter._known": "tab",
    "noderepl.terminal.prompt:Prompt._message": "",
    "noderepl.magics:is_magic": "",
}


def logs(home: Path) -> list[Path]:
    """The logs of errors."""
    return sorted((home / ".local/state/noderepl/errors").glob("*.log"))


def check_logs(home: Path, *secrets: str) -> None:
    """Asserts that there are logs, for their owner's eyes alone, with a traceback, and with nothing secret in them."""
    assert logs(home)
    assert len(logs(home)) <= 10
    for log in logs(home):
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert log.stat().st_size < 100_000
        text = log.read_text()
        assert (
            re.match(r"noderepl \S+\nPython 3", text) and "api-version: " in text and " in " in text
        )
        for secret in (SECRET, TOKEN, "private", *secrets):
            assert secret not in text, log


class Broken(Screen):
    """A prompt on a served pool in which functions fail."""

    def __init__(self, pool: Served, home: Path, places: list[str], *arguments: str) -> None:
        self.breaking = Breaking(home, places)
        super().__init__(
            home=home,
            program=self.breaking.command(*pool.options, *arguments),
            EDITOR="true",
            **pool.environ,
        )

    def begins(self) -> None:
        """Gives the session the state that answers() looks for."""
        self.until("^>")
        self.enter("var kept = 41")
        self.until("^undefined$")

    def answers(self) -> None:
        """Asserts that the prompt is back and that its session is the same."""
        self.breaking.work()
        self.enter("%clear")
        self.until(r"\A\s*>\s*(\n|\Z)")
        self.enter("kept + 1")
        self.until("^42$")


def test_while_a_line_runs(pool, home):
    """Whatever fails while a line runs is told, the prompt is back, and the session is as it was."""
    with Broken(pool, home, [*WHILE_A_LINE_RUNS]) as screen:
        screen.begins()
        (identifier,) = pool.sessions()
        for number, (place, line) in enumerate(WHILE_A_LINE_RUNS.items()):
            kind = (
                "TypeError",
                "KeyError",
                "MemoryError",
                "RecursionError",
                "EOFError",
                "UnicodeError",
            )[number % 6]
            screen.breaking.fail(place, kind)
            screen.enter(line or LINE)
            screen.until(SENTENCE)
            screen.answers()
        assert pool.sessions() == [identifier]
        assert b"Traceback" not in screen.raw and SECRET.encode() not in screen.raw
        check_logs(home, identifier)
        screen.key("ctrl-d")
        assert screen.ended() == 0
    assert pool.sessions() == []


@pytest.mark.parametrize("kind", ["CancelledError", "EOFError", "OSError"])
def test_errors_that_mean_something_elsewhere(pool, home, kind):
    """An error that would end the prompt, did it come from there, is a failure as any other where a line runs."""
    place = "noderepl.execution.analyses:Notes.explained"
    with Broken(pool, home, [place]) as screen:
        screen.begins()
        screen.breaking.fail(place, kind)
        screen.enter(LINE)
        screen.until("Cancelled" if kind == "CancelledError" else SENTENCE)
        screen.answers()
        assert len(pool.sessions()) == 1


def test_behind_the_prompt(pool, home):
    """A key, a signal or a task that fails is told, and neither costs what is typed nor asks for Enter."""
    with Broken(pool, home, [*BEHIND]) as screen:
        screen.begins()
        (identifier,) = pool.sessions()
        for place, what in BEHIND.items():
            screen.breaking.fail(place)
            if what in ("a key", "the time", "its output"):
                screen.enter("await new Promise((resolve) => setTimeout(resolve, 2500))")
                if what == "a key":
                    screen.until("Ctrl-C interrupts")
                    screen.key("ctrl-c")
            elif what == "a paste":
                screen.paste("1 +")
            else:
                screen.enter(what or LINE)
            screen.until(SENTENCE)
            screen.breaking.work()
            if what in ("a key", "its output"):
                screen.until(r"^undefined$")
            screen.key("ctrl-c")
            screen.answers()
        assert pool.sessions() == [identifier]
        for words in (b"Traceback", b"Press ENTER", SECRET.encode()):
            assert words not in screen.raw
        check_logs(home, identifier)


@pytest.mark.parametrize("place", DEGRADED)
def test_what_is_called_at_each_repaint(pool, home, place):
    """What fails at each key or paint is told once; the prompt goes on without it."""
    with Broken(pool, home, [place]) as screen:
        screen.begins()
        screen.breaking.fail(place)
        screen.type("ke")
        if DEGRADED[place] == "tab":
            screen.key("tab")
        screen.until(SENTENCE)
        screen.type("pt")
        if DEGRADED[place] == "tab":
            screen.key("tab")
        screen.enter(" + 1")
        screen.until("^42$")
        screen.enter("kept + 2")
        screen.until("^43$")
        assert len(re.findall(SENTENCE, screen.text)) <= 2
        assert b"Traceback" not in screen.raw and b"Press ENTER" not in screen.raw
        assert len(pool.sessions()) == 1


@pytest.mark.parametrize(
    "place",
    [
        "noderepl.terminal.input_area:InputControl.is_plain",
        "noderepl.terminal.prompt:Prompt.read",
    ],
)
def test_a_prompt_that_cannot_be_read(pool, home, place):
    """Where no input can be read noderepl ends with exit code 70, and the session is there for --resume."""
    with Broken(pool, home, [place]) as screen:
        screen.begins()
        screen.ready()
        screen.breaking.fail(place)
        screen.type("1")
        screen.enter("")
        assert screen.ended() == 70
    assert b"Traceback" not in screen.raw
    assert len(pool.sessions()) == len(kept(home)) == 1
    assert script(pool, home, "--resume", "-p", "kept + 1").stdout == "42\n"


def test_a_line_that_cannot_be_shown(pool, home):
    """What fails for lines with characters that are shown as escapes is told once, and they run."""
    place = "noderepl.terminal.prompt:_Visible.apply_transformation"
    with Broken(pool, home, [place]) as screen:
        screen.begins()
        screen.ready()
        screen.breaking.fail(place)
        screen.type("kept + 1 // \u202e")
        screen.until(SENTENCE)
        screen.enter("")
        screen.until("^42$")
        screen.enter("kept + 2 // \u202e")
        screen.until("^43$")
        assert len(re.findall(SENTENCE, screen.text)) == 1
        assert b"Traceback" not in screen.raw and b"Press ENTER" not in screen.raw
        assert len(pool.sessions()) == 1


@pytest.mark.parametrize(
    "place",
    [
        "noderepl.repl:Repl._warm_up",
        "noderepl.repl:Repl._count_down",
        "noderepl.dispatcher:Dispatcher.warm_up",
        "noderepl.terminal.history:SnippetHistory.load_history_strings",
    ],
)
def test_from_the_start(pool, home, place):
    """What fails when the prompt opens is told, and lines run."""
    breaking = Breaking(home, [place])
    breaking.fail(place)
    with Screen(home=home, program=breaking.command(*pool.options), **pool.environ) as screen:
        screen.until(SENTENCE)
        screen.enter("6 * 7")
        screen.until("^42$")
        assert b"Traceback" not in screen.raw and b"Press ENTER" not in screen.raw


def test_in_a_script_that_keeps_its_session(pool, home):
    """What a magic of the same script keeps stays, too."""
    place = "noderepl.execution.analyses:Notes.explained"
    breaking = Breaking(home, [place])
    breaking.fail(place)
    line = breaking.command(*pool.options, "-c", "%session keep", "-e", LINE)
    ran = subprocess.run(
        line, capture_output=True, text=True, env=environment(home, **pool.environ), check=False
    )
    assert ran.returncode == 70, ran.stderr
    assert re.search(r"^noderepl: internal error [^\n]*\n\Z", ran.stderr, re.MULTILINE)
    assert len(pool.sessions()) == 1


@pytest.mark.parametrize(
    ("options", "stays", "place"),
    [
        ([], False, "noderepl.execution.analyses:Notes.explained"),
        ([], False, "noderepl.script:_print"),
        (["--keep"], True, "noderepl.execution.analyses:Notes.explained"),
        (["--session", "mine-1234"], True, "noderepl.script:_print"),
        (["--resume"], True, "noderepl.execution.analyses:Notes.explained"),
        (["--resume"], True, "noderepl.script:_print"),
    ],
)
def test_in_a_script(pool, home, options, stays, place):
    """One sentence on stderr, exit code 70; a session that was made for more than this run is there."""
    if options == ["--resume"]:
        assert script(pool, home, "--keep", "-e", "1").returncode == 0
    breaking = Breaking(home, [place])
    breaking.fail(place)
    arguments = [*pool.options, *options, "-e", LINE]
    ran = subprocess.run(
        breaking.command(*arguments),
        capture_output=True,
        text=True,
        env=environment(home, **pool.environ),
        check=False,
    )
    assert ran.returncode == 70, ran.stderr
    assert re.fullmatch(r"noderepl: internal error [^\n]*\n", ran.stderr)
    assert bool(pool.sessions()) == stays
    check_logs(home, *pool.sessions())


@pytest.mark.parametrize(
    "place",
    [
        "noderepl.cli:read_settings",
        "noderepl.sessions.embedded_launcher:find_node",
        "noderepl.service.launcher:Launcher.begin",
        "noderepl.service.launcher:spawn",
        "noderepl.script:open_console",
        "noderepl.service.pool:Pool.close",
        "noderepl.execution.output_stream:OutputStream._follow_after",
        "noderepl.service.worker:Worker.run",
    ],
)
def test_on_the_embedded_pool(home, place):
    """A script ends with a sentence wherever it fails, and leaves no process; an error of the pool's is an answer of it."""
    breaking = Breaking(home, [place])
    breaking.fail(place, "KeyError")
    code = "await new Promise((resolve) => setTimeout(resolve, 1500))"
    ran = subprocess.run(
        breaking.command("-e", code),
        capture_output=True,
        text=True,
        env=environment(home),
        check=False,
        timeout=60,
    )
    assert ran.returncode == (3 if place.endswith(("Worker.run", ":spawn")) else 70), ran.stderr
    assert (
        ran.stderr.count("\n") == 1 and SECRET not in ran.stderr and "Traceback" not in ran.stderr
    )


def test_a_served_pool_goes_on(home):
    """An error inside the served pool is 500 in the API's form, and the next request is answered."""
    import httpx

    place = "noderepl.service.pool:Pool.session"
    breaking = Breaking(home, [place])
    server = subprocess.Popen(
        breaking.command("serve"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(home, NODEREPL_TOKEN=TOKEN),
    )
    assert server.stdout is not None
    try:
        endpoint = server.stdout.readline().removeprefix("listening on ").strip()
        answers = []
        for fails in (True, False):
            breaking.fail(place) if fails else breaking.work()
            answers.append(
                httpx.get(
                    f"{endpoint}/files", params={"api-version": "2025-10-02-preview", "identifier": "mine-1234"},
                    headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30,
                )
            )  # fmt: skip
        assert [answer.status_code for answer in answers] == [500, 200]
        assert answers[0].json()["error"]["code"] == "InternalServerError"
        assert SECRET not in answers[0].text
    finally:
        server.terminate()
        _, words = server.communicate(timeout=30)
    assert words == "" and server.returncode == 0


@pytest.mark.parametrize("state", ["a file", "full"])
def test_a_log_that_cannot_be_written_where_it_belongs(home, tmp_path, state):
    """It is written among the temporary files instead, or nowhere, which is said; the exit code is the same."""
    (home / ".local/state").mkdir(parents=True)
    (home / ".local/state/noderepl").write_text("")
    (scratch := tmp_path / "scratch").mkdir()
    place = "noderepl.cli:read_settings"
    breaking = Breaking(tmp_path, [place])
    breaking.fail(place)
    temporary = str(scratch) if state == "a file" else str(home / "missing")
    ran = subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *breaking.command("-e", "1")] if state == "full" else breaking.command("-e", "1"),
        capture_output=True, text=True, env=environment(home, TMPDIR=temporary), check=False,
    )  # fmt: skip
    assert ran.returncode == 70, ran.stderr
    assert ran.stderr.count("\n") == 1
    if state == "a file":
        (log,) = scratch.iterdir()
        assert str(log) in ran.stderr and stat.S_IMODE(log.stat().st_mode) == 0o600
    else:
        assert "no log could be written" in ran.stderr


def test_old_logs_go(home):
    """Ten logs are kept, the newest."""
    place = "noderepl.cli:read_settings"
    breaking = Breaking(home, [place])
    breaking.fail(place)
    (directory := home / ".local/state/noderepl/errors").mkdir(parents=True)
    for number in range(12):
        (directory / f"20200101T0000{number:02}Z-00000000.log").write_text("old")
    subprocess.run(
        breaking.command("-e", "1"), capture_output=True, env=environment(home), check=False
    )
    assert wait_for(lambda: len(logs(home)) == 10)
    assert "old" not in logs(home)[-1].read_text()
