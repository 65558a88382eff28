"""Pastes and lines for npm at the prompt of a real terminal."""

from pathlib import Path

import pytest
from driving import Screen, run

TRANSCRIPT = """\
Welcome to Node.js v20.20.2.
Type ".help" for more information.
> const tea = { price: 3.5, sold: 12 }
undefined
> function revenue({ price, sold }) {
... \treturn price * sold
... }
undefined
> revenue(tea)
42
"""
CLEANED = r"^> const tea = .*\n\.\.\. function revenue.*\n\.\.\.     return price \* sold\n\.\.\. \}\n\.\.\. revenue\(tea\)$"
NOTE = "// prompts and output removed; F2 puts the original back"
# A package without a registry: a directory in the session.
PACKAGE = (
    "var fs = require('fs'); fs.mkdirSync('shop'); fs.writeFileSync('shop/index.js', 'module.exports = 42'); "
    'fs.writeFileSync("shop/package.json", \'{"name": "shop", "version": "1.0.0"}\')'
)


@pytest.fixture
def screen(home):
    """A prompt that is ready."""
    with Screen(home=home) as opened:
        opened.ready()
        yield opened


def history(home: Path) -> str:
    """The text of the history file."""
    return (home / ".local/state/noderepl/history").read_text()


def test_a_transcript_becomes_its_code(screen, home):
    """A pasted transcript is cleaned, a dim line says so, Enter runs it, and it is one entry of the history."""
    screen.paste(TRANSCRIPT)
    screen.until(rf"^{NOTE}\n{CLEANED}")
    assert (
        screen.cell("// prompts").fg == screen.cell("tea =").fg
        and not screen.cell("// prompts").bold
    )
    screen.key("enter")
    screen.until(r"^\.\.\. revenue\(tea\)\n42$")
    assert "// prompts and output removed\n> const" in screen.text
    assert history(home).count("\n# ") == 1 and "+\treturn price * sold\n" in history(home)


def test_a_byte_order_mark_goes(screen):
    """The mark that files of Windows begin with is not shown, and what stands behind it runs."""
    screen.paste("\ufeff#!/usr/bin/env node\n6 * 7")
    screen.until(r"^> #!/usr/bin/env node\n\.\.\. 6 \* 7$")
    screen.key("enter")
    screen.until(r"^42$")


def test_f2_puts_the_original_back(screen):
    """F2 gives the text as it was copied; undo goes between both and back to the empty line."""
    screen.paste(TRANSCRIPT)
    screen.until(CLEANED)
    screen.key("f2")
    screen.until(r"^> Welcome to Node\.js v20\.20\.2\.\n(.*\n)+\.\.\. 42$")
    assert "F2" not in screen.text
    screen.key("undo")
    screen.until(CLEANED)
    assert NOTE in screen.text
    screen.key("undo")
    screen.until(r"^> Welcome")
    screen.key("undo")
    screen.ready()


def test_f2_leaves_what_was_edited(screen):
    """Once the cleaned text is edited the line is gone and F2 does nothing."""
    screen.paste(TRANSCRIPT)
    screen.until(NOTE)
    screen.type(" + 0")
    screen.until(r"^\.\.\. revenue\(tea\) \+ 0$")
    assert "F2" not in screen.text
    screen.key("f2")
    screen.type(" + 1")
    screen.key("enter")
    screen.until(r"^\.\.\. revenue\(tea\) \+ 0 \+ 1\n43$")


def test_f2_in_vi_mode(home):
    """In vi's modes pastes are cleaned and F2 puts the original back as well."""
    with Screen("--editing-mode", "vi", home=home) as screen:
        screen.ready()
        screen.paste("> 6 * 7\n42")
        screen.until(r"^> 6 \* 7$")
        screen.key("escape")
        screen.until("vi-navigation")
        screen.key("f2")
        screen.until(r"^> > 6 \* 7\n\.\.\. 42$")


def test_a_paste_behind_other_text_is_left_as_it_is(screen):
    """At a prompt that is not empty nothing is cleaned; nor is the next input affected by the last."""
    screen.paste("> 6 * 7\n42")
    screen.until("^> 6")
    screen.key("ctrl-c")
    screen.type("x ")
    screen.paste("> 6 * 7\n")
    screen.until(r"^> x > 6 \* 7$")
    assert "F2" not in screen.text


def test_a_line_for_npm_runs_npm(screen):
    """`npm install` on a line of its own runs %npm."""
    screen.enter(PACKAGE)
    screen.until("^undefined$")
    screen.enter("npm install ./shop")
    screen.until("npm ended with exit code 0")
    screen.enter("require('shop')")
    screen.until("^42$")


