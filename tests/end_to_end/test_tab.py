"""Tab on what is alive in the session."""

from __future__ import annotations

import re

import pytest
from driving import Screen

MAKES = (
    "const users = [{ name: 'x', age: 3, 'odd-key': 1, get danger() { globalThis.hurt = true } }], { aa: alpha } = { aa: 5 };"
    " class Zed { static makeOne() {} }; globalThis.added = 1; import { basename as baseName } from 'path'; 'made'"
)


@pytest.fixture
def explored(home):
    """A screen with variables in its session."""
    with Screen("--quiet", home=home) as screen:
        screen.ready()
        screen.enter(MAKES)
        screen.until("^'made'$")
        yield screen
        screen.key("ctrl-c")
        screen.enter("typeof hurt")
        screen.until("^'undefined'$")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("users[0].na", r"^> users\[0\]\.name$"),
        ("users[0].odd", r"^> users\[0\]\['odd-key'\]$"),
        ("users[0]?.odd", r"^> users\[0\]\?\.\['odd-key'\]$"),
        ("users[0]['od", r"^> users\[0\]\['odd-key'\]$"),
        ("f(users[0].na", r"^> f\(users\[0\]\.name$"),
        ("`${users[0].na", r"^> `\$\{users\[0\]\.name$"),
        ("alp", r"^> alpha$"),
        ("adde", r"^> added$"),
        ("baseN", r"^> baseName$"),
        ("Zed.mak", r"^> Zed\.makeOne$"),
        ("'a'.toU", r"^> 'a'\.toUpperCase$"),
        ("fs.promises.readF", r"^> fs\.promises\.readFile$"),
        ("new Date().getFull", r"^> new Date\(\)\.getFullYear$"),
        ("'users[0].na", r"^> 'users\[0\]\.na$"),
        ("// alp", r"^> // alp$"),
    ],
)
def test_what_is_alive(explored, typed, shown):
    """Names, members and keys are inserted; in strings and comments nothing is."""
    explored.type(typed)
    explored.key("tab")
    explored.until(shown)


def test_the_menu_shows_types(explored):
    """Own members first, each with its type; then those of the prototype. No getter runs."""
    explored.type("users[0].")
    explored.key("tab")
    explored.until(r"name +string\(1\)[^$]*age +number[^$]*odd-key +number[^$]*danger +accessor")
    explored.until(r"hasOwnProperty +function\(1\)")


def test_names_in_a_pattern(explored):
    """They are the members of the value behind it."""
    explored.type("const { } = users[0]")
    for _ in range(len("} = users[0]")):
        explored.key("left")
    explored.type("na")
    explored.key("tab")
    explored.until(r"^> const \{ name\} = users\[0\]$")


def test_installed_packages(explored):
    """They come with their version; a slash leads to the exports."""
    text = '{\\"version\\": \\"1.2.3\\", \\"exports\\": {\\"./sub\\": \\"./a.js\\"}}'
    explored.enter(
        "fs.mkdirSync('node_modules/zz-mine', { recursive: true });"
        f" fs.writeFileSync('node_modules/zz-mine/package.json', \"{text}\"); 'written'"
    )
    explored.until("^'written'$")
    explored.type("require('zz")
    explored.key("tab")
    explored.until(r"^> require\('zz-mine$")
    explored.type("/")
    explored.key("tab")
    explored.until(r"^> require\('zz-mine/sub$")
    explored.key("ctrl-c")
    for line in ("%npm uninst", "%reload zz-m"):
        explored.type(line)
        explored.key("tab")
        explored.until(r"^> %npm uninstall$" if "npm" in line else r"^> %reload zz-mine$")
        explored.type(" zz" if "npm" in line else "")
        explored.key("tab")
        explored.until(r"zz-mine$")
        explored.key("ctrl-c")


def test_tab_does_not_wait_for_a_busy_session(explored):
    """Behind an abandoned snippet, Tab offers what is known here, and keys are taken at once."""
    explored.enter("await new Promise((end) => setTimeout(end, 3000, 'ended'))")
    explored.until(r"setTimeout\(end")
    explored.key("ctrl-c")
    explored.key("ctrl-c")
    explored.ready()
    explored.type("structuredCl")
    explored.key("tab")
    explored.until(r"^> structuredClone$")
    assert re.search("^> structuredClone$", explored.text, re.M)
    explored.key("ctrl-c")
    explored.ready()


def test_tab_before_the_session_is_ready(home):
    """The answer comes when the session can give it; then files of directories, and exports."""
    with Screen("--quiet", home=home) as screen:
        screen.ready()
        screen.type("process.release.sourceU")
        screen.key("tab")
        screen.until(r"^> process\.release\.sourceUrl$")
        screen.key("ctrl-c")
        screen.enter("fs.mkdirSync('out'); fs.writeFileSync('out/deep.js', ''); 'made'")
        screen.until("^'made'$")
        screen.type("require('./ou")
        screen.key("tab")
        screen.until(r"^> require\('\./out/$")
        screen.type("de")
        screen.key("tab")
        screen.until(r"^> require\('\./out/deep\.js$")
        screen.key("ctrl-c")
        screen.type("const { readFileS } = require('fs')")
        for _ in range(len(" } = require('fs')")):
            screen.key("left")
        screen.key("tab")
        screen.until(r"^> const \{ readFileSync \} = require\('fs'\)$")
        screen.key("ctrl-c")
