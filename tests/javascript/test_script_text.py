"""The program that a session's steps become, and that Node.js runs it to the same end."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from noderepl.errors import UsageError
from noderepl.javascript.script_parts import Step
from noderepl.javascript.script_text import Script, script


def steps(*texts: str) -> list[Step]:
    """Steps as a session numbers them; those with a value are marked by `= `, magics by `%`."""
    return [
        Step(text, is_magic=True)
        if text.startswith("%")
        else Step(text.removeprefix("= "), number, text.startswith("= "))
        for number, text in enumerate(texts, 1)
    ]


def made(*texts: str) -> Script:
    """The program of these steps."""
    return script(steps(*texts), typescript="auto")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("const a = 1", "console.log(a)"), "const a = 1\nconsole.log(a)\n"),
        (("%npm install ms", "let a"), "// %npm install ms\nlet a\n"),
        # Imports come first, each once.
        (("f()", "import a from 'a'", "import a from 'a'"), "import a from 'a';\nf()\n"),
        (
            ("import { type T, u } from 'm'\nlet t: T",),
            "import { type T, u } from 'm';\nlet t: T\n",
        ),
        (
            ("import * as a from 'm'", "import b, * as a from 'm'"),
            "import * as a from 'm';\nimport b from 'm';\n",
        ),
        # What nothing uses before it is declared again is left out.
        (("function f() { return f }", "function f() {}", "f()"), "function f() {}\nf()\n"),
        (("const f = () => 1", "const f = () => 2"), "const f = () => 2\n"),
        (("class A { a() {} }", "class A {}"), "class A {}\n"),
        # Other declarations become assignments.
        (("const f = g()", "const f = () => 2"), "let f;\nf = g()\nf = () => 2\n"),
        (("let a = 1", "let a"), "let a;\na = 1\na = undefined\n"),
        (("let {a, b} = o", "let a = 2, c"), "let a, b, c;\n({a, b} = o)\na = 2, c = undefined\n"),
        (("f()\nlet [a] = o", "let a = 1"), "let a;\nf()\n;[a] = o\na = 1\n"),
        (("let a = 1", "for (var a of o) {}"), "let a;\na = 1\nfor (a of o) {}\n"),
        (("var a = 1", "var a"), "var a = 1\nvar a\n"),
        (
            ("f()\nfunction f() { return 1 }", "async function f() {}"),
            "let f;\nf = function () { return 1 };\nf()\nf = async function () {};\n",
        ),
        (
            ("class A {}", "new A", "class A {}"),
            "let A;\nA = class A {};\nnew A\nA = class A {};\n",
        ),
        (
            ("import {a} from 'm'", "let a = 1"),
            "import { a as a_1 } from 'm';\nlet a;\na = a_1;\na = 1\n",
        ),
        (("let a: number = 1", "g(a)", "let a = ''"), "let a;\na = 1\ng(a)\na = ''\n"),
        # The prompt accepts assignments without a declaration.
        (("x = 1", "let x = 2"), "let x;\nx = 1\nx = 2\n"),
        (("let f = () => y = 1",), "let f = () => y = 1\n"),
        (("await 0", "y = 1"), "let y;\nawait 0\ny = 1\n"),
        # Values that are used get names; names of inner scopes are others.
        (("= 1 + 1", "= f(_1, _)"), "const _1 = 1 + 1\nf(_1, _1)\n"),
        (("= a, b", "c", "[_ => _, {_}]"), "const _1 = (a, b)\nc\n;[_ => _, {_: _1}]\n"),
        (("= {a: 1}", "_.a"), "const _1 = ({a: 1})\n_1.a\n"),
        (("= 1", "const _ = require('m')", "_.a"), "1\nconst _ = require('m')\n_.a\n"),
        (("= export default 1", "_"), "const _1 = (1)\n_1\n"),
        # `export` is not part of it, as at the prompt.
        (("export const a = 1\nexport {a}",), "const a = 1\n"),
        # What the prompt has as variables.
        (("fs.a, require('os')",), "const fs = require(\"node:fs\");\nfs.a, require('os')\n"),
        (("await fs.a",), 'import fs from "node:fs";\nawait fs.a\n'),
        (("this.a", "() => this"), "globalThis.a\n;() => globalThis\n"),
        (("f(function () { this.a })",), "f(function () { this.a })\n"),
    ],
)
def test_script(texts: tuple[str, ...], expected: str) -> None:
    """Steps become this program."""
    assert made(*texts).text == expected


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (("= if (a) 1", "_1"), "snippet 1 ends with a statement"),
        (("_error.message",), "snippet 1 uses _error"),
    ],
)
def test_refused(texts: tuple[str, ...], sentence: str) -> None:
    """A value that a program cannot name is refused."""
    with pytest.raises(UsageError, match=sentence):
        made(*texts)


def test_kinds() -> None:
    """Whether a program is a module, is TypeScript, and is more than types."""
    one = made("let a: number = 1", "enum E { A }")
    assert (one.is_module, one.is_typescript, one.needs_transform) == (False, True, True)
    assert made("f(async () => { await 1 })").is_module is False
    assert made("for await (const a of b) {}").is_module is True
    assert made("$$.png(a)").needs_session and not one.needs_session
    one = made("import type {T} from 'm'", "import { type U, b } from 'm'\nlet a: T = b")
    assert one.javascript.splitlines() == ["", "import { b } from 'm';", "let a    = b"]


SESSION = (
    "import {join} from 'path'",
    "let n = 1; function next() { return n++ }",
    "= next()",
    "function next() { return n += 10 }",
    "= next() + _",
    "const {n, m = 2} = {n: _3}",
    "let join = _5",
    "class A { static made = 0; constructor() { A.made++ } }",
    "new A()\nA = 1",
    "class A { static made = 5; self() { return A.made } }",
    "= [_, _3, _5].map(_ => _ + 1)",
    "total = 0; for (var n of _11) total += n",
    "console.log(n, m, join, total, new A().self(), _11, typeof os.EOL)",
)


def test_node_runs_it(node_on_path: Path, tmp_path: Path) -> None:
    """A program of redeclarations and results prints what the session printed."""
    file = tmp_path / "session.mjs"
    file.write_text(made(*SESSION).text)
    ran = subprocess.run([node_on_path, file], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("14 2 13 30 5 [ 14, 2, 14 ] string\n", "")
