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
    assert pane.shows(r"^noderepl .*Ctrl-D\n> \(\{answer: 6 \* 7\}\)\n\{ answer: 42 \}\n>")
    assert pane.shows(r"^ embedded · session \S+ · Node \S+ · \d+ ms")
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


CODE = """\
function walk(tree, depth) {
    const pad = `
  ${' '.repeat(depth)}`
    if (!tree) {
\treturn [] // {
    }
    return [pad + tree.name,
            ...walk(tree.next, depth + 1)]
}
walk({ name: 'a', next: { name: 'b' } }, 0).join('').length
"""


@pytest.mark.parametrize("way", ["paste-buffer", "send-keys", "one by one"])
def test_code_without_bracketed_paste_is_taken_as_it_is(pane, home, way):
    """Code that tmux types, as vim-slime does, runs line by line with its own indentation."""
    assert pane.shows(r"^> *$")
    if way == "paste-buffer":
        (home / "code.js").write_text(CODE)
        pane.tmux("load-buffer", str(home / "code.js"))
        pane.tmux("paste-buffer")
    elif way == "send-keys":
        pane.tmux("send-keys", "-l", CODE.replace("\n", "\r"))
    else:
        for line in CODE.splitlines():
            pane.tmux("send-keys", "-l", f"{line}\r")
    assert pane.shows(r"^9\n>")
    entry = CODE.partition("walk({")[0].rstrip("\n").replace("\n", "\n+")
    assert f"\n+{entry}\n" in (home / ".local/state/noderepl/history").read_text()


def test_emoji_leave_the_prompt(pane):
    """Emoji of several code points leave the prompt in its place, and can be deleted as one."""
    assert pane.shows(r"^> *$")
    pane.tmux("send-keys", "-l", "'🇯🇵👨‍👩‍👧 b'")
    assert pane.shows(r"^> '.* b' *$")
    pane.tmux("send-keys", "Left", "Left", "Left", "BSpace", "BSpace", "Enter")
    assert pane.shows(r"^> ' b'\n' b'\n>")
