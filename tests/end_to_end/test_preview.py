"""The value of what is typed, below the input."""

from __future__ import annotations

from driving import Screen

DIM = b"\x1b[0;2m"
USERS = "const users = [{ name: 'x', wide: '日本語'.repeat(40) }]; 'made'"


def test_the_value_is_below_the_input(home):
    """Dim, until a key changes the input or Enter runs it; F3 turns it off and on; the menu covers it."""
    with Screen("--quiet", home=home) as screen:
        screen.ready()
        screen.enter(USERS)
        screen.until("^'made'$")
        screen.ready()
        screen.type("users[0].name")
        screen.until(r"^> users\[0\]\.name\n  'x'$")
        assert DIM + b"'x'" in screen.raw
        screen.type(".length")
        screen.until(r"^> users\[0\]\.name\.length\n  1$")
        screen.key("f3")
        screen.until(r"^> users\[0\]\.name\.length\n \S.* · ")
        screen.key("f3")
        screen.until(r"^> users\[0\]\.name\.length\n  1$")
        screen.key("enter")
        screen.until(r"^> users\[0\]\.name\.length\n1$")
        screen.ready()
        assert "  1" not in screen.text
        screen.type("users[0].")
        screen.key("tab")
        screen.until(r"^> users\[0\]\..*\n +name +string\(1\)")
        screen.key("ctrl-c")
        screen.ready()
        screen.type("users = 5, 1")
        screen.key("ctrl-c")
        screen.enter("users.length + _")
        screen.until("^2$")


def test_on_a_small_terminal(home):
    """The value is cut to the width, and the prompt stays in its row, also at the bottom of the screen."""
    with Screen("--quiet", home=home, columns=30, rows=10) as screen:
        screen.ready()
        screen.enter(USERS)
        screen.until("'made'")
        screen.ready()
        screen.enter("console.log('\\n'.repeat(9) + 'end')")
        screen.until("^end$")
        screen.ready()
        row = screen.row(">")
        screen.type("users[0].wide")
        screen.until(r"^> users\[0\]\.wide\n  '(日本語)+日?本?…$")
        assert screen.row("> users") == row
        screen.type(".le")
        screen.until(r"^> users\[0\]\.wide\.le\n\s*undefined$")
        screen.type("ngth")
        screen.until(r"^> users\[0\]\.wide\.length\n  120$")
        assert screen.row("> users") == row
        screen.key("enter")
        screen.until("^120$")
