"""Pastes that try to press keys, and names that try to hide: at the prompt of a real terminal."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from driving import KEYS, Screen

START, END = b"\x1b[200~", b"\x1b[201~"
RAN = b'"RAN" + "BYITSELF"'
# Far above the time for which what comes belongs to a paste.
LATER_SECONDS = 0.6
EVIL = "a\u202eb\u200bc\x1bd\x9be\u2028f"
SEEN = r"a\u202eb\u200bc\x1bd\x9be\u2028f"


@pytest.fixture
def screen(home: Path) -> Iterator[Screen]:
    """A prompt that is ready."""
    with Screen("--quiet", home=home) as opened:
        opened.ready()
        yield opened


@pytest.fixture(scope="module", params=["emacs", "vi"])
def prompt_in_mode(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Screen]:
    """A prompt in an editing mode, for all pastes."""
    home = tmp_path_factory.mktemp("home")
    with Screen("--quiet", "--editing-mode", request.param, home=home) as opened:
        opened.ready()
        yield opened


@pytest.fixture
def in_mode(prompt_in_mode: Screen) -> Screen:
    """The prompt in an editing mode, empty and on an empty screen."""
    prompt_in_mode.key("ctrl-c")
    prompt_in_mode.enter("%clear")
    prompt_in_mode.until(r"\A>\s*\n(\s*\n)*\s*\S[^\n]* · [^\n]*\Z")
    return prompt_in_mode


def send(screen: Screen, *pieces: bytes, seconds: float = 0.0) -> None:
    """Writes to the program as a terminal does, with so many seconds between the pieces."""
    for number, piece in enumerate(pieces):
        if number:
            time.sleep(seconds)
        os.write(screen.file, piece)


def is_raw(written: bytes) -> bool:
    """Whether bytes for a terminal hold a character of EVIL that no program should write."""
    text = written.decode(errors="replace")
    return any(character in text for character in ("\u202e", "\u200b", "\x9b", "\u2028", "\x1bd"))


@pytest.mark.parametrize(
    "pieces",
    [
        [START + b"1" + END + b"\r" + RAN + b"\r" + END],
        [START + b"1" + END, b"\r" + RAN + b"\r" + END],
        [START + b"1" + END, b"\r", RAN, b"\r", END],
        [START + b"1" + END + b"\r" + RAN + b"\r"],
        [START + b"1\x1b[201", b"~\r" + RAN + b"\r" + END],
        [START + b"1" + END + START + b"2" + END + b"\r" + RAN + b"\r" + END],
        [START + START + b"1" + END + b"\r" + RAN + b"\r" + END],
        [START + b"1 " + b"x" * 3000 + END + b"\r" + RAN + b"\r" + b"y" * 3000 + END],
        [START + b"1" + END + b"\x12\x1b\r" + RAN + b"\r\x1b\r" + END],
        [START + b"1" + END + b"\x03\x04" + RAN + b"\r" + END],
    ],
    ids=[
        "at once",
        "two",
        "many",
        "no end",
        "cut marker",
        "next",
        "nested",
        "long",
        "search",
        "control",
    ],
)
def test_a_paste_presses_no_key(in_mode: Screen, pieces: list[bytes]) -> None:
    """Whatever stands behind a forged end marker is text: nothing runs, and the prompt is the user's."""
    since = len(in_mode.raw)
    send(in_mode, *pieces)
    in_mode.until(r'"RAN" \+ "BYITSELF"')
    time.sleep(LATER_SECONDS)
    in_mode.key("ctrl-c")
    in_mode.ready()
    in_mode.enter("'still' + ' here'")
    in_mode.until("^'still here'$")
    assert "RANBYITSELF" not in in_mode.text and b"RANBYITSELF" not in in_mode.raw[since:]


def test_a_paste_in_pieces_runs_at_enter(screen: Screen) -> None:
    """The marker inside a paste is seen, and an Enter pressed later runs the text as one snippet."""
    send(screen, START + b"`a" + END + b"b`.length" + END)
    screen.until(r"^> `a\\x1b\[201~b`\.length$")
    time.sleep(LATER_SECONDS)
    screen.key("enter")
    screen.until("^8$")


def test_an_enter_at_once_is_text(screen: Screen) -> None:
    """An Enter that comes with the end of a paste does not run it; one that is pressed does."""
    send(screen, START + b"6 * 7" + END, b"\r")
    screen.until(r"^> 6 \* 7$")
    time.sleep(LATER_SECONDS)
    screen.until(r"^> 6 \* 7$")
    screen.key("enter")
    screen.until("^42$")


@pytest.mark.parametrize(
    ("keys", "left"),
    [(b"\x7f\x7f", "6 \\*"), (b"\x1b[D\x1b[D\x7f", "6  7"), (b"\x03", ""), (b"\x1bOQ", "6 \\* 7")],
    ids=["Backspace", "arrows", "Ctrl-C", "F2"],
)
def test_a_key_that_runs_nothing_is_a_key_at_once(screen: Screen, keys: bytes, left: str) -> None:
    """Backspace, arrows, F2 and Ctrl-C close behind a paste do what they do."""
    send(screen, START + b"6 * 7" + END + keys)
    screen.until(rf"^>\s*{left}$")


def test_answers_of_the_terminal_in_a_paste(screen: Screen) -> None:
    """Positions, kinds, colours and states that a terminal tells in the midst of a paste do not become text."""
    answers = b"\x1b[12;40R\x1b[?62;22c\x1b]11;rgb:0/0/0\x1b\\\x1b[0n\x1b[?2026;2$y\x1bP1+r544e=78\x1b\\\x1b[I"
    send(screen, START + b"6 *" + answers + b" 7" + END)
    screen.until(r"^> 6 \* 7$")


