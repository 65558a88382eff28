"""`noderepl doctor` and %doctor as a process and in a terminal."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest
from azure_arm import EXECUTOR
from azure_home import AzureHome
from driving import HAS_SANDBOX, Screen, run

from noderepl.doctor.finding import Finding, Found
from noderepl.doctor.report import closing
from noderepl.outcome import Failure, Words
from noderepl.terminal.capabilities import capabilities
from noderepl.terminal.render import render

LONG = Finding("pool", Found("failed", "there is no pool of this name in the group", "create it", "--pool"))  # fmt: skip


@pytest.fixture
def pool(account: AzureHome) -> AzureHome:
    """An account that may use the pool `one`."""
    account.cloud.add("one")
    account.cloud.data_actions = list(EXECUTOR)
    return account


@pytest.fixture
def unanswering() -> Iterator[str]:
    """An endpoint that accepts connections and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"


def test_a_run_off_a_terminal(pool, home, served_pool):
    """One line for each check on stdout, in columns; the summary on stderr; exit status 0 with a warning, 1 with a failure."""
    ran = run("doctor", "--pool", "one", home=home, **pool.environ)
    lines = ran.stdout.splitlines()
    warned = [line.split()[1] for line in lines if line.startswith("warning")]
    assert warned == [*([] if HAS_SANDBOX else ["sandbox"]), "egress"]
    total = "1 warning" if HAS_SANDBOX else "2 warnings"
    assert ran.returncode == 0 and ran.stderr == f"No check failed, {total}.\n"
    assert lines[0].startswith("ok       configuration  no ~/.config/noderepl/config.toml")
    assert lines[-1] == "skipped  npm            needs egress"
    assert served_pool.sessions() == []
    pool.cloud.data_actions.clear()
    ran = run("doctor", "--pool", "one", "--json", home=home, **pool.environ)
    answer = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr, answer["ok"]) == (1, "", False)
    failed = [one for one in answer["checks"] if one["status"] == "failed"]
    assert [one["name"] for one in failed] == ["role"] and "setup --pool one`" in failed[0][
        "advice"
    ]


def test_an_invalid_configuration(home):
    """It is a finding with its place; what depends on it is skipped, and this machine is examined all the same."""
    file = home / "config.toml"
    file.write_text('endpont = "https://x"\n')
    ran = run("doctor", "--config", str(file), home=home)
    found = {line.split()[1]: line for line in ran.stdout.splitlines()}
    assert (
        ran.returncode == 1
        and f"{file}, line 1: unknown option 'endpont'" in found["configuration"]
    )
    assert found["endpoint"] == "skipped  endpoint       needs configuration"
    assert found["session"].endswith("needs configuration") and found["node"][:2] == "ok"
    for text, status, words in (
        ('theme = "no-such"\n', "failed", "no-such"),
        ('[keys]\nnokey = "x"\n', "warning", "nokey"),
    ):
        file.write_text(text)
        first = run("doctor", "--config", str(file), home=home).stdout.splitlines()[0]
        assert first.startswith(f"{status:9}configuration") and words in first
    file.write_text('endpont = "https://x"\n')
    ran = run("pools", "--config", str(file), home=home)
    assert ran.returncode == 2 and ran.stderr.count("\n") == 1


def test_a_refused_token_names_doctor(pool, home):
    """In scripts the sentences for 401 and 403 name the command."""
    endpoint = next(iter(pool.cloud.pools.values()))["properties"]["poolManagementEndpoint"]
    for scope, status in (("https://example.com/.default", 401), (None, 403)):
        pool.cloud.data_actions = []
        more = {"NODEREPL_SCOPE": scope} if scope else {}
        ran = run("--endpoint", endpoint, "-p", "1", home=home, **(pool.environ | more))
        assert f"({status})" in ran.stderr and "`noderepl doctor`" in ran.stderr


def test_the_magic(pool, home):
    """At the prompt, %doctor examines the pool of the prompt, and the prompt comes back."""
    with Screen("--pool", "one", home=home, columns=80, rows=60, **pool.environ) as screen:
        screen.ready()
        screen.enter("%doctor")
        screen.until(r"No check failed")
        screen.ready()
        assert "ok       pool           one, NodeLTS" in screen.text
        assert "cursor" not in screen.text and "256 colours (TERM)" in screen.text


def test_a_narrow_terminal_and_ctrl_c(home, unanswering):
    """Findings wrap at words, nothing is wider than the terminal, and Ctrl-C ends the command with 130."""
    with Screen("doctor", "--endpoint", unanswering, home=home, columns=30, rows=60) as screen:
        screen.until(r"checking: connection")
        screen.key("ctrl-c")
        assert screen.ended() == 130
        assert "ok       cursor\n  the terminal reports its" in screen.text
        assert "warning  terminal" in screen.text and "→ widen it" in screen.text


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (0, ["failed   pool           there is no pool of this name in the group (--pool); create it"]),
        (80, ["failed   pool           there is no pool of this name in the group (--pool)", " " * 24 + "→ create it"]),
        (30, ["failed   pool", "  there is no pool of this", "  name in the group (--pool)", "  → create it"]),
    ],
)  # fmt: skip
def test_the_lines_of_a_finding(width, lines):
    """A finding is one line off a terminal; a narrow terminal has the detail below the name."""
    assert render(LONG, width=width).stdout.splitlines() == lines


def test_remote_text_is_harmless():
    """Controls in a detail are shown as text, on one line."""
    shown = render(Finding("pool", Found("ok", "a\x1b[31mb\nc")), width=80).stdout
    assert "\x1b" not in shown and shown.count("\n") == 1


def test_the_last_sentence():
    """It counts failures and warnings; without a pool it says how to get one."""
    warned = Finding("egress", Found("warning", "x"))
    assert closing([warned], is_remote=True) == [Words("No check failed, 1 warning.")]
    *_, last = closing([LONG, LONG, warned], is_remote=False)
    assert last == Failure("2 checks failed, 1 warning.", 1)
    assert "noderepl setup" in closing([], is_remote=False)[0].text


@pytest.mark.parametrize(
    ("environ", "colours", "source"),
    [
        ({"TERM": "xterm"}, "256 colours", "TERM"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "24-bit colours", "COLORTERM"),
        ({"TERM": "linux"}, "16 colours", "TERM"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "", "NO_COLOR"),
        ({"TERM": "xterm", "FORCE_COLOR": "0"}, "", "FORCE_COLOR"),
        ({"TERM": "dumb"}, "", "TERM"),
    ],
)
def test_colours_of_a_terminal(environ, colours, source):
    """Their number comes from the environment, and what decides it is named."""

    class Terminal:
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            return 0

    found = capabilities(Terminal(), "auto", "default", environ)  # type: ignore[arg-type]
    assert (found.colours, found.colour_source) == (colours, source)
