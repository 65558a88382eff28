"""The difference of two texts: as difflib has it, and in a bounded time."""

from __future__ import annotations

import difflib
import random
import time

import pytest

from noderepl.errors import UsageError
from noderepl.magics import line_difference
from noderepl.magics.line_difference import difference

TEXTS = [
    ("", "a\n"),
    ("a\n", ""),
    ("a\nb\nc\n", "a\nB\nc\n"),
    ("a\n" * 30, "b\n" + "a\n" * 30 + "c\n"),
    ("\n".join(map(str, range(100))), "\n".join(map(str, range(3, 90))) + "\nx\n"),
    ("one", "one\n"),
]


@pytest.mark.parametrize(("local", "remote"), TEXTS)
def test_it_is_that_of_difflib(local: str, remote: str) -> None:
    lines = [line_difference._lines(text) for text in (local, remote)]
    expected = difflib.unified_diff(*lines, "here", "there", lineterm="")
    assert difference(((local, remote), ("here", "there"))) == "".join(
        f"{one}\n" for one in expected
    )


@pytest.mark.parametrize("distinct", [1, 150, 5000])
def test_texts_of_few_different_lines(distinct: int) -> None:
    """A megabyte of lines that often repeat is compared in a bounded time, and the result is right."""
    chosen = random.Random(1)
    local, remote = (
        "".join(
            f"{chosen.randrange(distinct)}\n" for _ in range(250_000 if distinct < 5000 else 40_000)
        )
        for _ in range(2)
    )
    began = time.monotonic()
    try:
        found = difference(((local, remote), ("here", "there")))
    except UsageError:
        assert time.monotonic() - began > line_difference.COMPARING_SECONDS
        return
    assert applied(local, found) == remote


def applied(text: str, difference: str) -> str:
    """The text after a unified difference of texts that end in a line end."""
    lines, result, at = text.splitlines(), [], 0
    for line in difference.splitlines()[2:]:
        if line.startswith("@@"):
            start, _, length = line.split()[1][1:].partition(",")
            begin = int(start) - (length != "0")
            result += lines[at:begin]
            at = begin
        elif line[0] == "+":
            result.append(line[1:])
        else:
            assert lines[at] == line[1:]
            result += [line[1:]] if line[0] == " " else []
            at += 1
    return "".join(f"{line}\n" for line in [*result, *lines[at:]])
