"""Node's values and stacks, cut in pieces by meaning."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noderepl.service.node import find_node
from noderepl.terminal import lexers
from noderepl.terminal.coloured import lexed
from noderepl.terminal.lexers import InspectLexer, StackLexer, styled
from noderepl.terminal.pieces import Piece
from noderepl.terminal.style_names import MEANINGS

VALUES = [
    ("'it\\'s'", {"value-string": ["'it\\'s'"]}),
    ('[ "it\'s", `"q"\'` ]', {"value-string": ['"it\'s"', '`"q"\'`']}),
    (
        "[ -0, 10n, 1e+21, NaN, -Infinity, 1.5 ]",
        {"value-number": ["-0", "10n", "1e+21", "NaN", "-Infinity", "1.5"]},
    ),
    (
        "[ true, false, null, undefined ]",
        {"value-keyword": ["true", "false", "null"], "value-undefined": ["undefined"]},
    ),
    ("Symbol(foo)", {"value-symbol": ["Symbol(foo)"]}),
    ("[Function: foo]", {"value-function": ["[Function: foo]"]}),
    (
        "[Function (anonymous)] { z: 1 }",
        {"value-function": ["[Function (anonymous)]"], "value-key": ["z"]},
    ),
    (
        "[AsyncGeneratorFunction: [Symbol.x]]",
        {"value-function": ["[AsyncGeneratorFunction: [Symbol.x]]"]},
    ),
    ("[class A extends B]", {"value-class": ["[class A extends B]"]}),
    (
        "{ a: [Getter/Setter], b: [Object], 'c-d': [Array] }",
        {
            "value-key": ["a", "b", "'c-d'"],
            "value-special": ["[Getter/Setter", "[Object]", "[Array]"],
        },
    ),
    ("[Object: null prototype] {}", {"value-special": ["[Object: null prototype]"]}),
    ("[Module: null prototype] { a: 1 }", {"value-special": ["[Module: null prototype]"]}),
    ("Map(2) { 'a' => 1 }", {"value-class": ["Map"], "value-string": ["'a'"]}),
    (
        "A(1) [Map] { 1 => Set(1) { 'x' } }",
        {"value-class": ["A", "Set"], "value-special": ["[Map]"]},
    ),
    (
        "Uint8Array(3) [ 1, 2, 3 ]",
        {"value-class": ["Uint8Array"], "value-number": ["3", "1", "2", "3"]},
    ),
    ("Promise { <pending> }", {"value-class": ["Promise"], "value-elided": ["<pending>"]}),
    (
        "<ref *1> { self: [Circular *1] }",
        {"value-reference": ["<ref *1>", "[Circular *1]"], "value-key": ["self"]},
    ),
    (
        "<Buffer 68 69 ... 3 more bytes>",
        {
            "value-class": ["Buffer"],
            "value-number": ["68", "69"],
            "value-elided": ["... 3 more bytes"],
        },
    ),
    (
        "{ [Uint8Contents]: <00 0a> }",
        {"value-key": ["[Uint8Contents]"], "value-number": ["00", "0a"]},
    ),
    (
        "[ 1970-01-01T00:00:00.000Z, Invalid Date ]",
        {"value-date": ["1970-01-01T00:00:00.000Z", "Invalid Date"]},
    ),
    ("[ /a[/]b/gi, 1 ]", {"value-regexp": ["/a[/]b/gi"], "value-number": ["1"]}),
    (
        "[ 1, <2 empty items>, ... 1 more item ]",
        {"value-elided": ["<2 empty items>", "... 1 more item"]},
    ),
    (
        "'aaa'... 5 more characters",
        {"value-string": ["'aaa'"], "value-elided": ["... 5 more characters"]},
    ),
    ("{ [Symbol(foo)]: 1 }", {"value-key": ["[Symbol(foo)]"]}),
    ("[Number: 3]", {"value-class": ["Number"], "value-number": ["3"]}),
    (
        "{ e: [RangeError: x y] }",
        {"value-key": ["e"], "error-name": ["RangeError"], "error-message": [": x y"]},
    ),
    (
        "Promise {\n  <rejected> Error: r\n      at f (a.js:1:2)\n}",
        {
            "error-name": ["<rejected>", "Error"],
            "error-message": [": r"],
            "frame-place": ["(a.js:1:2)"],
        },
    ),
    (
        "{\n  e: Error: o\n      at f (node:fs:1:2) {\n    [cause]: TypeError: i\n  }\n}",
        {
            "value-key": ["e", "[cause]"],
            "error-name": ["Error", "TypeError"],
            "frame-internal": ["      at f (node:fs:1:2)"],
        },
    ),
    ("{ MyError: [class MyError extends Error] }", {"value-key": ["MyError"]}),
]

STACKS = [
    (
        "evalmachine.<anonymous>:1\nnull.x\n     ^\n\nTypeError: no\n    at evalmachine.<anonymous>:1:6",
        {
            "frame-place": ["evalmachine.<anonymous>:1", "evalmachine.<anonymous>:1:6"],
            "error-source": ["null.x"],
            "error-caret": ["^"],
            "error-name": ["TypeError"],
            "error-message": [": no"],
        },
    ),
    (
        "RangeError: r\nline2\n    at async f (a.js:1:2)\n    at g (node:fs:1:2)",
        {
            "error-message": [": r", "line2"],
            "frame-user": ["    at async ", "f "],
            "frame-internal": ["    at g (node:fs:1:2)"],
        },
    ),
    (
        "Error [ERR_X]: m\n    at f (a.js:1:2) {\n  code: 'X',\n  [cause]: Error: i\n      at b.js:1:2\n}",
        {
            "error-name": ["Error [ERR_X]", "Error"],
            "value-key": ["code", "[cause]"],
            "value-string": ["'X'"],
        },
    ),
    (
        "node:internal/x:1\n  throw err;\n  ^\n\nError: m",
        {"frame-internal": ["node:internal/x:1\n  throw err;\n  ^"], "error-message": [": m"]},
    ),
    ("Uncaught Custom", {"error-name": ["Uncaught Custom"]}),
]

LEXERS = [InspectLexer(), StackLexer()]


@pytest.mark.parametrize(
    ("lexer", "text", "expected"),
    [(LEXERS[0], *case) for case in VALUES] + [(LEXERS[1], *case) for case in STACKS],
)
def test_pieces_have_their_meaning(
    lexer: InspectLexer, text: str, expected: dict[str, list[str]]
) -> None:
    """Each part of a value or stack is known for what it is."""
    pieces = list(styled(lexer, text))
    assert {
        name: [piece for style, piece in pieces if style == name] for name in expected
    } == expected
    assert "".join(piece for _, piece in pieces) == text


def test_every_style_is_a_meaning() -> None:
    """A theme can style all that the lexers find."""
    assert set(lexers.STYLE_OF.values()) <= {meaning.name for meaning in MEANINGS}


ODD = st.text(
    st.sampled_from("'\"`\\/[](){}<>:,.*^ \t\n\r\ufeffatnode Error{1aA-") | st.characters(),
    max_size=80,
)
NODES = st.lists(
    st.sampled_from([text for text, _ in VALUES + STACKS] + ["\n    at ", "\n", " {", "'"])
).map("".join)


@pytest.mark.parametrize("lexer", LEXERS)
@given(text=ODD | NODES)
def test_no_character_is_lost(lexer: InspectLexer, text: str) -> None:
    """The pieces joined are the text, whatever the text is."""
    assert "".join(piece for _, piece in styled(lexer, text)) == text


@pytest.mark.parametrize("start", ["", "Error: x {\n", "    at "])
@pytest.mark.parametrize(
    "unit", ["'\\", "/[[[[[[[[", " at (", "[Function: [", "XError: ", "\\ `'\""]
)
def test_a_long_text_ends(unit: str, start: str) -> None:
    """A third of a megabyte that is no value at all is lexed to its end, as time is linear."""
    text = start + unit * (333_000 // len(unit))
    assert sum(len(piece) for _, piece in styled(StackLexer(), text)) == len(text)


def test_what_node_writes_is_known() -> None:
    """Of what the real util.inspect writes for many kinds of values, no name or word is left without a meaning."""
    code = """
    class Foo { x = 1; 'a-b' = 2; [Symbol('s')] = undefined }
    const o = {
      n: [1.5, -0, 1e21, -3n, NaN, -Infinity, , 2], m: new Map([['k', new Set([1])]]), d: [new Date(0), new Date(NaN)],
      f: [() => 1, async () => 1, class extends Foo {}, Math.max], g: { get a() { return 1 }, set b(v) {} },
      p: [Promise.resolve(1), new Promise(() => {})], b: Buffer.alloc(60), u: new Uint8Array(2), r: /a[/]\\//gi,
      s: ['it\\'s', 'x'.repeat(20000)], y: Symbol.iterator, deep: { a: { b: { c: 1 } } }, z: null, t: true,
      l: Array(200).fill(0), w: new WeakMap(), nul: Object.create(null), foo: new Foo(),
      e: Object.assign(new Error('m'), { stack: 'Error: m' }),
    };
    o.self = o;
    const { inspect } = require('util');
    process.stdout.write(JSON.stringify([inspect(o), inspect(o, { breakLength: Infinity })]));
    """
    written = subprocess.run(
        [find_node().path, "-e", code], capture_output=True, check=True, text=True
    )
    for text in json.loads(written.stdout):
        pieces = list(styled(LEXERS[0], text))
        assert "".join(piece for _, piece in pieces) == text
        assert [piece for style, piece in pieces if not style and piece.strip()] == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "0",
            "-1",
            "42",
            "1.5",
            "-0",
            "true",
            "false",
            "null",
            "undefined",
            "'a b'",
            "''",
            "'ü\"'",
        ),
        *("1e21", "10n", "NaN", "-Infinity", "'a\\n'", "'a' ", "[ 1 ]", "1.", "nullx", "'a", "1 2"),
    ],
)
def test_simple_values_have_the_styles_of_the_lexer(text: str) -> None:
    """The lexer is not loaded for them."""
    expected = [Piece(*pair) for pair in styled(InspectLexer(), text)]
    assert list(lexed("value", text, styled=True)) == expected
