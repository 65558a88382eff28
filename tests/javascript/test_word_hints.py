"""What lines that are not JavaScript are told, in a real session and by themselves."""

from __future__ import annotations

import pytest
from driving import run

from noderepl.javascript.word_hints import word_hint

NOT_DEFINED = "{} is not defined"
TOLD = [
    ("exit", "Ctrl-D or .exit"), ("quit", "Ctrl-D or .exit"), ("exit()", "Ctrl-D or .exit"), ("quit();", "Ctrl-D or .exit"),
    (":q", "Ctrl-D or .exit"), (".quit", ".exit leaves"), ("help", "%help"), ("help()", "%help"), ("clear", "%clear"), ("cls", "%clear"),
    ("ls", "%files"), ("!ls", "%files"), ("ls -la", "%sh ls -la"), ("npx x", "%sh npx x"), ("npm -v", "%npm -v"), ("npm", "%npm"),
    ("npm i x > /dev/null", "%sh npm i x > /dev/null"), ("cd d && npm i x", "%sh cd d && npm i x"), ("$ node x.js", "%sh node x.js"),
    ("curl -s https://example.com", "%sh curl -s"), ("git status", "%sh git status"), ("python", "%sh python"), ("pwd", "%sh pwd"),
    ('import "npm:ms"', "%npm install ms, then import \"ms\""), ("await import('npm:@a/b@2/x')", "%npm install @a/b@2"),
    ("return 5", "without `return`"), ("<script>", "HTML"), ("<div>a</div>", "HTML"), ("<!DOCTYPE html>", "HTML"),
    ("SELECT * FROM users", "SQL"), ("def f(x):", "Python"), ("import os", "Python"), ("print('x')", "console.log"),
    ("document.body", "browsers"), ("mkdir -p a/b", "%sh mkdir"), ("rm -rf x", "%sh rm"), ("echo hi", "%sh echo hi"),
]  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each line is told by a session."""
    home = tmp_path_factory.mktemp("home")
    return {line: run("-e", line, home=home).stderr for line, _ in TOLD[::6]}


def test_the_hint_comes_with_the_error(answers: dict[str, str]) -> None:
    """Below the error, one line tells what to type instead."""
    for line, told in TOLD[::6]:
        assert "Error" in answers[line] and told in answers[line].strip().splitlines()[-1]


@pytest.mark.parametrize(("line", "told"), TOLD)
def test_each_word_is_told(line: str, told: str) -> None:
    """With the error of its kind, each line has its hint."""
    errors = [
        ("SyntaxError", "x"),
        ("SyntaxError", "Illegal return statement"),
        ("Error", "Only URLs with a scheme in: file"),
    ]
    errors += [
        ("ReferenceError", NOT_DEFINED.format(word))
        for word in line.replace("(", " ").replace(".", " ").strip("!$:").split()
    ]
    assert any(told in (word_hint(line, *error) or "") for error in errors)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("foo(exit)", ("ReferenceError", "foo is not defined")),
        ("date - start", ("ReferenceError", "date is not defined")),
        ("history.push(1)", ("ReferenceError", "history is not defined")),
        ("ls.map(f)", ("ReferenceError", "ls is not defined")),
        ("q.push(1)", ("ReferenceError", "q is not defined")),
        ("cat in x", ("ReferenceError", "cat is not defined")),
        ("find(x", ("SyntaxError", "missing )")),
        ("var s = 'don't'", ("SyntaxError", "Unexpected identifier 't'")),
        ("a < b c", ("SyntaxError", "Unexpected identifier 'c'")),
        ("exit", ("TypeError", "exit is not defined")),
        ("if (a) {:", ("SyntaxError", "Unexpected token ':'")),
    ],
)
def test_code_is_told_nothing(text: str, error: tuple[str, str]) -> None:
    """JavaScript that fails for another reason has no such hint."""
    assert word_hint(text, *error) is None
