"""TypeScript as JavaScript, without a session."""

from __future__ import annotations

import pytest
from typescript import corpus

from noderepl.javascript.analysis import Analysis, Edit
from noderepl.javascript.analyze import analyze
from noderepl.javascript.syntax import parse, parser

# What the session makes of the keyword of a declaration.
KEYWORDS = {"enum": "var", "const": "let", "using": "let"}
# The text is a division in JavaScript, also in the compiler's.
DIVISION = "let x16 = { a: 1 } satisfies object\n/1/.test('1') && console.log('regex')"


def javascript(analysis: Analysis) -> str:
    """The text with all its edits; offsets count UTF-16 code units."""
    keywords = [
        Edit(one.start, one.end, KEYWORDS[one.kind])
        for one in analysis.declarations
        if one.kind in KEYWORDS
    ]
    typed = analysis.text.encode("utf-16-le")
    made, at = [], 0
    for edit in sorted([*analysis.edits, *keywords], key=lambda one: (one.start, one.end)):
        made += [typed[2 * at : 2 * edit.start], edit.text.encode("utf-16-le")]
        at = edit.end
    return b"".join([*made, typed[2 * at :]]).decode("utf-16-le")


@pytest.mark.parametrize("snippet", corpus())
def test_typescript_becomes_javascript(snippet: str) -> None:
    """The result parses as JavaScript, in as many lines as were typed."""
    analysis = analyze(snippet, global_name="g", typescript="on")
    made = javascript(analysis)
    assert made.count("\n") == snippet.count("\n")
    assert parse(parser(), made.encode()).root_node.has_error == (snippet == DIVISION)
