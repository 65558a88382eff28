"""The prompt in tmux: another terminal than the one of the other tests, with its own idea of a screen."""

from collections.abc import Iterator

import pytest
from panes import Pane, opened_pane


@pytest.fixture
def pane(tmux, home) -> Iterator[Pane]:
    """A pane of 80 by 24 in which noderepl runs."""
    with opened_pane(tmux, home) as opened:
        yield opened


def test_the_screen_is_as_it_should_be(pane):
    """Output stands under its input, the prompt under the output, the toolbar at the bottom; a resize mends itself."""
    assert pane.shows(r"^> *$")
    pane.tmux("send-keys", "-l", "({answer: 6 * 7})")
    pane.tmux("send-keys", "Enter")
    assert pane.shows(r"^noderepl .*leaves\n> \(\{answer: 6 \* 7\}\)\n\{ answer: 42 \}\n>")
    assert pane.shows(r"^ embedded · session \S+ · inline · \d+ ms")
    pane.tmux("send-keys", "-l", "'typed before '")
    assert pane.shows(r"^> 'typed before '")
    pane.tmux("resize-window", "-x", "60", "-y", "15")
    pane.tmux("send-keys", "-l", " + 'and after the resize'")
    pane.tmux("send-keys", "Enter")
    assert pane.shows(r"^'typed before and after the resize'\n>")


def test_a_paste_of_tmux_is_one_unit(pane, home):
    """tmux's own bracketed paste waits for Enter and runs as one snippet."""
    assert pane.shows(r"^> *$")
    (home / "paste.js").write_text("var sum = 0\nfor (let i = 0; i < 5; i++) {\n  sum += i\n}\nsum")
    pane.tmux("load-buffer", str(home / "paste.js"))
    pane.tmux("paste-buffer", "-p")
    assert pane.shows(
        r"^> var sum = 0\n\.\.\. for .*\n\.\.\.   sum \+= i\n\.\.\. \}\n\.\.\. sum *$"
    )
    assert "\n10\n" not in pane.text()
    pane.tmux("send-keys", "Enter")
    assert pane.shows(r"^\.\.\. sum\n10\n>")