def test_the_first_two_blocks_of_a_readme(screen, home):
    """Lines for npm and code in one paste: npm first, then the code as one snippet; one entry of the history."""
    screen.enter(PACKAGE)
    screen.until("^undefined$")
    screen.paste(
        "```sh\nnpm install -g ./shop\n```\n\n```js\nconst shop = require('shop')\nshop + 1\n```\n"
    )
    screen.until(
        r"^// Markdown fences removed; F2 .*\n> npm install -g \./shop\n\.\.\.\s*\n\.\.\. const shop"
    )
    assert screen.cell("npm install").fg == "cyan" and screen.cell("const shop").fg == "magenta"
    screen.key("enter")
    screen.until(r"^Without -g: (.*\n)+npm ended with exit code 0\.\n43$")
    assert history(home).count("\n# ") == 2


def test_code_below_a_failing_npm_stays(screen):
    """Where npm fails, the code below is not run and stands at the next prompt."""
    screen.paste("npm install ./nowhere\n\nvar ran = true\n'it ' + 'ran'")
    screen.until(r"^\.\.\. 'it ' \+ 'ran'$")
    screen.key("enter")
    screen.until(r"npm ended with exit code \d+(.*\n)+> var ran = true\n\.\.\. 'it ' \+ 'ran'$")
    assert "\n'it ran'" not in screen.text
    screen.key("enter")
    screen.until("^'it ran'$")


def test_enter_waits_for_the_code_below_npm(screen):
    """Whether Enter runs a text is asked of the code below the lines for npm."""
    screen.paste("npm ls\nMath.max(40,")
    screen.until(r"40,$")
    screen.enter("")
    screen.enter("42)")
    screen.until(r"npm ended with exit code 0\.\n42$")


def test_javascript_that_begins_with_npm_is_javascript(screen):
    """A name npm is a name."""
    for typed, shown in (
        ("var npm = 5", "undefined"),
        ("npm", "5"),
        ("npm + 1", "6"),
        ("npm ? 'a' : 'b'", "'a'"),
    ):
        screen.enter(typed)
        screen.until(rf"^> {typed.replace('+', '[+]').replace('?', '[?]')}\n{shown}$")


def test_tab_completes_npm_commands(screen):
    """Tab behind npm offers what it does behind %npm."""
    screen.type("npm inst")
    screen.key("tab")
    screen.until(r"^> npm install$")


def test_commands_for_scripts_take_lines_for_npm(home):
    """-c runs lines for npm and the code below; -e leaves them to the engine; a failure ends it with 1."""
    ran = run("-e", PACKAGE, "-c", "npm install ./shop\n\nrequire('shop')", home=home)
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (
        0,
        "42",
    ) and "exit code 0" in ran.stderr
    assert "SyntaxError" in run("-e", "npm install ./shop", home=home).stderr
    ran = run("-c", "npm install ./nowhere\n\n'it ' + 'ran'", home=home)
    assert ran.returncode == 1 and "it ran" not in ran.stdout


LONG = {
    "many lines": "const a = f(1, 'x'); // and more of this line\n" * 20_000,
    "one line": f"a = '{'x' * 900_000}' // ",
    "a transcript": "> const a = f(1)\nundefined\n" * 30_000 + "> ",
    "a README": "# Usage\n\nSome text\n\n```js\nf(1)\n```\n" * 20_000,
}


@pytest.mark.parametrize("kind", LONG)
def test_a_long_paste_does_not_hold_up_the_keys(screen, kind):
    """A paste of about a megabyte is shown, keys go on to be heard, and Ctrl-C takes it away."""
    screen.paste(f"{LONG[kind]}Ω")
    screen.until("Ω")
    # Some work for each key grows with the text, but no more than copying it does.
    assert min(screen.echo(letter) for letter in "QZQ") < 5
    screen.key("ctrl-c")
    screen.ready()


def test_a_transcript_of_many_lines_is_cleaned(screen):
    """What is too long to be cleaned at once is cleaned a little later."""
    screen.paste("> const a = f(1)\nundefined\n" * 2000 + "> Ω")
    screen.until(r"\A(?!(?s:.*)undefined)(?s:.*)prompts and output removed")


def test_of_a_long_line_the_part_around_the_cursor_is_shown(screen):
    """The end of a long line is shown while the cursor is there, and its beginning once it is there."""
    screen.paste(f"/*Ψ*/ a = '{'x' * 50_000}' /*Ω*/")
    # Each without the other, once all of the prompt is painted.
    screen.until(r"\A(?!(?s:.*)Ψ)(?s:.*)Ω")
    screen.key("ctrl-a")
    screen.until(r"\A(?!(?s:.*)Ω)(?s:.*)Ψ")
