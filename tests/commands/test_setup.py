"""`noderepl setup` in a terminal: few keys from a clean home to an answer, and Ctrl-C at each question."""

from __future__ import annotations

import sys
import threading

import pytest
from azure_arm import EXECUTOR
from driving import Screen, run

QUESTIONS = (
    r"^Resource group\? ", r"^Name of the pool\? ", r"^Region\? ", r"^Network access ", r"^Seconds after ", r"^Maximum ",
    r"^Do these steps\? ", r"^Do this\? ",
)  # fmt: skip


@pytest.mark.timeout(120)
def test_from_a_clean_home_to_an_answer(account, home):
    """Eight times Enter create everything and write the profile, which then opens a prompt that answers."""
    account.cloud.registered, account.cloud.propagation = False, 1.5
    with Screen("setup", home=home, **account.environ) as screen:
        for question in QUESTIONS:
            screen.until(question)
            screen.key("enter")
        screen.until(r"^noderepl --profile noderepl$")
        assert screen.ended() == 0
    before = len(account.cloud.requests)
    with Screen("--profile", "noderepl", home=home, **account.environ) as screen:
        screen.ready()
        screen.enter("6 * 7")
        screen.until("^42$")
    assert len(account.cloud.requests) == before


@pytest.mark.timeout(120)
def test_an_existing_pool_in_three_keys(account, home):
    """The second pool of a list by Down and Enter, and one Enter for the role; the terminal has thirty columns."""
    account.cloud.add("one"), account.cloud.add("two")
    with Screen("setup", home=home, columns=30, **account.environ) as screen:
        screen.until(r"^Which pool\?(.|\n)*two")
        screen.key("down")
        screen.until(r"^Which pool\? two")
        screen.key("enter")
        screen.until(r"^Do this\? ")
        screen.key("enter")
        screen.until(r"^noderepl --profile two$")
        assert screen.ended() == 0


@pytest.mark.timeout(120)
def test_ctrl_c_says_what_exists(account, home):
    """At the first question nothing was created; at the last, the pool was; the same command goes on. A typed answer that
    is wrong is refused at the question."""
    with Screen("setup", home=home, **account.environ) as screen:
        screen.until(QUESTIONS[0])
        screen.type("a/b")
        screen.key("enter")
        screen.until("must be up to 90 letters")
        screen.key("ctrl-c")
        screen.until(r"Nothing has been created or changed\. To go on, run:\n    noderepl setup$")
        assert screen.ended() == 130
    assert not account.cloud.groups
    with Screen("setup", "--create", "mine", home=home, **account.environ) as screen:
        for question in (*QUESTIONS[:1], *QUESTIONS[2:7]):
            screen.until(question)
            screen.key("enter")
        screen.until(QUESTIONS[-1])
        screen.key("ctrl-c")
        screen.until(r"Stopped\.(.|\n)*The pool mine exists(.|\n)*noderepl setup --pool")
        assert screen.ended() == 130
    account.cloud.data_actions = list(EXECUTOR)
    ran = run("setup", "--yes", "--create", "mine", home=home, **account.environ)
    assert ran.stdout == "noderepl --profile mine\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "needs a terminal"),
        (["--yes"], "--pool NAME or --create NAME"),
        (["--yes", "--create", "A b"], "--create must be"),
        (["--yes", "--create", "abc", "--egress", "maybe"], "--egress must be enabled or disabled"),
        (["--yes", "--create", "abc", "--cooldown", "5"], "from 300 to 3600"),
        (["--yes", "--create", "abc", "--max-sessions", "1e9"], "from 1 to 600"),
        (["--yes", "--create", "abc", "--resource-group", "a/b"], "--resource-group must be"),
        (["--yes", "--create", "abc", "--location", " "], "--location must not be empty"),
        (["--yes", "--pool", "abc", "--location", "westus2"], "--location is for a new pool"),
        (["--yes", "--pool", "abc", "--create", "abc"], "--create is for a new pool"),
        (["--yes", "--create", "abc", "--save-as=-x"], "--save-as must be up to 64 letters"),
        (["--login", "fax"], "--login must be device"),
        (["--nonsense"], "unrecognized arguments"),
        (["extra"], "unrecognized arguments"),
    ],
)
def test_wrong_flags(home, capsys, monkeypatch, arguments, words):
    """Each is one sentence and exit status 2, before anything is asked of Azure."""
    from noderepl.cli import run as run_here

    monkeypatch.setenv("HOME", str(home))
    # run() replaces them.
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    assert run_here(["setup", *arguments]) == 2
    out, said = capsys.readouterr()
    assert out == "" and words in said and said.count("\n") == 1
