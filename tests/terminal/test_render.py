"""Each outcome, as text for stdout (data) and stderr (words)."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from noderepl.outcome import (
    ClearScreen,
    Execution,
    Failure,
    FileList,
    Leave,
    Media,
    Outcome,
    Prefill,
    RemoteFile,
    Saved,
    Status,
    Table,
    Text,
    Thrown,
    Uploaded,
    UseTheme,
    Value,
    Words,
)
from noderepl.terminal.coloured import STYLED_AT_MOST
from noderepl.terminal.pieces import Piece
from noderepl.terminal.render import (
    render,
    render_plain,
)
from noderepl.terminal.source_text import source
from noderepl.terminal.style_names import MEANINGS
from noderepl.terminal.tables import human_age
from noderepl.units import human_size

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
STACK = (
    "Error: x\n    at evalmachine.<anonymous>:1:7\n    at Script.runInThisContext (node:vm:137:12)"
)
THROWN = Execution(Status.ERROR, "out\n", "err\n", error=Thrown("Error", "x", STACK))
FILES = FileList(
    (
        RemoteFile("a.txt", 12, NOW - timedelta(seconds=3)),
        RemoteFile("日本.bin", 123456789, NOW - timedelta(hours=2)),
        RemoteFile("dir", 4096, None, is_directory=True),
        RemoteFile("e\x1b[2Jv\n", None, NOW),
    ),
    NOW,
)
OUTCOMES: list[tuple[Outcome, str, str]] = [
    (Execution(Status.OK, value=Value("4", 4)), "4\n", ""),
    (Execution(Status.OK), "", "undefined\n"),
    (Execution(Status.OK, stdout="hi\n"), "hi\n", ""),
    (
        Execution(Status.OK, stdout="no end", stderr="warned", value=Value("'a'", "a")),
        "no end'a'\n",
        "warned\n",
    ),
    (
        Execution(Status.OK, stdout="1\n3", stderr="2\n4\n", order=(2, 2, 1, 2)),
        "1\n3",
        "2\n4\n",
    ),
    (Execution(Status.OK, stderr=STACK), "", "Error: x\n    at evalmachine.<anonymous>:1:7\n"),
    (
        Execution(Status.OK, value=Value(STACK, STACK)),
        "Error: x\n    at evalmachine.<anonymous>:1:7\n",
        "",
    ),
    (THROWN, "out\n", "err\nError: x\n    at evalmachine.<anonymous>:1:7\n"),
    (Execution(Status.ERROR, error=Thrown("string", "'plain'")), "", "Uncaught 'plain'\n"),
    (Execution(Status.ERROR, error=Thrown("RangeError", "far")), "", "RangeError: far\n"),
    (Execution(Status.TIMEOUT, error=Thrown("TimeoutError", "")), "", "TimeoutError\n"),
    (
        Execution(Status.OK, media=(Media("image/png", b"x" * 1234),)),
        "",
        "[image/png, 1.2 kB: %save --result FILE writes it]\n",
    ),
    (Execution(Status.OK, "a\n", notes=("Replaced.",)), "a\n", "Replaced.\n"),
    (
        FILES,
        "a.txt              12 B  3 s ago\n"
        "日本.bin       123.5 MB  2 h ago\n"
        "dir/\n"
        "e\\x1b[2Jv\\x0a                now\n",
        "",
    ),
    (FileList((), NOW), "", "no files\n"),
    (Text("history"), "history\n", ""),
    (Text(""), "", ""),
    (
        Table(("name", "what"), (("%rm", "delete"), ("%files", "list"))),
        "name    what\n%rm     delete\n%files  list\n",
        "",
    ),
    (Table((), (("", "a"), ("*", "b"))), "   a\n*  b\n", ""),
    (Table((), ()), "", ""),
    (Words("a word"), "", "a word\n"),
    (Words("careful", warning=True), "", "careful\n"),
    (Failure("no pool", 3), "", "no pool\n"),
    (Saved(Path("a.txt"), 999), "", "Saved a.txt (999 B).\n"),
    (Uploaded("b.txt", 2500), "", "Uploaded b.txt (2.5 kB).\n"),
    (Leave(), "", ""),
    (ClearScreen(), "", ""),
    (Prefill("x"), "", ""),
    (UseTheme("dark"), "", ""),
]


@pytest.mark.parametrize("styled", [True, False])
@pytest.mark.parametrize(("outcome", "stdout", "stderr"), OUTCOMES)
def test_what_an_outcome_says(outcome: Outcome, stdout: str, stderr: str, styled: bool) -> None:
    """Data goes to stdout and words to stderr, the same with styles and without."""
    rendered = render(outcome, width=0, styled=styled)
    assert (rendered.stdout, rendered.stderr) == (stdout, stderr)


@pytest.mark.parametrize("outcome", [outcome for outcome, _, _ in OUTCOMES])
def test_every_style_is_a_meaning(outcome: Outcome) -> None:
    """A theme can style all that is rendered."""
    styles = {piece.style for part in render(outcome, width=0).parts for piece in part.pieces}
    assert styles <= {"", *(meaning.name for meaning in MEANINGS)}


def test_stderr_and_errors_are_marked() -> None:
    """What a snippet wrote to stderr and what it threw have styles of their own."""
    pieces = [piece for part in render(THROWN, width=0).parts for piece in part.pieces]
    assert pieces[:3] == [
        Piece("stdout", "out\n"),
        Piece("stderr", "err\n"),
        Piece("error-name", "Error"),
    ]


def test_the_value_comes_after_what_was_printed() -> None:
    """Both streams come in the order in which they are to be read: stdout, stderr, then the value."""
    parts = render(Execution(Status.OK, "a\n", "b\n", Value("1", 1)), width=0).parts
    assert [part.stream for part in parts if part.pieces] == ["stdout", "stderr", "stdout"]


@pytest.mark.parametrize("text", ["\x1b[32m'green'\x1b[39m", "[" + "1," * STYLED_AT_MOST + "]"])
def test_a_value_that_is_not_styled_is_whole(text: str) -> None:
    """A value with colours of its own, or a very long one, is one piece without style."""
    pieces = [
        piece
        for part in render(Execution(Status.OK, value=Value(text, text)), width=80).parts
        for piece in part.pieces
    ]
    assert pieces == [Piece("", text), Piece("", "\n")]


def test_words_and_tables_fit_the_terminal() -> None:
    """Sentences and a table's last column are wrapped between words at the terminal's width."""
    assert render(Words("one two three four"), width=9).stderr == "one two\nthree\nfour\n"
    command = "run it:\n    noderepl setup --pool mine"
    assert render(Words(command), width=9).stderr == f"{command}\n"
    table = Table((), (("%a", "one two three four five"),))
    assert render(table, width=26).stdout == "%a  one two three four\n    five\n"
    assert render(table, width=10).stdout == "%a  one two three four five\n"


@pytest.mark.parametrize(
    ("execution", "with_value", "stdout", "stderr"),
    [
        (Execution(Status.OK, "no end", "warned", Value("4", 4)), False, "no end", "warned"),
        (Execution(Status.OK, value=Value("4", 4)), True, "4\n", ""),
        (Execution(Status.OK, value=Value("'a\\n'", "a\n")), True, "a\n\n", ""),
        (Execution(Status.OK, value=Value("{ a: 1 }", "{ a: 1 }")), True, "{ a: 1 }\n", ""),
        (
            Execution(Status.OK, value=Value(STACK, STACK)),
            True,
            "Error: x\n    at evalmachine.<anonymous>:1:7\n",
            "",
        ),
        (Execution(Status.OK, "a\n"), True, "a\nundefined\n", ""),
        (
            Execution(Status.OK, media=(Media("image/png", b"x"),)),
            True,
            "",
            "[image/png, 1 B: %save --result FILE writes it]\n",
        ),
        (THROWN, True, "out\n", "err\nError: x\n    at evalmachine.<anonymous>:1:7\n"),
        (
            Execution(Status.ERROR, "", "no end", error=Thrown("E", "x")),
            False,
            "",
            "no end\nE: x\n",
        ),
    ],
)
def test_scripts_get_their_data_unchanged(
    execution: Execution, with_value: bool, stdout: str, stderr: str
) -> None:
    """A script gets stdout byte by byte, the value only where asked for, and the error among the words."""
    rendered = render_plain(execution, with_value=with_value)
    assert (rendered.stdout, rendered.stderr) == (stdout, stderr)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1234, "1.2 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (2_500_000_000, "2.5 GB"),
        (10**16, "10000.0 TB"),
    ],
)
def test_sizes_are_for_people(size: int, text: str) -> None:
    """A size has at most one decimal and the largest unit that fits."""
    assert human_size(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "now"),
        (0.5, "now"),
        (1, "1 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7200, "2 h ago"),
        (864000, "10 d ago"),
    ],
)
def test_ages_are_for_people(seconds: float, text: str) -> None:
    """An age is in its largest unit; a clock that is ahead is no age."""
    assert human_age(NOW - timedelta(seconds=seconds), NOW) == text


def test_one_wide_cell_does_not_widen_all_rows() -> None:
    """Names of any width in a long list take no more space than they themselves have."""
    now = datetime.now(UTC)
    names = ["\u202e" * 4000, *(f"f{number}" for number in range(5000))]
    files = FileList(tuple(RemoteFile(name, 5, now) for name in names), now)
    table = Table((), tuple((name, "1", "2") for name in names))
    for outcome in (files, table):
        parts = render(outcome, width=80, styled=False).parts
        assert sum(len(piece.text) for part in parts for piece in part.pieces) < 1_000_000


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((), "1é\n3\n2ü\n4\n"),
        ((4, 4, 2, 2), "1é\n2ü\n3\n4\n"),
        ((0, 4, 6, 2), "2ü\n1é\n3\n4\n"),
        ((0, 6, 6), "2ü\n4\n1é\n3\n"),
        ((4, 4, 2, 1), "1é\n3\n2ü\n4\n"),
    ],
)
def test_output_is_in_the_order_in_which_it_was_written(
    order: tuple[int, ...], expected: str
) -> None:
    """The numbers are bytes; if they do not fit the texts, stdout comes first."""
    execution = Execution(Status.OK, stdout="1é\n3\n", stderr="2ü\n4\n", order=order)
    for rendered in (
        render(execution, width=80),
        render_plain(execution, with_value=False),
    ):
        assert "".join(piece.text for part in rendered.parts for piece in part.pieces) == expected


def test_a_wide_cell_is_apart_from_the_next() -> None:
    """It pushes the rest of its own row only."""
    table = Table(("a", "b"), (("x" * 200, "1"), ("y", "2")))
    rows = render(table, width=80).stdout.splitlines()
    assert rows[1] == f"{'x' * 200}  1"
    assert rows[2].split() == ["y", "2"]


def test_undefined_can_be_hidden() -> None:
    """Without it, a snippet that has neither output nor value shows nothing; other values stay."""
    nothing = Execution(Status.OK)
    assert [p.text for part in render(nothing, width=80).parts for p in part.pieces] == [
        "undefined\n"
    ]
    assert not any(part.pieces for part in render(nothing, width=80, undefined=False).parts)
    some = Execution(Status.OK, value=Value("[ undefined ]", "[ undefined ]"))
    assert any(part.pieces for part in render(some, width=80, undefined=False).parts)


PLACED = "[1]:1:11\nreturn fs.open('a') // b\n          ^\n\nError: x"
INTERNAL = "\n    at open (node:fs:1:1)\n    at read (node:fs:2:2)"


def test_the_prompt_colours_the_source_line_of_an_error() -> None:
    """As typed JavaScript, with the caret below it; in a script it has one style."""
    error = Execution(
        Status.ERROR, error=Thrown("Error", "x", f"{PLACED}{INTERNAL}\n    at [1]:1:11")
    )
    (part,) = render(error, width=80, at_prompt=True).parts
    pieces = [piece for piece in part.pieces if piece.text.strip()]
    assert pieces[:9] == [
        Piece("frame-place", "[1]:1:11"),
        Piece("code-keyword", "return"),
        Piece("error-source", "fs"),
        Piece("error-source", "."),
        Piece("code-function", "open"),
        Piece("error-source", "("),
        Piece("code-string", "'a'"),
        Piece("error-source", ") "),
        Piece("code-comment", "// b"),
    ]
    assert Piece("error-caret", "^") in pieces
    assert Piece("frame-internal", "    … 2 internal frames") in pieces
    (plain,) = render_plain(error, with_value=False, styled=True).parts
    assert Piece("error-source", "return fs.open('a') // b") in plain.pieces


def test_only_the_prompt_folds_frames() -> None:
    """A script and `-c` show every frame, as does the value of a snippet."""
    error = Execution(Status.ERROR, error=Thrown("Error", "x", f"Error: x{INTERNAL}"))
    value = Execution(Status.OK, value=Value(f"Error: x{INTERNAL}\n    at [1]:1:1", ""))
    for rendered in (
        render_plain(error, with_value=False),
        render(error, width=80),
        render(value, width=80, at_prompt=True),
    ):
        text = "".join(piece.text for part in rendered.parts for piece in part.pieces)
        assert INTERNAL in text


@pytest.mark.parametrize("suffix", ["js", "json", "py", "diff", "unknown", "txt"])
def test_the_text_of_a_file_stays_as_it_is(suffix: str) -> None:
    """Whatever its colours are, the joined pieces are the text, and no text takes long."""
    for text in ("const a = 'x' // y\r\n@@ 1\n+1\n-2", "```js\n> a\n1\n```\n" * 4000, ""):
        began = time.process_time()
        assert "".join(piece.text for piece in source(text, f"a.{suffix}", True)) == text
        assert time.process_time() - began < 3


def test_names_of_files_are_shown_in_one_line() -> None:
    """A control character and a line end in a name are visible, as in sentences."""
    files = FileList((RemoteFile("a\x1b[31mb\u2028c", 5, NOW),), NOW)
    (part,) = render(files, width=80).parts
    assert "".join(piece.text for piece in part.pieces).startswith("a\\x1b[31mb\\u2028c  5 B")
