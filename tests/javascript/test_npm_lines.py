"""Which lines are for npm, and what is left for the engine."""

from __future__ import annotations

import pytest

from noderepl.javascript.npm_lines import npm_lines


@pytest.mark.parametrize(
    ("text", "commands", "rest"),
    [
        ("npm install x y", ["install x y"], ""),
        ("npm install", ["install"], ""),
        ("  npm i x  ", ["i x"], ""),
        ("$ npm install x", ["install x"], ""),
        ("npm\u00a0install x –save", ["install x --save"], ""),
        ("npm add @a/b@^1.2 --save-dev", ["add '@a/b@^1.2' --save-dev"], ""),
        ("npm install 'x@>=1 <2'", ["install 'x@>=1 <2'"], ""),
        ("npm install -g x", ["install x"], ""),
        ("npm install x;", ["install x"], ""),
        ("npm install x # the best", ["install x"], ""),
        ("npm install x // or yarn add x", ["install x"], ""),
        ("npm install x // it's the best", ["install x"], ""),
        ("npm i x --registry=https://a.b//c", ["i x --registry=https://a.b//c"], ""),
        ("npm i user/x#branch", ["i 'user/x#branch'"], ""),
        ("npm i 'a # b' \"c // d\"", ["i 'a # b' 'c // d'"], ""),
        ("npm i x; npm i y;", ["i x", "i y"], ""),
        ("npm i x;npm i y&&yarn add z # all\nf()", ["i x", "i y", "install z"], "f()"),
        ("npm i 'x;y'", ["i 'x;y'"], ""),
        ("npm i x &&\nnpm i y", ["i x", "i y"], ""),
        ("sudo npm i x && sudo -H npm i y", ["i x", "i y"], ""),
        ("$ sudo -EH npm i -g x", ["i x"], ""),
        ("npm install \\\n  x \\\n  y\nf()", ["install x y"], "f()"),
        ("npm init -y && npm i x", ["init -y", "i x"], ""),
        ("npm i x\nnpm i y\n\nf()\nnpm.g()", ["i x", "i y"], "f()\nnpm.g()"),
        ("npm install x\n# or\nyarn add x\n# or\npnpm add x\n\nf()", ["install x"], "f()"),
        ("npm install x\n// or\nyarn add x\n\n// use it\nf()", ["install x"], "// use it\nf()"),
        ("\n\nnpm i x\n", ["i x"], ""),
        ("yarn add --dev x", ["install --save-dev x"], ""),
        ("yarn global add x", ["install x"], ""),
        ("pnpm i", ["install"], ""),
        ("pnpm add -D -w x", ["install -D x"], ""),
        ("bun add -d x", ["install --save-dev x"], ""),
        ("npm ls", ["ls"], ""),
        ("npm i x\n%files", ["i x"], "%files"),
    ],
)
def test_lines_for_npm_are_split_off(text: str, commands: list[str], rest: str) -> None:
    """Commands of npm, and of what does the same, at the beginning of a text are npm's."""
    found = npm_lines(text)
    assert (list(found.commands), found.rest) == (commands, rest)


@pytest.mark.parametrize(
    "text",
    [
        "npm",
        "npm ",
        "npm\n",
        "npm\ninstall",
        "npm\ninstall x",
        "npm = 5",
        "npm.load()",
        "npm in x",
        "npm instanceof Object",
        "npm - i",
        "npm\n  .install('x')",
        "npm`install x`",
        "npm: for (;;) break npm",
        "npm, install",
        "yarn",
        "bun.add(x)",
        "npm install x > log",
        "npm install x | tee",
        "npm install it's",
        "npm is fine",
        "npm install x && node x.js",
        "npm install x; console.log(1)",
        "npm install x; node x.js",
        "npm install x|tee",
        "npm install x >log",
        "npm install x 2>/dev/null",
        "npm install x 2>&1",
        "npm install <package>",
        "npm install x & npm install y",
        "npm install x || yarn add x",
        "npm install x (or yarn add x)",
        "npm install $(cat x)",
        "npm install `cat x`",
        "npm install x;; npm install y",
        "sudo",
        "sudo rm x",
        "sudo = npm",
        "f()\nnpm install x",
        "// npm\nnpm install x",
        "`\nnpm install x\n`",
        "",
        "\n",
    ],
)
def test_all_other_text_is_the_engines(text: str) -> None:
    """JavaScript that begins with npm, other lines of a shell and lines further below stay where they are."""
    found = npm_lines(text)
    assert (found.commands, found.count, found.rest) == ((), 0, text)
