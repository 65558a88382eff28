"""Which input of a terminal is a key, which is text, and which is neither."""

from __future__ import annotations

import pytest

from noderepl.terminal.keyboard import Parser

ADD_LINE = "f24"


def keys(*parts: str) -> list[tuple[str, str]]:
    """The keys and their texts that come of some reads, and a pause behind them."""
    taken: list[tuple[str, str]] = []
    parser = Parser(
        lambda press: taken.append((str(getattr(press.key, "value", press.key)), press.data))
    )
    for part in parts:
        parser.feed(part)
    parser.flush()
    return taken


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[I", "\x1b[O", "\x1b[?62;22c", "\x1b[>41;354;0c", "\x1bP>|xterm(370)\x1b\\", "\x1b]11;rgb:0/0/0\x07",
        "\x1b]11;rgb:0/0/0\x1b\\", "\x1b[?2026;2$y", "\x1b_Gi=1;OK\x1b\\", "\x1b_any\x1b\\", "\x1b^pm\x1b\\", "\x1bXsos\x1b\\",
        "\x1b[97;1:3u", "\x1b[1;1:3A", "\x1b[57358u", "\x1b[97;9u", "\x1b[99~", "\x1b[1;2;3z", "\x1b[ q", "\x1bOZ", "\x1b[201~",
        f"\x1b]11;{'x' * 9000}\x07", "\x1b[<0;1;2M", "\x1b[M !!",
    ],
)  # fmt: skip
def test_what_is_no_key_is_dropped(sequence: str) -> None:
    """A well-formed sequence that is no known key is nothing, also in two reads, and the text around it stays."""
    assert keys(f"a{sequence}b") == [("a", "a"), ("b", "b")]
    for cut in {3, len(sequence) // 2, len(sequence) - 1}:
        assert keys(f"a{sequence[:cut]}", f"{sequence[cut:]}b") == [("a", "a"), ("b", "b")]


@pytest.mark.parametrize(
    ("sequence", "key"),
    [
        ("\x1b[13;2u", ADD_LINE), ("\x1b[13;5u", ADD_LINE), ("\x1b[13;3u", ADD_LINE), ("\x1b[27;2;13~", ADD_LINE),
        ("\x1b[27;5;13~", ADD_LINE), ("\x1b[57414;5u", ADD_LINE), ("\x1b[13u", "c-m"), ("\x1b[97;5u", "c-a"), ("\x1b[99;5u", "c-c"),
        ("\x1b[99;133u", "c-c"), ("\x1b[100;5u", "c-d"), ("\x1b[27;5;99~", "c-c"), ("\x1b[97u", "a"), ("\x1b[97;2u", "A"),
        ("\x1b[97:65;2u", "A"), ("\x1b[97;65u", "A"), ("\x1b[97;1:2u", "a"), ("\x1b[97;;97u", "a"), ("\x1b[9;2u", "s-tab"),
        ("\x1b[27u", "escape"), ("\x1b[127u", "c-h"), ("\x1b[32;5u", "c-@"), ("\x1b[1;1:1A", "up"), ("\x1b[1;5:2A", "c-up"),
        ("\x1b[3;1:1~", "delete"), ("\x1b[57417u", "left"), ("\x1b[57400u", "1"), ("\x1b[A", "up"), ("\x1bOP", "f1"), ("\x1b[[A", "f1"),
        ("\x1b[12;40R", "<cursor-position-response>"),
    ],
)  # fmt: skip
def test_keys_have_one_meaning_in_each_form(sequence: str, key: str) -> None:
    """CSI u, modifyOtherKeys and the older forms come to the same keys, also in two reads."""
    assert [pressed for pressed, _ in keys(sequence)] == [key]
    assert [pressed for pressed, _ in keys(sequence[:3], sequence[3:])] == [key]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("\x1b",), [("escape", "\x1b")]),
        (("\x1bq",), [("escape", "\x1b"), ("q", "")]),
        (("\x1b", "q"), [("escape", "\x1b"), ("q", "q")]),
        (("\x1b5",), [("escape", "\x1b"), ("5", "5")]),
        (("\x1b[",), [("escape", "\x1b"), ("[", "[")]),
        (("\x1b]hi\r",), [("escape", "\x1b"), ("]", "]"), ("h", "h"), ("i", "i"), ("c-m", "\r")]),
        (("\x1bP", "hi"), [("escape", "\x1b"), ("P", "P"), ("h", "h"), ("i", "i")]),
        (("\x1b\x1b[A",), [("escape", "\x1b"), ("up", "\x1b[A")]),
        (("\x1b[1;\x03",), [("c-c", "\x03")]),
        (("\x1b]11;rgb\x03x",), [("c-c", "\x03"), ("x", "x")]),
        (("\x1b[113;3u",), [("escape", "\x1b[113;3u"), ("q", "")]),
    ],
)
def test_what_may_be_typed_is_not_lost(
    parts: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    """Escape, keys with Alt and the beginnings of sequences that nothing ends are keys; Ctrl-C always comes through."""
    assert keys(*parts) == expected
