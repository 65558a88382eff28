"""A session that the pool drops, as it is seen in tmux: the countdown, the loss told, the replay, the state back."""

import re
import time
from collections.abc import Iterator

import pytest
from driving import wait_for
from panes import Pane, opened_pane
from serving import served

COOLDOWN = 6


@pytest.fixture
def pane(tmux, home, tmp_path) -> Iterator[Pane]:
    """A pane in which noderepl runs on a pool that ends sessions after six idle seconds."""
    with (
        served(tmp_path / "server", "--cooldown", str(COOLDOWN)) as pool,
        opened_pane(tmux, home, *pool.options, columns=90, rows=40, **pool.environ) as opened,
    ):
        yield opened


def test_a_session_dropped_by_the_pool_is_told_and_replayed(pane):
    """The toolbar counts down while the prompt idles; the snippet is not sent into the void; %replay brings all back."""
    pane.see(r"^> *$")
    for line, answer in (
        ("const stock = new Map([['tea', 12], ['cake', 7]])", "undefined"),
        ("let sold = 0", "undefined"),
        ("nothing.here", r"[\s\S]*ReferenceError: nothing is not defined\n.*"),
        ("sold += stock.get('tea')", "12"),
    ):
        pane.enter(line)
        pane.see(rf"^> {re.escape(line)}\n{answer}\n")
    pane.see(r" · ends in [56] s")
    pane.see(r" · ends in [12] s")
    pane.see(r" · idle too long, may have ended")
    time.sleep(0.5)
    pane.enter("stock.get('tea') + sold")
    pane.see(
        r"^> stock\.get\('tea'\) \+ sold\n"
        r"the session was replaced by an empty one after [67] s without a call, as the pool's answer\s+"
        r"says, so the snippet was not run\n"
        r"Lost: variables stock and sold\. %replay re-runs 3 steps; %replay --dry-run\s+"
        r"lists them\.\n"
        r"> stock\.get\('tea'\) \+ sold *\n",
    )
    pane.tmux("send-keys", "C-c")
    pane.enter("%replay --dry-run")
    pane.see(
        r"^1 +const stock = new Map\(\[\['tea', 12\], \['cake', 7\]\]\)\n2 +let sold = 0\n"
        r"3 +sold \+= stock\.get\('tea'\)\n>",
    )
    pane.enter("%replay")
    pane.see(r"^> %replay\nReplayed steps 1 to 3\.\n>")
    pane.enter("stock.get('tea') + sold + _4")
    pane.see(r"^36\n>")


def test_keys_are_not_held_up_by_the_countdown(pane):
    """What is typed while the toolbar counts the last seconds is all there, in order."""
    pane.see(r"^> *$")
    pane.enter("1")
    pane.see(r" · ends in [1-5] s")
    typed = "".join(f"{number}+" for number in range(30))
    for sign in typed:
        pane.tmux("send-keys", "-l", sign)
    assert wait_for(lambda: f"> {typed}" in pane.text())
