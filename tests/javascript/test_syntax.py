"""How the pieces of a text are told apart, and which names are Node's."""

import json
import subprocess
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noderepl.javascript import highlight
from noderepl.javascript.completion_names import BUILTIN_MODULES, GLOBALS, NODE_ONLY_MODULES
from noderepl.javascript.highlight import Highlighter
from noderepl.service.node import find_node


@pytest.fixture(autouse=True, scope="module")
def patience() -> Iterator[None]:
    """On a busy machine too, a block has enough time to be parsed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(highlight, "SECONDS", 10.0)
        yield


def test_pieces_name_what_they_are():
    """Keywords, strings, templates, numbers, calls, classes and comments are told apart."""
    line = Highlighter().pieces("const s = await fetch(`a${b.c(1)}`, {x: /re/g}) // end")(0)
    kinds = {text: kind for kind, text in line}
    expected = {
        "const": "keyword", "await": "keyword", "fetch": "function", "c": "function", "1": "number", "x": "property",
        "// end": "comment", "/re/g": "regexp",
    }  # fmt: skip
    assert {text: kinds[text] for text in expected} == expected


CODE = st.text(alphabet=st.sampled_from(list("ab1 {}()[]`'\"/*$\n\\.=>é😀\t;\udcff")), max_size=120)


@given(st.lists(CODE, min_size=1, max_size=5))
def test_pieces_lose_nothing(texts):
    """The pieces of all lines, joined, are the text, and are the same whatever was typed before."""
    highlighter = Highlighter()
    for text in texts:
        lines = range(text.count("\n") + 1)
        after_others = [highlighter.pieces(text)(n) for n in lines]
        assert "\n".join("".join(piece for _, piece in line) for line in after_others) == text
        fresh = Highlighter().pieces(text)
        assert after_others == [fresh(n) for n in lines]


def test_names_are_nodes():
    """Every module and global that completion offers exists in Node; none is missing among its built-in modules."""
    script = "console.log(JSON.stringify([require('module').builtinModules, Object.getOwnPropertyNames(globalThis)]))"
    ran = subprocess.run(
        [find_node().path, "-e", script], capture_output=True, text=True, check=True
    )
    modules, names = json.loads(ran.stdout)
    public = {name for name in modules if not name.startswith("_") and not name.startswith("node:")}
    assert public == set(BUILTIN_MODULES)
    assert all(name.startswith("node:") for name in NODE_ONLY_MODULES)
    newer = {"CustomEvent", "Iterator", "WebSocket", "navigator"}
    assert set(GLOBALS) - newer <= set(names)


STATEMENTS = "if (a) { return /[/]`/.test(`b${c}`) } // it's\nconst d = { e: 'f' }\n"
MEMBERS = "key: new Name(1), // it's\nother: { e: 'f' },\nmethod() { return 1 },\n"
CONTEXTS = {
    "describe('x', () => {\n  it('y', async () => {\n": STATEMENTS,
    "class A extends B {\n  static m(a) {\n": STATEMENTS,
    "class A {\n": "m(a) { return a }\nstatic b = 1\n",
    "const a = {\n  b: [\n    {\n": MEMBERS,
    "f(`text ${g({\n": MEMBERS,
    "f(\n": "a => { if (a) b() },\n{ c: 1 },\n",
    "switch (a) {\n  case 1: {\n": STATEMENTS,
    "switch (a) {\n": "case 1:\n  break\n",
    "const t = `\n": "const a = '1'\n",
    "/*\n": "const a = `1`\n",
}


@pytest.mark.parametrize("context", CONTEXTS)
def test_lines_are_coloured_as_in_their_context(context: str) -> None:
    """Lines far below what opens their brackets have the same colours as right below it."""
    body = CONTEXTS[context]
    far, near = (Highlighter().pieces(context + body * times) for times in (200, 1))
    begin, count = context.count("\n"), body.count("\n")
    for number in range(count):
        assert far(begin + 150 * count + number) == near(begin + number)


def test_a_text_that_does_not_parse_has_its_colours() -> None:
    """Below a bracket that is never closed, and a character that no code has, lines have their colours."""
    line = "const value = compute(1, 'x', /re/g) // end"
    expected = Highlighter().pieces(line)(0)
    for broken in ("f([{", "const a = # ) }", "const a = 'never"):
        pieces = Highlighter().pieces(f"{broken}\n" + f"{line}\n" * 200)
        assert [pieces(number) for number in range(100, 110)] == [expected] * 10


def test_keywords_beside_types_are_keywords() -> None:
    """The grammar is JavaScript's, and takes some words beside the types of TypeScript for names."""
    text = "function load(path: string): Promise<User[]> {\n  const text = 1\n  return text\n}\nconst a = load()"
    pieces = Highlighter().pieces(text)
    found = [text for number in range(5) for kind, text in pieces(number) if kind == "keyword"]
    assert found == ["function", "const", "return", "const"]


@pytest.mark.parametrize(
    "unit", ["function a(b,c){return b+c}var d=a(1,'x');", '{"n":"t","v":[1,true]},']
)
def test_a_part_of_a_long_line_has_its_colours(unit: str) -> None:
    """A part of a long line has the colours of the same code in a short line."""
    highlighter = Highlighter()
    lead = "[" if unit[0] == "{" else ""
    highlighter.pieces(lead + unit * 2000)
    at = len(lead) + 1000 * len(unit)
    part = each(highlighter.part(0, at, at + len(unit)))
    assert part == each(Highlighter().pieces(lead + unit)(0))[len(lead) :]


def each(pieces: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The kind of each character."""
    return [(kind, character) for kind, text in pieces for character in text]
