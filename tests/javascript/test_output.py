"""What of the kernel's text was not written through the prelude's files."""

import pytest

from noderepl.javascript.output import beyond, read_piece
from noderepl.outcome import Output


@pytest.mark.parametrize(
    ("text", "written", "rest"),
    [
        ("", [], ""),
        ("a\nb\n", ["a\n", "b\n"], ""),
        ("a\n", ["a\n", "b\n"], ""),
        ("a\nb", ["a\n", "bcd\n"], ""),
        ("a\nb\nc\n", ["a\n", "b\n"], "c\n"),
        ("native\na\nb\n", ["a\n", "b\n"], "native\n"),
        ("a\nnative\nb\n", ["a\n", "b\n"], "native\n"),
        ("a\nb\nc\n", ["b\n"], "a\nc\n"),
        ("a\nb\n", ["c\n"], "a\nb\n"),
        ("aaaa", ["aa"], "aa"),
    ],
)
def test_what_came_another_way_is_found(text, written, rest):
    """In order, also where the kernel has cut its text or a piece is missing."""
    assert beyond(text, written) == rest


def test_a_piece_is_read():
    """Number 0 is the snippet that runs."""
    assert read_piece(b'[[0, "stdout", "a"], [3, "stderr", "b"]]') == [
        Output("a", "stdout"),
        Output("b", "stderr", 3),
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"5",
        b"[5]",
        b"[" * 100_000,
        b"[[1, 2]]",
        b'[[0, "x", "a"]]',
        b'[[0, "stdout", 1]]',
        b'[["0", "stdout", "a"]]',
        b"\xff",
    ],
)
def test_a_file_that_is_no_piece_is_refused(data):
    """Whoever wrote it."""
    with pytest.raises(ValueError):
        read_piece(data)
