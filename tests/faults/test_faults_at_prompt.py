"""The same at a real prompt in a pty, and in scripts: what is on the screen, what the keys do, how the process ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import driving
import fault_kinds as kinds
import pytest
from fault_cases import FULL
from fault_proxy import FaultProxy, Planned
from fault_runs import TOKEN

SESSION = "session-of-the-fault-prompt"


@pytest.fixture
def proxy(upstream: str) -> Iterator[FaultProxy]:
    """A proxy before the pool."""
    with FaultProxy(upstream) as proxy:
        yield proxy


def prompt(proxy: FaultProxy, home: Path, *arguments: str) -> driving.Screen:
    """A prompt that speaks with the pool through the proxy."""
    where = ("--endpoint", proxy.url, "--session", SESSION, "--color", "never")
    return driving.Screen(*where, *arguments, home=home, NODEREPL_TOKEN=TOKEN)


def script(proxy: FaultProxy, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """noderepl off a terminal, through the proxy."""
    return driving.run(
        "--endpoint", proxy.url, "--session", SESSION, *arguments, home=home, NODEREPL_TOKEN=TOKEN
    )


def test_what_was_not_run_is_at_the_prompt_again(proxy: FaultProxy, home: Path) -> None:
    """A snippet whose request was lost is told not to have run, and Enter runs it, once."""
    with prompt(proxy, home) as screen:
        screen.ready()
        screen.enter("globalThis.prompted = 0")
        screen.until(r"^0$")
        proxy.plan(Planned(kinds.reset, b"prompted"))
        screen.enter("++prompted")
        screen.until(r"the\s+snippet\s+was\s+not\s+run[^>]*^> \+\+prompted$")
        screen.key("enter")
        screen.until(r"^1$")


def test_an_answer_that_was_lost_comes_again(proxy: FaultProxy, home: Path) -> None:
    """A snippet whose answer was lost shows its value and says why it came late."""
    with prompt(proxy, home) as screen:
        screen.ready()
        proxy.plan(Planned(kinds.reset_after, b"fetched"))
        screen.enter("globalThis.fetched = (globalThis.fetched ?? 40) + 2")
        screen.until(r"^42$")
        assert "The answer was fetched a second time" in screen.text
        screen.enter("fetched")
        screen.until(r"^42$(.|\n)*^42$")


@pytest.mark.parametrize("marker", [b"delayed", b""])
def test_the_status_line_says_why_it_takes_long(
    proxy: FaultProxy, home: Path, marker: bytes
) -> None:
    """While a refused snippet waits, the seconds and the reason are on the screen, and Ctrl-C ends that; it has not run.

    So it is where the snippet waits behind the prelude's own request, which is refused too.
    """
    if not marker:
        proxy.plan(Planned(kinds.status(503, Retry_After="3"), marker, None))
    with prompt(proxy, home) as screen:
        screen.ready()
        proxy.plan(Planned(kinds.status(503, Retry_After="3"), marker, None))
        screen.enter("globalThis.delayed = 1")
        screen.until(r"^ \S [12] s · Ctrl-C returns to the prompt · trying again for 30 s: .*503")
        screen.key("ctrl-c")
        screen.until("Not run")
        screen.ready()
        proxy.plan()
        screen.enter("typeof delayed")
        screen.until("^'undefined'$")
        screen.key("up", "up")
        screen.until("^> globalThis.delayed = 1$")


def test_a_prompt_whose_service_comes_back_goes_on(proxy: FaultProxy, home: Path) -> None:
    """While no server listens the prompt says so; afterwards the same prompt works."""
    proxy.do(proxy.deafen())
    with prompt(proxy, home) as screen:
        screen.until(r"cannot reach localhost:\d+", seconds=20)
        screen.ready()
        proxy.do(proxy.listen())
        screen.enter("6 * 7")
        screen.until("^42$")


def test_a_script_outlives_what_passes(proxy: FaultProxy, home: Path) -> None:
    """A script's snippet that was refused at first runs; one whose answer was lost gives its value; exit code 0."""
    proxy.plan(Planned(kinds.status(503, Retry_After="0"), b"scripted"))
    ran = script(proxy, home, "-p", "globalThis.scripted = 5")
    assert (ran.returncode, ran.stdout) == (0, "5\n")
    proxy.plan(Planned(kinds.reset_after, b"scripted"))
    ran = script(proxy, home, "-p", "++scripted")
    assert (ran.returncode, ran.stdout) == (0, "6\n")


def test_a_script_that_may_have_run_says_so(proxy: FaultProxy, home: Path) -> None:
    """Where the answer is lost and no user can be asked, a script ends with exit code 3 and one sentence."""
    proxy.plan(Planned(kinds.reset_after, b"lost"))
    ran = script(proxy, home, "--mode", "plain", "-e", "globalThis.lost = 1")
    assert ran.returncode == 3
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert "the snippet may have run" in ran.stderr


def test_a_full_pool_is_waited_for_where_that_is_wanted(proxy: FaultProxy, home: Path) -> None:
    """Without --wait a script ends and names it; with it, also before a file's name, it waits until there is room."""
    (home / "full.js").write_text("console.log('there was room')")
    proxy.plan(Planned(kinds.status(429, body=FULL), b"there was room", None))
    ran = script(proxy, home, str(home / "full.js"))
    assert (ran.returncode, "--wait" in ran.stderr) == (3, True)
    proxy.plan(Planned(kinds.status(429, body=FULL), b"there was room", 2))
    ran = script(proxy, home, "--wait", str(home / "full.js"))
    assert (ran.returncode, ran.stdout) == (0, "there was room\n")
