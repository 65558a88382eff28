"""A snippet as a function that an instrument calls."""

from __future__ import annotations

import pytest

from noderepl.javascript.analyze import analyze
from noderepl.javascript.snippet_function import as_function


def edited(text: str) -> str:
    """The text that the session evaluates."""
    analysis = as_function(analyze(text, global_name="$n", typescript="auto"), global_name="$n")
    assert not analysis.declarations
    units = analysis.text.encode("utf-16-le")
    made, done = b"", 0
    for edit in analysis.edits:
        made += units[2 * done : 2 * edit.start] + edit.text.encode("utf-16-le")
        done = edit.end
    return (made + units[2 * done :]).decode("utf-16-le")


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("1 + 1", "() => {return 1 + 1\n}"),
        ("f() // ü😀", "() => {return f() // ü😀\n}"),
        ("let a = 1; a", "() => {let a = 1; return a\n}"),
        ("const a = 1", "() => {const a = 1\n}"),
        ("{ a: 1 }", "() => {return ({ a: 1 })\n}"),
        ("await f()", "async () => {return await f()\n}"),
        ("async () => await f()", "() => {return async () => await f()\n}"),
        ("for await (const a of b) a", "async () => {for await (const a of b) a\n}"),
        ("while (x) x--", "() => {while (x) x--\n}"),
        ("", "() => {\n}"),
    ],
)
def test_the_last_expression_is_the_value(text: str, body: str) -> None:
    """Declarations stay as typed, and the function is async only if the snippet itself awaits."""
    assert edited(text) == f"await $n.measured({body})"


@pytest.mark.parametrize("text", ["1 +", "a b", "%%"])
def test_the_engine_reports_errors(text: str) -> None:
    """A text that does not parse is evaluated as it is."""
    assert "measured" not in edited(text)


def test_own_names_are_no_constants_of_the_session() -> None:
    """An assignment to a name that the snippet declares is its own business."""
    analysis = analyze("let a = 1; a = 2; b = 3", global_name="$n", typescript="auto")
    assert {one.name for one in as_function(analysis, global_name="$n").assignments} <= {"b"}
