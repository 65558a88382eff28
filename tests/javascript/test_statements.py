"""Snippets below each other: each stays a statement of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from noderepl.javascript.statements import separated
from noderepl.service.node import Node


@pytest.mark.parametrize(
    ("snippets", "script"),
    [
        (["a", "(1)"], "a\n;(1)"),
        (["a;", "(1)"], "a;\n(1)"),
        (["a // b;", "(1)"], "a // b;\n;(1)"),
        (["a", "// hello"], "a\n// hello"),
        (["a", "// hello\n[1]"], "a\n// hello\n;[1]"),
        (["a", "/* x */ `t`"], "a\n/* x */ ;`t`"),
        (["a", "/re/.test('')"], "a\n;/re/.test('')"),
        (["(1)"], "(1)"),
        (["a", "/*"], "a\n;/*"),
        (["a", ""], "a\n"),
        (["a", "-1"], "a\n;-1"),
    ],
)
def test_a_semicolon_stands_where_a_statement_would_continue(
    snippets: Sequence[str], script: str
) -> None:
    """It stands behind comments, and nowhere else."""
    assert "\n".join(separated(snippets)) == script


def test_the_script_does_what_the_snippets_did(node: Node) -> None:
    """Node.js runs each as a statement."""
    snippets = [
        "let n = 1",
        "// comment\n(n = 2)",
        "/* x */ [3].forEach((x) => n += x)",
        "`t`",
        "+1",
        "console.log(n)",
    ]
    script = "\n".join(separated(snippets))
    ran = subprocess.run([node.path, "-e", script], capture_output=True, text=True, check=True)
    assert ran.stdout == "5\n"
