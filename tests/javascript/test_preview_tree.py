"""Which texts are expressions that may be previewed, and their trees."""

from __future__ import annotations

import pytest

from noderepl.javascript.preview_tree import expression, repeats

ONE = ["number", "1", False]


@pytest.mark.parametrize(
    ("text", "tree", "names"),
    [
        ("a", ["name", "a"], ["a"]),
        (" a ; ", ["name", "a"], ["a"]),
        ("a // 1", ["name", "a"], ["a"]),
        ("a.b", ["member", ["name", "a"], ["value", "b"], False], ["a"]),
        ("a[1]", ["member", ["name", "a"], ONE, False], ["a"]),
        ("a?.b", ["chain", ["member", ["name", "a"], ["value", "b"], True]], ["a"]),
        ("(a)", ["name", "a"], ["a"]),
        ("typeof a", ["unary", "typeof", ["name", "a"]], ["a"]),
        ("a ?? 1", ["binary", "??", ["name", "a"], ONE], ["a"]),
        ("`${a}\\n`", ["template", ["", "\n"], [["name", "a"]]], ["a"]),
        ("[1, ...a]", ["array", [ONE, ["spread", ["name", "a"]]]], ["a"]),
        (
            "{ a, 'b-c': 1 }",
            [
                "object",
                [["pair", ["value", "a"], ["name", "a"]], ["pair", ["value", "b-c"], ONE]],
            ],
            ["a"],
        ),
        ("f(1)", ["call", ["name", "f"], [ONE], False], ["f"]),
        ("new Map", ["new", ["name", "Map"], []], ["Map"]),
        ("x => { return x }", ["arrow", [["name", "x"]], ["name", "x"]], ["x"]),
        (
            "([a, { b: c = 1 }]) => a",
            [
                "arrow",
                [
                    [
                        "list",
                        [["name", "a"], ["members", [["b", ["default", ["name", "c"], ONE]]]]],
                    ]
                ],
                ["name", "a"],
            ],
            ["a"],
        ),
        ("-1_0n", ["unary", "-", ["number", "10", True]], []),
        (r"'\u{1f600}\x41'.length", ["member", ["value", "😀A"], ["value", "length"], False], []),
    ],
)
def test_expressions(text: str, tree: list[object], names: list[str]) -> None:
    """They become trees, with the names of the variables that they may read."""
    found = expression(text)
    assert found is not None
    assert found.tree == tree
    assert list(found.names) == names


@pytest.mark.parametrize(
    "text",
    """42|'a'|`a`|/a/g|true|null||  |;|a +|(a|a.|a)|a b|a); (b|a = 1|a += 1|a++|--a|delete a.b|await a
    |const a = 1|a, b|if (a) b|a; b|function f() {}|class A {}|() => { a() }|async () => 1|a`b`|a => { }
    |import('a')|[1, , 2]|([, a]) => a|017 + 1|'\\8' + 1|super.a|new.target|import.meta.url|this|yield a
    |{ get a() { return 1 } }|{ a() {} }|({ ...a }) => a|“a” + 1|a as number|<a/>|#a in b|a?.#b|{ a: 1 };;a
    |x ? y|\\u0061 + 1|f(...)""".split("|"),
)
def test_other_texts(text: str) -> None:
    """Literals, incomplete and invalid texts, statements, and what has an effect are none."""
    assert expression(text) is None


def test_long_and_deep_texts() -> None:
    """They are none, and take no time."""
    assert expression("a" + " + a" * 300) is None
    assert expression("(" * 450 + "a" + ")" * 450) is None
    assert expression("a" + ".b" * 400) is None
    assert expression("[" * 300 + "a" + "]" * 300) is None
    assert expression("a\nb") is None


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("-1", "-1", True),
        ('["a"];', "[ 'a' ]", True),
        ("{a:1}", "{ a: 1 }", True),
        ("undefined", "undefined", True),
        ("1 + 1", "2", False),
        ("a", "'a'", False),
        ("a", "1", False),
    ],
)
def test_what_a_value_repeats(text: str, value: str, expected: bool) -> None:
    """Quotes and blanks make no difference."""
    assert repeats(text, value) is expected
