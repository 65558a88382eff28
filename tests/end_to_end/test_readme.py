"""The README's tour and its commands print what it says."""

import re
import subprocess
from pathlib import Path

from driving import Screen, command, environment

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()
TOUR, SCRIPTS = re.findall(r"^```console\n(.*?)^```", README, re.M | re.S)
VARYING = [
    (r"in \d+m?s", "in T"),
    (r" +(?:now|\d+ s ago)", "  now"),
    (r'"ms": \d+', '"ms": T'),
    (r"( +)\d+ B", r"\1N B"),
]


def normalised(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, stand_in in VARYING:
        text = re.sub(pattern, stand_in, text)
    return text.strip()


def test_the_tour_is_what_one_sees(home):
    """Each input of the tour, typed at a prompt, gives the screen that the README shows."""
    inputs = re.findall(r"^(?:> |\.\.\. +)(.*)$", TOUR, re.M)
    with Screen("--quiet", home=home, rows=70) as screen:
        screen.ready()
        for line in inputs:
            screen.enter_slowly(line)
            if not line.startswith(("function", "return")):
                screen.ready()
        shown = screen.text.rsplit("\n>", 1)[0]
    assert normalised(shown) == normalised(TOUR)


def test_the_commands_print_what_it_says(home):
    """Each command for scripts, run by a shell, prints what the README shows."""
    (home / "data.csv").write_text("tea,1\ncake,2"[:12])
    (home / "noderepl").write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
    (home / "noderepl").chmod(0o755)
    env = environment(home)
    shown = ""
    for line in re.findall(r"^\$ (.*)$", SCRIPTS, re.M):
        ran = subprocess.run(
            line, shell=True, cwd=home, env=env | {"PATH": f"{home}:{env['PATH']}"}, capture_output=True, text=True, check=True
        )  # fmt: skip
        shown += f"$ {line}\n{ran.stdout}{ran.stderr if 'upload' not in line else ''}"
        if "upload" in line:
            shown = shown.replace(ran.stdout, ran.stderr + ran.stdout)
    assert normalised(shown) == normalised(SCRIPTS)
