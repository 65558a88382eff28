"""Whether Enter asks for more lines where Node's own REPL does: the short form of `python -m tests.parity`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from recoverable import cut, differences, files, one_liners, prefixes

# The texts on which noderepl and Node differ by intent; docs/javascript.md has the reasons. The value is what Node does.
KNOWN = {
    "break": True,
    "continue": True,
    "await": True,
    "export { a, b }": True,
    "new.target": True,
    "x.#y": True,
    "3in": False,
    "interface I {": False,
    "@": False,
}


def test_one_liners_are_judged_as_by_node() -> None:
    """Of more than 300 one-liners, the judges disagree on those that are listed."""
    lines = one_liners()
    assert len(lines) > 300
    assert {one.text: one.is_more for one in differences(lines)} == KNOWN


def test_cut_one_liners_are_judged_as_by_node() -> None:
    """Of one-liners that are cut anywhere, the judges disagree on less than one in thirty."""
    seed = random.Random(2)
    texts = [text for line in one_liners() for text in cut(line, 2, seed)]
    assert len(list(differences(texts))) < len(texts) / 30


@pytest.mark.parametrize("directory", ["noderepl/javascript/prelude", "noderepl/service", "tests"])
def test_prefixes_of_files_are_judged_as_by_node(directory: str) -> None:
    """Code that is cut at a line end is judged as Node judges it."""
    seed = random.Random(3)
    texts = [
        text
        for path in files(Path(directory), 10, seed)
        for text in prefixes(path.read_text("utf-8"), 12, seed)
    ]
    assert len(texts) > 12
    assert [(one.text[-80:], one.is_more) for one in differences(texts)] == []
