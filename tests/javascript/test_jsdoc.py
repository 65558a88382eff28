"""JSDoc comments as readable paragraphs."""

from __future__ import annotations

import pytest

from noderepl.javascript.jsdoc import comment_before, paragraphs

COMMENT = """/**
   * Adds **two** numbers, see {@link sum} and
   * [the docs](https://x.example).
   *
   * - one
   * - two
   * ```js
   * // @param is no tag here
   * add(1)
   * ```
   * @param {{ a: 1 }} [a=1] - the first
   *   of both
   * @param b the second
   * @internal
   * @returns {number} the sum
   * @example <caption>A case</caption>
   *   add(1, 2)
   *     // 3
   */"""


def test_paragraphs() -> None:
    """Prose, lists and fences; parameters under one title; examples as code."""
    found = [(one.kind, one.name, one.text) for one in paragraphs(COMMENT)]
    assert found == [
        ("prose", "", "Adds two numbers, see sum and the docs (https://x.example)."),
        ("prose", "", "- one"),
        ("prose", "", "- two"),
        ("code", "", "// @param is no tag here\nadd(1)"),
        ("title", "", "Parameters"),
        ("item", "[a=1]", "{{ a: 1 }} the first of both"),
        ("item", "b", "the second"),
        ("title", "", "Returns"),
        ("item", "", "{number} the sum"),
        ("title", "", "Example"),
        ("prose", "", "A case"),
        ("code", "", "add(1, 2)\n  // 3"),
    ]


@pytest.mark.parametrize("text", ["", "/* no JSDoc */", "// a", "/**", "/***/", "/** */"])
def test_other_comments(text: str) -> None:
    """They have no paragraphs."""
    assert paragraphs(text) == []


@pytest.mark.parametrize(
    "head",
    [
        "",
        "export ",
        "export default ",
        "const add = ",
        "exports.add = ",
        "module.exports = ",
        "A.prototype.add = ",
        "add: ",
        "static ",
        "let x = (",
    ],
)
def test_the_comment_of_a_function(head: str) -> None:
    """It is right before the head of its declaration or assignment."""
    assert comment_before(f"a();\n/** Adds. */\n{head}") == "/** Adds. */"


@pytest.mark.parametrize(
    "text", ["/** Adds. */ a(); ", "/** Adds. */ const b = 1, c = ", "a(", "*/", "/** x"]
)
def test_comments_of_something_else(text: str) -> None:
    """They are not the function's."""
    assert comment_before(text) == ""
