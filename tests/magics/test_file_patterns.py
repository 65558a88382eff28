"""Patterns for files on both sides."""

from __future__ import annotations

import time

import pytest

from noderepl.magics.file_patterns import Pattern, has_pattern, is_deep, pattern


@pytest.mark.parametrize(
    ("text", "paths", "others"),
    [
        ("*.png", ["a.png"], ["a.pngx", "b/a.png", ".a.png"]),
        ("out/*.png", ["a.png"], ["b/a.png"]),
        ("src/**", ["a", "b/c"], [".a", "b/.c", ".b/c"]),
        ("src/**/*.js", ["a.js", "b/c/d.js"], ["a.css", "b.js/c"]),
        ("**/test_*/?", ["test_a/b", "x/test_/c"], ["test_a/bc", "x/y"]),
        ("[ab]*", ["a", "bx"], ["c"]),
        ("[!a]", ["b"], ["a", "bb"]),
        (".*", [".a"], ["a"]),
        ("a\\*", ["a\\x"], ["a*"]),
        ("*", ["a\nb"], ["a/b"]),
    ],
)
def test_what_matches(text: str, paths: list[str], others: list[str]) -> None:
    """As in a shell: * stops at /, and hidden names need a dot in the pattern."""
    found = pattern(text)
    assert has_pattern(text)
    assert [path for path in [*paths, *others] if found.matches(path)] == paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*.png", Pattern("", ("*.png",))),
        ("a/b/**", Pattern("a/b", ("**",))),
        ("/x/*", Pattern("/x", ("*",))),
        ("/*/y", Pattern("/", ("*", "y"))),
        ("./a*/b", Pattern(".", ("a*", "b"))),
    ],
)
def test_the_directory_before_a_pattern(text: str, expected: Pattern) -> None:
    """What comes before the first part that is a pattern is a directory as it stands."""
    assert pattern(text) == expected
    assert pattern(text).depth == (None if is_deep(text) else len(expected.parts))


def test_a_hard_pattern_takes_no_time() -> None:
    """Many wildcards do not multiply."""
    began = time.process_time()
    assert not pattern("*a" * 50 + "b").matches("a" * 4000)
    assert not pattern("**/" * 50 + "b").matches("a/" * 2000 + "a")
    assert time.process_time() - began < 5
