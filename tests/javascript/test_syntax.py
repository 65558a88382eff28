"""What counts as a whole snippet, and how its pieces are told apart."""

import json
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noderepl.javascript.completion_names import BUILTIN_MODULES, GLOBALS, NODE_ONLY_MODULES
from noderepl.javascript.highlight import Highlighter
from noderepl.javascript.completeness import is_incomplete
from noderepl.service.node import find_node

INCOMPLETE = [
    "{", "function f() {", "a.", "a +", "let x =", "`abc", "`a ${b}", "`${", "/* x", "f(", "foo(1,", "[1, 2", "({a: 1", "if (x)",
    "for (;;)", "while (1)", "() =>", "x => {", "x ?", "x ? 1 :", "new", "typeof", "class A {", "class A", "function f()",
    "do x", "try {}", "try { f() }\ncatch (e)", "switch (x) { case 1:", "a &&", "a ??", "a?.", "...", "async () =>", "if (a) {} else",
    "void", "!", "a >", "x = void", "export const", "let x: Array<", "enum E {", "let f: () =>", "a = b >>",
    "let a = {\n  b: [1,", "import {a", "throw", "fn(`a\n", "const f = async (x) => {\n  await g(\n",
]  # fmt: skip
WHOLE = [
    "", "  ", "1 + 3", "// c", "/* c */", "a\n.b", "foo bar", "}", "foo)", "'abc", "\"abc", "let a = `x\n`", "try { a } catch {}",
    "try { a } finally { b }", "function f()\n{}", "class A\n{\n}", "@", "import x from 'y'", "await x", "{a: 1}", "f(1)", "a++",
    "x => x", "for (const a of b) c(a)", "if (a) b\nelse c", "async", "let a = 1,b", "/a{/.test(x)", "'{'", "`{`", "const a = {b}",
    "return 5", "#!/usr/bin/env node\n1", "a = b // {", "({a: 1}))",
    "let x: Array<string>", "let x: Map<string, Set<number>>", "let f: () => void", "x = y!", "const x = [1] as const",
    "type A = string", "enum E { A }", "interface I { a: 1 }", "import type {A} from 'm'",
]  # fmt: skip


@pytest.mark.parametrize("text", INCOMPLETE)
def test_incomplete(text):
    """A snippet that more lines can make whole waits for them."""
    assert is_incomplete(text)


@pytest.mark.parametrize("text", WHOLE)
def test_whole(text):
    """A snippet that is whole, or that no further line can mend, is sent."""
    assert not is_incomplete(text)


def test_agrees_with_node_on_every_prefix():
    """Line prefixes of real code are judged as Node's own REPL judges them, wherever Node calls them whole or not."""
    script = """
    const {isRecoverableError} = require("internal/repl/utils"), vm = require("vm"), {readFileSync} = require("fs");
    const judge = (code) => { try { new vm.Script(code); return false; } catch (e) { return isRecoverableError(e, code) || null; } };
    const lines = readFileSync(process.argv[1], "utf8").split("\\n");
    console.log(JSON.stringify(lines.map((_, i) => lines.slice(0, i + 1).join("\\n")).map((code) => [code, judge(code)])));
    """
    ran = subprocess.run(
        [find_node().path, "--expose-internals", "-e", script, "noderepl/service/worker.js"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    judged = [(code, verdict) for code, verdict in json.loads(ran.stdout) if verdict is not None]
    assert len(judged) > 50
    assert [code[-80:] for code, verdict in judged if is_incomplete(code) != verdict] == []


def test_pieces_name_what_they_are():
    """Keywords, strings, templates, numbers, calls, classes and comments are told apart."""
    line = Highlighter().pieces("const s = await fetch(`a${b.c(1)}`, {x: /re/g}) // end")(0)
    kinds = {text: kind for kind, text in line}
    expected = {
        "const": "keyword", "await": "keyword", "fetch": "function", "c": "function", "1": "number", "x": "property",
        "// end": "comment", "/re/g": "regexp",
    }  # fmt: skip
    assert {text: kinds[text] for text in expected} == expected


CODE = st.text(alphabet=st.sampled_from(list("ab1 {}()[]`'\"/*$\n\\.=>é😀\t;")), max_size=120)


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
