"""Editing at the prompt of a real terminal: control sequences, bursts of keys, emoji, the history."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import Screen

ANSWERS = [
    "\x1b[I", "\x1b[O", "\x1b[?62;22c", "\x1b[>41;354;0c", "\x1bP>|xterm(370)\x1b\\", "\x1b]11;rgb:0000/0000/0000\x07",
    "\x1b]11;rgb:0000/0000/0000\x1b\\", "\x1b[?2026;2$y", "\x1b_Gi=1;OK\x1b\\", "\x1b[12;40R", "\x1b[?1u", "\x1b[0n",
    "\x1bP1$r0m\x1b\\", "\x1b[8;40;100t", "\x1b[97;1:3u", "\x1b[1;1:3A", "\x1b[57358u", "\x1b[99~", "\x1b[1;2;3z", "\x1bOZ", "\x1bq",
]  # fmt: skip


@pytest.fixture
def screen(home: Path) -> Iterator[Screen]:
    """A prompt that is ready."""
    with Screen("--quiet", home=home) as opened:
        opened.ready()
        yield opened


def send(screen: Screen, *pieces: str, seconds: float = 0.05) -> None:
    """Writes to the program as a terminal does, with so many seconds between the pieces."""
    for number, piece in enumerate(pieces):
        if number:
            time.sleep(seconds)
        os.write(screen.file, piece.encode())


def history(home: Path) -> str:
    """The text of the history file."""
    return (home / ".local/state/noderepl/history").read_text()


def test_answers_of_the_terminal_are_not_typed(screen: Screen) -> None:
    """What is neither text nor a known key leaves the input as it is: between keys, and cut over two reads."""
    screen.type("[1")
    for answer in ANSWERS:
        send(screen, f",{answer}1")
    for answer in ANSWERS:
        # Behind an Escape alone a letter is a key of its own, and the place is an answer to noderepl's question.
        if len(answer) > 2 and not answer.endswith("R"):
            send(screen, ",", answer[: len(answer) // 2 + 1], answer[len(answer) // 2 + 1 :], "1")
    screen.type("].length")
    screen.key("enter")
    count = 1 + len(ANSWERS) + sum(len(one) > 2 and not one.endswith("R") for one in ANSWERS)
    screen.until(rf"^{count}$")


def test_answers_inside_a_paste_are_dropped(screen: Screen) -> None:
    """A paste has the text without what the terminal answers meanwhile."""
    inside = ",1".join(answer for answer in ANSWERS[:14])
    screen.paste(f"[1{inside},1].length")
    screen.until(rf"^> \[1(,1){{{14}}}\]\.length$")


@pytest.mark.parametrize(
    "keys",
    ["\x1b[13;2u", "\x1b[13;5u", "\x1b[13;3u", "\x1b[27;2;13~", "\x1b[27;5;13~", "\x1b[57414;2u"],
)
def test_enter_with_a_modifier_adds_a_line(screen: Screen, keys: str) -> None:
    """Shift-, Ctrl- and Alt-Enter in the forms of CSI u and modifyOtherKeys add a line to a whole snippet."""
    send(screen, "40", keys, "+ 2")
    screen.until(r"^> 40\n\.\.\. \+ 2$")
    screen.key("enter")
    screen.until("^42$")


def test_letters_in_the_form_of_csi_u(screen: Screen) -> None:
    """Letters, Ctrl-A, Ctrl-E, Ctrl-C and Ctrl-D work in that form, and released keys do nothing."""
    send(
        screen,
        "\x1b[50u",
        "\x1b[50;1:3u",
        "\x1b[97;5u",
        "4",
        "\x1b[101;5u",
        "\x1b[107;2u",
        "\x1b[127u",
    )
    screen.until("^> 42$")
    send(screen, "\x1b[99;5u")
    screen.ready()
    screen.enter("6 * 7")
    screen.until("^42$")
    send(screen, "\x1b[100;5u")
    assert screen.ended() == 0


def test_a_terminal_without_positions_gets_no_warning(home: Path) -> None:
    """Where nothing answers the question of the cursor's place, no warning appears."""

    class Silent(Screen):
        answers = False

    with Silent("--quiet", home=home) as screen:
        screen.until("^>")
        screen.enter("6 * 7")
        screen.until("^42$")
        time.sleep(2.5)
        screen.enter("6 * 8")
        screen.until("^48$")
        assert "WARNING" not in screen.text and "CPR" not in screen.text


