"""Signatures from sources."""

from __future__ import annotations

import pytest

from noderepl.javascript.signatures import readable_source, signature


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("function add(a, b = 1, ...rest) {}", "f(a, b = 1, ...rest)"),
        ("x => x", "f(x)"),
        ("async ({ a, b } = {}, [c]) => 1", "f({ a, b } = {}, [c])"),
        ("function* (a) {}", "f(a)"),
        ("async *m(a) {}", "f(a)"),
        ("get x() {}", "f()"),
        ("#p(a) {}", "f(a)"),
        ("['a b'](x) {}", "f(x)"),
        ("(a, // first ')'\n b) => 1", "f(a, b)"),
        ("class A { static constructor(z) {} constructor(q = ')') {} }", "new f(q = ')')"),
        ("function add(a        , b         )         { return a + b }", "f(a, b)"),
        ("(\n  a,\n  { b,\n    c } = {},\n) => 1", "f(a, { b, c } = {})"),
        ("class A { 'constructor'(a, b) {} }", "new f(a, b)"),
        ("class A {}", "new f()"),
        ("class A extends B {}", "new f(...)"),
        ("function () { [native code] }", ""),
        ("not a function", ""),
        ("x" * 300_000, ""),
    ],
)
def test_signatures(source: str, expected: str) -> None:
    """The parameters as written, on one line and without comments."""
    assert signature(source, "f") == expected


def test_readable_source() -> None:
    """A source loses the indentation of its file, and what replaces import()."""
    source = "m(a) {\n        return $noderepl_0123abcd.import('x')\n\n    }"
    assert readable_source(source) == "m(a) {\n    return import('x')\n\n}"
