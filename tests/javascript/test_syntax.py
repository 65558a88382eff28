"""How the pieces of a text are told apart, and which names are Node's."""

import json
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from noderepl.javascript.completion_names import BUILTIN_MODULES, GLOBALS, NODE_ONLY_MODULES
from noderepl.javascript.highlight import Highlighter
from noderepl.service.node import find_node


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