CODE = """\
function render(rows) {
    if (!rows) {
        return []
    }
    const text = `{
  raw
`
    /* note {
       more */
\treturn rows.map((row) => {
        return text + row
\t})
}
render(['a'])
"""


def test_a_burst_of_lines_is_taken_as_it_is(screen: Screen, home: Path) -> None:
    """Code that a program types without the markers of a paste runs with its own indentation, line by line."""
    screen.type(CODE.replace("\n", "\r"))
    screen.until(r"^\[ '\{\\n  raw\\na' \]$")
    entry = CODE.partition("render(['a'])")[0].rstrip()
    assert "\n".join(f"+{line}" for line in entry.split("\n")) in history(home)


def test_no_indentation_inside_texts(screen: Screen) -> None:
    """A line inside a template or a comment is not indented; a bracket there does not move; code is indented."""
    screen.enter_slowly("f({", "a: `x {", "  }", "y`, /* {", "z */ b: [", "1")
    screen.until(
        r"^> f\(\{\n\.\.\.   a: `x \{\n\.\.\.   \}\n\.\.\. y`, /\* \{\n\.\.\. z \*/ b: \[\n\.\.\.   1\n\.\.\."
    )


@pytest.mark.parametrize("emoji", ["🇯🇵", "👨‍👩‍👧", "👩🏽‍💻", "❤️", "e\u0301", "한글", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣"])
def test_emoji_leave_the_prompt(home: Path, emoji: str) -> None:
    """Emoji of several code points, typed or pasted, also at the edge of the screen, leave the prompt in its place."""
    with Screen("--quiet", home=home, columns=40) as screen:
        screen.ready()
        screen.type(f"'{emoji}")
        screen.type(" b'")
        time.sleep(0.3)
        screen.until(r"^> '")
        screen.key("left", "left", "left", "backspace", "right", "right", "right", "enter")
        screen.until(r"^> '(.*\n)+>$")
        screen.key("ctrl-c")
        screen.paste(f"'{'x' * 34}{emoji}{emoji}yy'.length > 30")
        screen.until(r"^> 'x{30}")
        screen.key("enter")
        screen.until("^true$")


def test_ctrl_c_in_a_search_leaves_an_empty_line(screen: Screen) -> None:
    """Ctrl-R, some letters and Ctrl-C: the line is empty."""
    screen.enter("'needle'")
    screen.until("^'needle'$")
    screen.key("ctrl-r")
    screen.type("eedl")
    screen.until("search")
    screen.key("ctrl-c")
    screen.ready()
    screen.enter("6 * 7")
    screen.until("^42$")


def test_what_the_history_does_not_keep(screen: Screen, home: Path) -> None:
    """Lines that begin with a space or follow `%history off` are not kept; secrets are masked, in the file only."""
    token = "ghp_" + "a1B2" * 9
    for line, shown in (
        (" 'with a space'", "^'with a space'$"),
        (f"'{token}'.length", "^40$"),
        ("%history off", "does not record"),
        ("'kept' + 'not'", "^'keptnot'$"),
        ("%history on", "records what you type"),
        ("'kept' + 'again'", "^'keptagain'$"),
    ):
        screen.enter(line)
        screen.until(shown)
    kept = history(home)
    assert "with a space" not in kept and "+ 'not'" not in kept and "+ 'again'" in kept
    assert token not in kept and "+'ghp_***'.length" in kept
    screen.key("up", "up", "up")
    screen.until(rf"^> '{token}'\.length$")
