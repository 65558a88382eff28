"""docs/tutorial.md: what its sessions type works on the stand-ins of Azure, and what they show comes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from driving import Screen, command

PAGE = (Path(__file__).resolve().parents[2] / "docs/tutorial.md").read_text()
LINES = [
    line
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.M | re.S)
    for line in block.splitlines()
]
SHELL = ("bash", "--norc", "--noprofile", "-i")


@pytest.mark.timeout(240)
def test_its_sessions_work(account, home):
    """Each line is typed at its prompt; each line of output comes behind it, with anything for `…`."""
    programs = home / "bin"
    programs.mkdir()
    (programs / "noderepl").write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
    (programs / "noderepl").chmod(0o755)
    environ = {**account.environ, "PATH": f"{programs}:{account.environ['PATH']}", "PS1": "$ "}
    with Screen(home=home, program=SHELL, columns=140, rows=50, **environ) as screen:
        screen.type(f"cd '{home}'; clear\n")
        for line in LINES:
            prompt, typed = line[:2], line[2:]
            if prompt in ("$ ", "> "):
                if prompt == "> ":
                    screen.ready()
                else:
                    screen.until(r"^\$\s*\Z")
                screen.enter(typed)
            elif line != "…":
                screen.until("^" + re.escape(line).replace("…", ".*"))
        screen.until(r"^\$\s*\Z")
        shown = screen.text
        screen.enter("exit")
        assert screen.ended() == 0
    assert "▀" in shown or "▄" in shown or "█" in shown
    assert (home / "chart.svg").read_text().startswith("<svg")
    assert not account.cloud.pools
