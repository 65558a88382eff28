"""Which texts wait for further lines at Enter."""

import time

import pytest

from noderepl.javascript.completeness import is_incomplete, line_end
from noderepl.javascript.syntax import limited

INCOMPLETE = [
    "{", "function f() {", "a.", "a +", "let x =", "`abc", "`a ${b}", "`${", "/* x", "f(", "foo(1,", "[1, 2", "({a: 1", "if (x)",
    "for (;;)", "while (1)", "() =>", "x => {", "x ?", "x ? 1 :", "new", "typeof", "class A {", "class A", "function f()",
    "do x", "try {}", "try { f() }\ncatch (e)", "switch (x) { case 1:", "a &&", "a ??", "a?.", "async () =>", "if (a) {} else",
    "void", "!", "a >", "x = void", "export const", "let x: Array<", "enum E {", "let f: () =>", "a = b >>",
    "let a = {\n  b: [1,", "import {a", "throw", "fn(`a\n", "const f = async (x) => {\n  await g(\n",
    "'abc\\", "f('abc\\\ndef\\", "true ? 1", "a ? b : c ? d", "const x", "let {a}", "const x = 1, y", "if (a) try {}", "/* a/b c",
    "x = /* a/", "f( /* ) */", "`a\n/* b", "{a: 1, b: [", "await fetch(", "<T>(x: T) => {", "let f = <T,>(x: T) => {",
    "function f(a: string): void", "while (i < 5", "'use strict'\nfunction f(a) {\n  return {", "@dec\n", "export",
]  # fmt: skip
WHOLE = [
    "", "  ", "1 + 3", "// c", "/* c */", "a\n.b", "foo bar", "}", "foo)", "'abc", "\"abc", "let a = `x\n`", "try { a } catch {}",
    "try { a } finally { b }", "function f()\n{}", "class A\n{\n}", "import x from 'y'", "await x", "{a: 1}", "f(1)", "a++",
    "x => x", "for (const a of b) c(a)", "if (a) b\nelse c", "async", "let a = 1,b", "/a{/.test(x)", "'{'", "`{`", "const a = {b}",
    "return 5", "#!/usr/bin/env node\n1", "a = b // {", "({a: 1}))",
    "let x: Array<string>", "let x: Map<string, Set<number>>", "let f: () => void", "x = y!", "const x = [1] as const",
    "type A = string", "enum E { A }", "interface I { a: 1 }", "import type {A} from 'm'",
    'console.log("hi)', "foo({ name: 'x, age: 3 })", "[1, 2, 'three].length", "curl -s https://example.com", "<div>", "<script>",
    "<div>{foo(", "const a = <b/>; foo(", "...", "'abc\\\\", "x = 'a\nb", "x = /ab", "f(/[a", "// /* c", "'/*'", "/[/*]/", "/a/*2",
    "f('it's me", "{\n  a: 'b,\n", "return {", "break", "function (", "class {", "foo(bar baz", "foo(}", "if x {", "$ node x.js",
    "git status", "SELECT * FROM users WHERE (", "`\\u{zz`", "let x;", "const x;", "{a: 1}.a", "var s = 'don't", "0x", "2e",
]  # fmt: skip


@pytest.mark.parametrize("text", INCOMPLETE)
def test_incomplete(text):
    """A snippet that more lines can make whole waits for them."""
    assert is_incomplete(text)


@pytest.mark.parametrize("text", WHOLE)
def test_whole(text):
    """A snippet that is whole, or that no further line can mend, is sent."""
    assert not is_incomplete(text)


def test_a_text_of_a_thousand_lines_takes_little_time():
    """The decision at Enter takes less than a tenth of a second for 1,000 lines, whether they are complete or not."""
    lines = "\n".join(
        f"  total += values[{n}].map((x) => x * `${{{n}}}`) // {n}" for n in range(1000)
    )
    for text in (lines, f"function f() {{\n{lines}", f"{lines}\nf(", f"{lines}\nf('"):
        took = []
        for _ in range(3):
            began = time.thread_time()
            is_incomplete(text)
            took.append(time.thread_time() - began)
        assert min(took) < 0.1


@pytest.mark.parametrize(
    "unit",
    ["\ud800", "\0", "#", "(", "`${", "class A { static #a = {", "{a:1,", "<a>", "\u201ca\u201d "],
)
def test_a_verdict_takes_no_longer_than_its_limit(unit: str) -> None:
    """The parsers end when they have taken the time, and the parser's log is short where they do not look at the time."""
    text = unit * (190_000 // len(unit))
    took = []
    for _ in range(3):
        began = time.thread_time()
        with limited(0.1):
            is_incomplete(text)
            line_end(text)
        took.append(time.thread_time() - began)
    assert min(took) < 0.6
    assert is_incomplete("f(") and not is_incomplete("f()")
