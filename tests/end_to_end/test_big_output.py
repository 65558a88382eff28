"""Long output in a terminal: folded as it arrives, and shown whole in the pager."""

from __future__ import annotations

import re
from pathlib import Path

from driving import Screen


def test_a_flood_that_asks(home: Path) -> None:
    """The first screens and a live count are shown, then the question; the pager has all, after a resize too."""
    with Screen("--quiet", home=home, columns=60, rows=16, PAGER="sh -c 'cat > paged'") as screen:
        screen.ready()
        screen.enter(
            "const rl = require('readline/promises').createInterface(process.stdin, process.stdout);"
            " for (let i = 0; i < 50000; i++) console.log('flood', i);"
            " await new Promise(resolve => setTimeout(resolve, 3000));"
            " console.log('got', await rl.question('Which? ')); rl.close(); 40 + 2"
        )
        screen.until(r"^flood 31\n … 49,968 more lines · \S \d+ s")
        screen.resize(50, 16)
        screen.until(r"^… 49,96\d more lines · %page\n(flood \d+\n)+Which\?")
        screen.enter("this one")
        screen.until(r"^got this one\n42\n")
        screen.enter("%page 1")
        screen.until(r"^> %page 1\n>")
        paged = (home / "paged").read_text()
        assert paged.startswith("".join(f"flood {number}\n" for number in range(50000)))
        assert paged.endswith("got this one\n42\n")


def test_a_small_terminal(home: Path) -> None:
    """Of 10 rows and 30 columns, an output, a value and a progress bar are shown as on others."""
    with Screen("--quiet", home=home, columns=30, rows=10) as screen:
        screen.ready()
        screen.enter("for (let i = 0; i < 99; i++) console.log('漢'.repeat(20))")
        screen.until(r"^(漢+\n漢+\n){3}… 96 more lines · %page\n>")
        screen.enter("Array.from({ length: 99 }, String)")
        screen.until(r"^… \d+ more lines · %page\n>")
        screen.enter(
            "for (let i = 0; i <= 999; i++) process.stdout.write(`\\r${i} of 999`); console.log()"
        )
        screen.until(r"^999 of 999\n>")
        screen.enter("%table [{ a: 'x'.repeat(99), b: 1 }]")
        found = screen.until(r"^│ +0 │ (.*) │\n.*\n… 1 more column")
        assert re.fullmatch("'x+…", found[1])


def test_the_pager_has_the_screen(home: Path) -> None:
    """Nothing is painted over a pager, however soon it opens."""
    pager = "sh -c 'printf BEGIN; cat > paged; sleep 1; printf END'"
    with Screen("--quiet", home=home, PAGER=pager) as screen:
        screen.ready()
        screen.enter("40 + 2")
        screen.until("^42$")
        for _ in range(3):
            since = len(screen.raw)
            screen.enter("%page 1")
            screen.until(r"^BEGINEND\s*>")
            assert b"BEGINEND" in screen.raw[since:]
            screen.key("ctrl-l")
            screen.until(r"\A>\s*$")
