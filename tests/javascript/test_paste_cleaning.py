"""What is made of texts that were copied from elsewhere, by a table, and that JavaScript comes through as it is."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

import noderepl
from noderepl.javascript.paste_cleaning import clean
from noderepl.javascript.validity import parses

HERE = Path(__file__).parent
# Every third file, or all with EXAMPLES=all: each takes seconds.
STEP = 1 if os.environ.get("EXAMPLES") == "all" else 3
SOURCES = sorted(Path(noderepl.__file__).parent.glob("**/*.js"))[::STEP]


def table() -> list[tuple[str, str, str, str]]:
    """Titles, texts, changes and what the texts become."""
    parts = re.split(
        r"^//// (.*)\n", (HERE / "transcripts.txt").read_text("utf-8"), flags=re.MULTILINE
    )[1:]
    rows = list(zip(parts[::2], parts[1::2], strict=True))
    found = []
    for (title, text), (how, after) in zip(rows[::2], rows[1::2], strict=True):
        changes = how.removeprefix("is: ") if how != "stays" else ""
        found.append((title, text[:-1], changes, after[:-1] if changes else text[:-1]))
    return found


def corpus() -> list[str]:
    """The snippets of the parity tests."""
    files = sorted((HERE.parent / "parity/corpus").glob("*.txt"))
    parts = [
        part for file in files for part in f"\n{file.read_bytes().decode()}".split("\n//// ")[1:]
    ]
    return [part.partition("\n")[2] for part in parts]


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [pytest.param(*row[1:][:1], *row[2:], id=row[0]) for row in table()],
)
def test_what_was_copied_becomes_what_was_meant(text: str, changes: str, expected: str) -> None:
    """Each text of the table becomes what stands below it, and what was done is told."""
    cleaned = clean(text)
    assert (cleaned.text, ", ".join(cleaned.changes)) == (expected, changes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("console.log(“hi”)", 'console.log("hi")'),
        ("a = ‘it’s’", "a = 'it’s'"),
        ('a = “he said "no"”', 'a = "he said \\"no\\""'),
        ("a = „x“ + ″y″ + ′z′", """a = "x" + "y" + 'z'"""),
        ('a = "hi”', 'a = "hi"'),
        ("a = '“x”' + “y”", "a = '“x”' + \"y\""),
        ("a = `“${“b”}”` // “c”", 'a = `“${"b"}”` // “c”'),
        ("/[“/]/.test(“a”) / “b”", '/[“/]/.test("a") / "b"'),
        ("/* “a” */ b(“c”)", '/* “a” */ b("c")'),
        ("const\u00a0a = “b\u00a0c”", 'const a = "b\u00a0c"'),
        ("a\u200b = 1\u2060", "a = 1"),
        ("\ufeffa\u200b = '\u200b'", "a = '\u200b'"),
        ("a – 1", "a - 1"),
        ("for (let i = 9; i; i–) {}", "for (let i = 9; i; i--) {}"),
        ("f(…a, '…')", "f(...a, '…')"),
        (">\u00a0const\u00a0a = “b”\nundefined", 'const a = "b"'),
        ("\ufeff> 1 + 1\n2", "1 + 1"),
        ("```js\nf(“a”)\n```", 'f("a")'),
        ("npm install ms\n\nrequire(‘ms’)", "npm install ms\n\nrequire('ms')"),
    ],
)
def test_typographic_characters_become_what_was_typed(text: str, expected: str) -> None:
    """Curly quotes, odd spaces, invisible characters and dashes are undone in code, and only there."""
    cleaned = clean(text)
    assert cleaned.text == expected and cleaned.changes


@pytest.mark.parametrize(
    "text",
    [
        "a\u00a0+ b",
        "const\u00a0a = 1",
        "a\u202f+\u2009b",
        "'“hi”'",
        "`‘a’ – …`",
        "/“”/",
        "// it’s – fine…",
        "<p>It’s</p>",
        "a = “",
        "It’s prose – “and” that…",
    ],
)
def test_what_runs_or_stays_broken_is_left_alone(text: str) -> None:
    """Odd characters stay where the text is JavaScript, and where it is none without them either."""
    assert clean(text).text == text and not clean(text).changes


def test_the_parity_corpus_stays() -> None:
    """No snippet that is compared with the real kernel is changed, but for the one that is a transcript."""
    snippets = corpus()
    assert len(snippets) > 500
    assert [text for text in snippets if clean(text).changes or clean(text).text != text] == [
        "> 1 + 1"
    ]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_javascript_stays_whole_and_in_parts(source: Path) -> None:
    """A file of JavaScript is not changed, nor are its first lines, nor a part from its middle."""
    lines = source.read_text("utf-8").split("\n")
    assert parses("\n".join(lines))
    for end in range(1, len(lines) + 1):
        for start in {0, max(0, end - 7)}:
            text = "\n".join(lines[start:end])
            assert clean(text).text == text


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [pytest.param(*row[1:][:1], *row[2:], id=row[0]) for row in table()],
)
def test_what_was_cleaned_stays(text: str, changes: str, expected: str) -> None:
    """To clean a second time changes nothing more."""
    assert clean(expected).text == expected


@pytest.mark.parametrize(
    "line",
    [
        "> const a{n} = f({n}, 'x')\nundefined",
        "{n} const a = 1",
        "+const a{n} = 1",
        "const a{n} = “b”",
        "const a{n} = [{n}, {{ b: `c` }}]",
        "This is prose, and is not code (or is it?)",
    ],
)
def test_a_thousand_lines_take_no_time_to_notice(line: str) -> None:
    """A long paste is cleaned within a second of processor time."""
    text = "\n".join(line.format(n=n) for n in range(1000))
    began = time.thread_time()
    clean(text)
    assert time.thread_time() - began < 1.0
