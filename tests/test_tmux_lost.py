"""A session that the pool drops, as it is seen in tmux: the countdown, the loss told, the replay, the state back."""

import re
import shlex
import subprocess
import time
from collections.abc import Iterator

import pytest
from driving import command, wait_for
from serving import served
from test_tmux import Pane

COOLDOWN = 6


@pytest.fixture
def pane(tmux, home, tmp_path) -> Iterator[Pane]:
    """A pane in which noderepl runs on a pool that ends sessions after six idle seconds."""
    with served(tmp_path / "server", "--cooldown", str(COOLDOWN)) as pool:
        opened = Pane(tmux, home)
        opened._env |= pool.environ
        opened.tmux("new-session", "-d", "-x", "90", "-y", "40", shlex.join(command(*pool.options)))
        yield opened
        subprocess.run([*opened._line, "kill-server"], env=opened._env, check=False, capture_output=True)


def enter(pane: Pane, line: str) -> None:
    """Types a line and presses Enter."""
    pane.tmux("send-keys", "-l", line)
    pane.tmux("send-keys", "Enter")


def see(pane: Pane, pattern: str) -> None:
    """Waits for a regular expression on the screen."""
    assert pane.shows(pattern), pane.text()


def test_a_session_dropped_by_the_pool_is_told_and_replayed(pane):
    """The toolbar counts down while the prompt idles; the snippet is not sent into the void; %replay brings all back."""
    see(pane, r"^> *$")
    for line, answer in (
        ("const stock = new Map([['tea', 12], ['cake', 7]])", "undefined"),
        ("let sold = 0", "undefined"),
        ("nothing.here", r"[\s\S]*ReferenceError: nothing is not defined\n.*"),
        ("sold += stock.get('tea')", "12"),
    ):
        enter(pane, line)
        see(pane, rf"^> {re.escape(line)}\n{answer}\n")
    see(pane, r" · ends in [56] s")
    see(pane, r" · ends in [12] s")
    see(pane, r" · idle too long, may have ended")
    time.sleep(0.5)
    enter(pane, "stock.get('tea') + sold")
    see(
        pane,
        r"^> stock\.get\('tea'\) \+ sold\n"
        r"the session was replaced by an empty one after [67] s without a call, as the pool's answer\s+"
        r"says, so the snippet was not run\n"
        r"Lost with it: variables stock and sold\. %replay does its 3 steps again; %replay --dry-run\s+"
        r"lists what that is\.\n"
        r"> stock\.get\('tea'\) \+ sold *\n",
    )
    pane.tmux("send-keys", "C-c")
    enter(pane, "%replay --dry-run")
    see(
        pane,
        r"^1 +const stock = new Map\(\[\['tea', 12\], \['cake', 7\]\]\)\n2 +let sold = 0\n"
        r"3 +sold \+= stock\.get\('tea'\)\n>",
    )
    enter(pane, "%replay")
    see(pane, r"^> %replay\nReplayed steps 1 to 3\.\n>")
    enter(pane, "stock.get('tea') + sold + _4")
    see(pane, r"^36\n>")


def test_keys_are_not_held_up_by_the_countdown(pane):
    """What is typed while the toolbar counts the last seconds is all there, in order."""
    see(pane, r"^> *$")
    enter(pane, "1")
    see(pane, r" · ends in [1-5] s")
    typed = "".join(f"{number}+" for number in range(30))
    for sign in typed:
        pane.tmux("send-keys", "-l", sign)
    assert wait_for(lambda: f"> {typed}" in pane.text())