def test_an_end_marker_without_a_paste(screen: Screen) -> None:
    """An end marker alone is no key."""
    send(screen, b"6 * " + END + b"7")
    screen.until(r"^> 6 \* 7$")
    screen.key("enter")
    screen.until("^42$")


def test_a_paste_without_an_end(screen: Screen) -> None:
    """What comes of a paste without an end is shown, runs nothing, and Ctrl-C gives the keys back."""
    send(screen, START + b"first\r", b"second\r", seconds=2)
    screen.until(r"^> first\n\.\.\. second$")
    time.sleep(LATER_SECONDS)
    screen.key("ctrl-c")
    screen.ready()
    screen.enter("6 * 7")
    screen.until("^42$")


def test_a_paste_while_a_snippet_runs(screen: Screen) -> None:
    """A paste that comes while a snippet runs waits for the prompt, forged marker and all, and runs nothing."""
    screen.enter("await new Promise(done => setTimeout(done, 2500)); 'wai' + 'ted'")
    time.sleep(LATER_SECONDS)
    send(screen, START + b"1" + END + b"\r" + RAN + b"\r" + END)
    screen.until(r"^'waited'\n> 1\\x1b\[201~")
    time.sleep(LATER_SECONDS)
    screen.key("ctrl-c")
    screen.enter("6 * 7")
    screen.until("^42$")
    assert b"RANBYITSELF" not in screen.raw


def test_a_paste_before_the_prompt_is_there(home: Path) -> None:
    """A paste into the first moments of a run is text too."""
    with Screen("--quiet", home=home) as screen:
        screen.until("^>")
        send(screen, START + b"1" + END + b"\r" + RAN + b"\r" + END)
        screen.until(r"^> 1\\x1b\[201~")
        time.sleep(LATER_SECONDS)
        screen.key("ctrl-c")
        screen.enter("6 * 7")
        screen.until("^42$")
        assert b"RANBYITSELF" not in screen.raw


def test_a_paste_into_the_search(screen: Screen) -> None:
    """In Ctrl-R's search a paste is searched for, and presses nothing."""
    screen.enter("'needle' + 1")
    screen.until("^'needle1'$")
    send(screen, KEYS["ctrl-r"].encode())
    screen.until("search")
    send(screen, START + b"needle" + END + b"\r" + RAN + b"\r" + END)
    time.sleep(LATER_SECONDS)
    screen.key("ctrl-c", "ctrl-c")
    screen.ready()
    assert b"RANBYITSELF" not in screen.raw


def test_typed_text_is_seen(screen: Screen) -> None:
    """Controls, C1, bidirectional and unseen characters in the input are shown as escapes, and the cursor stands right."""
    screen.paste(f"'{EVIL}'.length + 0")
    screen.until(rf"^> '{SEEN}'\.length \+ 0$".replace("\\u", r"\\u").replace("\\x", r"\\x"))
    screen.key("backspace")
    screen.type("9")
    screen.until(r"\.length \+ 9$")
    assert not is_raw(screen.raw)


def test_joiners_outside_emoji_are_seen(screen: Screen) -> None:
    """Two names that differ only in a joiner look different; an emoji that has some stays."""
    screen.paste("var a\u200d = 1, a = 2; [a\ufe0f, '\u2764\ufe0f']")
    screen.until(r"^> var a\\u200d = 1, a = 2; \[a\\ufe0f, '[^\\]*'\]$")


def test_a_flood_of_marks_is_seen(screen: Screen) -> None:
    """Of combining marks on one character only the first few are drawn."""
    screen.paste("'e" + "\u0301" * 10 + "'")
    screen.until(r"^> '[eé].*(\\u0301){6}'$")
    assert "\u0301" * 5 not in screen.raw.decode(errors="replace")


@pytest.mark.parametrize("where", ["local", "remote"])
def test_names_in_the_menu_are_seen(home: Path, where: str) -> None:
    """A file's name is shown with its controls as escapes in the menu, and inserted as it is."""
    name = EVIL.replace("\x9b", "") + " 'q"
    if where == "local":
        (home / f"1{name}").write_text("40 + 2")
        (home / "1other").touch()
    with Screen("--quiet", home=home) as screen:
        screen.ready()
        if where == "remote":
            screen.enter(
                f"for (const n of ['1' + {name!r}, '1other']) require('fs').writeFileSync('/mnt/data/' + n, '40')"
            )
            screen.until("^undefined$")
            screen.ready()
        seen = len(screen.raw)
        screen.type("%load 1" if where == "local" else "%rm 1")
        screen.key("tab")
        screen.until(r"^ *1a\\u202eb\\u200bc\\x1bd")
        screen.key("tab")
        screen.until(r"^> %\w+ .*a\\u202eb")
        assert not is_raw(screen.raw[seen:])
        screen.key("enter", "enter")
        screen.until("^42$" if where == "local" else r"^Removed 1a\\u202eb")


def test_a_suggestion_is_seen(screen: Screen) -> None:
    """What is offered of an earlier snippet is shown with its controls as escapes."""
    screen.paste(f"'earlier {EVIL}'.length")
    screen.until("earlier")
    time.sleep(LATER_SECONDS)
    screen.key("enter")
    screen.until(r"^\d+$")
    screen.ready()
    screen.type("'ear")
    screen.until(r"^> 'earlier a\\u202eb\\u200bc")
    screen.key("ctrl-c")
    send(screen, KEYS["ctrl-r"].encode(), b"earl")
    screen.until(r"search.*earl")
    assert not is_raw(screen.raw)
