"""What completion finds before the cursor."""

from __future__ import annotations

import pytest

from noderepl.javascript.completion_context import MOST_CHARACTERS, context, destructured, is_plain


@pytest.mark.parametrize(
    ("text", "expression", "word"),
    [
        ("z.", "z", ""),
        ("users[0].na", "users[0]", "na"),
        ("fs.promises.", "fs.promises", ""),
        ("process.env.PA", "process.env", "PA"),
        ("'a'.toU", "'a'", "toU"),
        ("`t`.len", "`t`", "len"),
        ("[1].ma", "[1]", "ma"),
        ("({}).", "({})", ""),
        ("/ab/.te", "/ab/", "te"),
        ("1..", "1.", ""),
        ("new Date().getF", "new Date()", "getF"),
        ("new Map([[1, 2]]).", "new Map([[1, 2]])", ""),
        ("a?.b.", "a?.b", ""),
        ("a?.[0]?.", "a?.[0]", ""),
        ("m.get('x').", "m.get('x')", ""),
        ("x[`k`].", "x[`k`]", ""),
        ("a\n  .b\n  .c", "a\n  .b", "c"),
        ("obj.if.", "obj.if", ""),
        ("$$.", "$$", ""),
        ("é.b.", "é.b", ""),
        ("`${users[0].", "users[0]", ""),
        ("foo(users[0].", "users[0]", ""),
        ("if (x) { y.", "y", ""),
        ("x = a + b.c", "b", "c"),
        ("return x.", "x", ""),
        ("typeof x.", "x", ""),
        ("!x.", "x", ""),
        ("x => x.", "x", ""),
        ("a ? b.c", "b", "c"),
        ("'it is'; x.", "x", ""),
        ("// text\nx.", "x", ""),
    ],
)
def test_members(text: str, expression: str, word: str) -> None:
    """The expression before the last dot, whatever is around it."""
    found = context(text)
    assert (found.kind, found.expression, found.word) == ("member", expression, word)


@pytest.mark.parametrize(
    ("text", "kind", "word"),
    [
        ("", "name", ""),
        ("al", "name", "al"),
        ("f(al", "name", "al"),
        ("`${al", "name", "al"),
        ("...al", "name", "al"),
        ("require('fs", "module", "fs"),
        ("import x from '@a/b", "module", "@a/b"),
        ("await import('./", "module", "./"),
        ("'it.", "text", ""),
        ("'it", "text", ""),
        ("`a.", "text", ""),
        ("// foo.", "text", ""),
        ("// foo", "text", ""),
        ("/* a.", "text", ""),
        ("/ab.", "text", ""),
        ("1.", "text", ""),
        ("12", "text", ""),
        ("{}.", "text", ""),
        ("function () {}.", "text", ""),
        ("if (a).", "text", ""),
        ("x" * (MOST_CHARACTERS + 1), "text", ""),
    ],
)
def test_other_contexts(text: str, kind: str, word: str) -> None:
    """Names and modules; in strings, comments, regular expressions and numbers no names."""
    found = context(text)
    assert (found.kind, found.word) == (kind, word)


@pytest.mark.parametrize(
    "text",
    [
        "f().",
        "f?.(1).",
        "f(a, b)(c).d",
        "tag`x`.",
        "a.toSorted().",
        "Array(2e9).fill(0).",
        "'a'.repeat(1e9).",
        "[...a].",
        "(a ** b).",
        "(() => { for (;;); })().",
        "`${a}`.",
        "new Thing().",
        "Object.entries(a).",
        "m.get(1).stack.",
        "(await a).",
        "({ get x() { return 1 } }).",
        "[a + b].",
        "m.get(f()).",
    ],
)
def test_what_may_take_time_is_not_evaluated_by_the_engine(text: str) -> None:
    """Operators, functions, and calls but of some methods; the prelude computes some of these, in bounded steps."""
    found = context(text)
    assert found.kind == "text" or not is_plain(found.expression)


@pytest.mark.parametrize(
    ("text", "expression", "word", "quote"),
    [("o['", "o", "", "'"), ('a.at(0)["x-', "a.at(0)", "x-", '"'), ("f(o['a", "o", "a", "'")],
)
def test_keys(text: str, expression: str, word: str, quote: str) -> None:
    """A string in brackets behind an expression; not one of an array."""
    found = context(text)
    assert (found.kind, found.expression, found.word) == ("key", expression, word)
    assert found.quote == quote


def test_a_string_in_an_array_is_no_key() -> None:
    """It is text."""
    assert context("x = ['a").kind == "text"


@pytest.mark.parametrize(
    ("text", "after", "expression", "word"),
    [
        ("const { na", " } = users[0]", "users[0]", "na"),
        ("const { a, ", "} = fs; x()", "fs", ""),
        ("let {a: b, c", " } = fs", "fs", "c"),
    ],
)
def test_patterns(text: str, after: str, expression: str, word: str) -> None:
    """The names of a pattern are members of the value behind it."""
    found = destructured(text, after)
    assert found is not None
    assert (found.kind, found.expression, found.word) == ("member", expression, word)


@pytest.mark.parametrize(
    ("text", "after", "module", "word"),
    [
        ("import { ", " } from 'zod'", "zod", ""),
        ("import { a, z", ' } from "zod";', "zod", "z"),
        ("import def, {z", "} from 'node:fs'", "node:fs", "z"),
        ("import type { Z", " } from './types'", "./types", "Z"),
        ("import {\n  a,\n  b", "\n} from 'zod'", "zod", "b"),
        ("const { read", " } = require('fs')", "fs", "read"),
        ("x(); const { a: b, c", ' } = require( "fs" ); y()', "fs", "c"),
        ("let { read", " } = await import('node:fs')", "node:fs", "read"),
    ],
)
def test_exports_in_a_pattern(text: str, after: str, module: str, word: str) -> None:
    """The names in the braces are exports of the module behind them."""
    found = destructured(text, after)
    assert found is not None
    assert (found.kind, found.expression, found.word) == ("export", module, word)
    assert found.is_pattern


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("import { a as b", " } from 'zod'"),
        ("const { read", " } = import('fs')"),
        ("const { read", " } = await import(name)"),
    ],
)
def test_no_exports_in_a_pattern(text: str, after: str) -> None:
    """A new name, a module that is not known, and what is no module."""
    found = destructured(text, after)
    assert found is not None and found.kind == "text"


@pytest.mark.parametrize(
    ("text", "after"),
    [("if (a) { n", "} = b"), ("const x = { n", "}"), ("x", "")],
)
def test_other_braces_are_no_patterns(text: str, after: str) -> None:
    """Blocks and objects."""
    assert destructured(text, after) is None


@pytest.mark.parametrize(("text", "after"), [("const { n", ""), ("let {a: b", " } = fs")])
def test_patterns_without_a_value(text: str, after: str) -> None:
    """Nothing is known of a new name, nor without a value."""
    found = destructured(text, after)
    assert found is not None and found.kind == "text"


@pytest.mark.parametrize("value", ["/[" * 10_000, "a." * 100_000 + "b", "(" * 1900])
def test_patterns_with_a_value_that_is_too_hard(value: str) -> None:
    """Nothing is offered, and nothing fails."""
    found = destructured("const { a", f" }} = {value}")
    assert found is not None and found.kind == "text"
