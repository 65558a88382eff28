"""The scope of a program's file: the text that the session evaluates."""

from __future__ import annotations

import pytest

from noderepl.javascript.analysis import Analysis
from noderepl.javascript.analyze import analyze

NAMES = "exports, require, module, __filename, __dirname"


def evaluated(text: str, file: str) -> str:
    """The text of a file with the edits."""
    analysis: Analysis = analyze(text, global_name="$N", typescript="auto", file=file)
    assert (analysis.declarations, analysis.assignments, analysis.notes) == ((), (), ())
    for edit in reversed(analysis.edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("a.js", "return 1", f"$N.main(function ({NAMES}) {{return 1\n}})"),
        ("a.js", "{ a: 1 }", f"$N.main(function ({NAMES}) {{{{ a: 1 }}\n}})"),
        ("a.js", "", f"$N.main(function ({NAMES}) {{\n}})"),
        ("a.js", "x // end", f"$N.main(function ({NAMES}) {{x // end\n}})"),
        ("a.js", "#!node\nx", f"$N.main(function ({NAMES}) {{//node\nx\n}})"),
        ("a.js", "const a = 1; a = 2", f"$N.main(function ({NAMES}) {{const a = 1; a = 2\n}})"),
        ("a.js", "await x", f"await $N.main(async function ({NAMES}) {{await x\n}})"),
        (
            "a.js",
            "for await (const a of b);",
            f"await $N.main(async function ({NAMES}) {{for await (const a of b);\n}})",
        ),
        (
            "a.js",
            "async () => { await x }",
            f"$N.main(function ({NAMES}) {{async () => {{ await x }}\n}})",
        ),
        ("a.mjs", "x", 'await $N.main(async function () {"use strict";x\n})'),
        (
            "a.mjs",
            "import a from 'm'; export const b = a;",
            'await $N.main(async function () {"use strict";const {default: a} ='
            " await $N.load('m', ['default']);        const b = a;\n})",
        ),
        (
            "a.ts",
            "enum E { A }",
            f'$N.main(function ({NAMES}) {{var E ;(function(E){{ E[E["A"]=0]="A" }})(E={{}});\n}})',
        ),
    ],
)
def test_a_file_is_the_body_of_a_function(file: str, text: str, expected: str) -> None:
    """Its declarations stay as they are."""
    assert evaluated(text, file) == expected


@pytest.mark.parametrize("text", ["let x = ;", "});(function () {", "f("])
def test_a_text_with_an_error_is_for_the_engine(text: str) -> None:
    """It stays as it is, so that it cannot leave the function either."""
    assert evaluated(text, "a.js") == text
