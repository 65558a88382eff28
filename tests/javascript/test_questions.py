"""When a question mark asks about a value, and what the session may read of an expression."""

from __future__ import annotations

import pytest

from noderepl.javascript.questions import path, question


@pytest.mark.parametrize(
    ("line", "expression", "wants_source"),
    [
        ("fs.readFile?", "fs.readFile", False),
        ("fs.readFile??", "fs.readFile", True),
        ("  users[0].name ?  ", "users[0].name", False),
        ("?fs", "fs", False),
        ("??fs.x", "fs.x", True),
        ("cond ?", "cond", False),
        ("'what?'?", "'what?'", False),
        ("`a`.length?", "`a`.length", False),
        ("[].map?", "[].map", False),
        ("new Date().getFullYear?", "new Date().getFullYear", False),
        ("a?.b?", "a?.b", False),
        ("f(x, 1).y?", "f(x, 1).y", False),
        ("größe?", "größe", False),
        ("this?", "this", False),
        ("/x/g.exec?", "/x/g.exec", False),
        ("a /* c */ .b?", "a /* c */ .b", False),
    ],
)
def test_questions(line: str, expression: str, wants_source: bool) -> None:
    """One line of names, members, calls and literals, with one or two question marks."""
    asked = question(line)
    assert asked is not None
    assert (asked.expression, asked.wants_source) == (expression, wants_source)


@pytest.mark.parametrize(
    "line",
    [
        "a ? b : c",
        "x?.y",
        "x ?? y",
        "'what?'",
        "`what?`",
        '"?"',
        "/a?/",
        "// what?",
        "/* what? */",
        "a // b?",
        "x = cond ?",
        "const x = cond ?",
        "a + b?",
        "!a?",
        "typeof a?",
        "await a?",
        "a > 1 ?",
        "a, b?",
        "a; b?",
        "a)(b?",
        "a???",
        "return?",
        "`${a?",
        "f(a ?",
        "a?b?",
        "cond ?\n1 : 2",
        "a\n?",
        "%files?",
        "x".ljust(3000, "x") + "?",
        "",
    ],
)
def test_javascript(line: str) -> None:
    """Whatever may be JavaScript, or continue as such, is no question."""
    assert question(line) is None


@pytest.mark.parametrize(
    ("expression", "root", "steps"),
    [
        ("a.b", "a", (("key", '"b"'),)),
        ("a['b-c'][0]", "a", (("key", "'b-c'"), ("key", "0"))),
        ("map.get('x').y", "map", (("call", '"get"', "'x'"), ("key", '"y"'))),
        ("list.at(-1)", "list", (("call", '"at"', "-1"),)),
        ("'a'.at", "'a'", (("key", '"at"'),)),
        ("[1, [2]].map", "[1, [2]]", (("key", '"map"'),)),
        ("new Map()", "new Map()", ()),
    ],
)
def test_paths(expression: str, root: str, steps: tuple[tuple[str, ...], ...]) -> None:
    """Names, members and calls that the session can follow by itself."""
    where = path(expression)
    assert where is not None
    assert (where.root, where.steps) == (root, steps)


@pytest.mark.parametrize(
    "expression",
    [
        "f()",
        "a[f()]",
        "a[b]",
        "a.get(b)",
        "a.get(f())",
        "a.at(1, 2)",
        "[f()]",
        "`${a}`",
        "new Foo()",
        "new Date(a)",
        "new Map([a])",
        "a.#b",
        "(a, b)",
        "x => x",
        "class {}",
        "({ get a() { return 1 } })",
        "import.meta",
        "tag`x`",
        "a.b()",
    ],
)
def test_no_paths(expression: str) -> None:
    """Anything else would run code."""
    assert path(expression) is None
