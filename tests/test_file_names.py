"""Names of files in sentences, which have one line and show each byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from noderepl.file_names import shown_name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a b.txt", "a b.txt"),
        ("größe 名.csv", "größe 名.csv"),
        ("a\nb\t\x1b[31m\x7f", r"a\x0ab\x09\x1b[31m\x7f"),
        (os.fsdecode(b"\xff\xfe.bin"), r"\xff\xfe.bin"),
        ("a\x85b\u2028c\u2029", r"a\x85b\u2028c\u2029"),
        (Path("a\rb"), r"a\x0db"),
    ],
)
def test_a_name_is_a_part_of_a_line(name: str | Path, shown: str) -> None:
    """Readable characters stay."""
    assert shown_name(name) == shown
