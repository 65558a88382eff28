"""docs/azure.md: its commands work on the stand-ins, and its table has setup's flags."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from driving import command, environment

from noderepl.commands.setup import _ARGUMENTS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/azure.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.M | re.S)
# What asks, or opens a prompt, is tested in a terminal.
ELSEWHERE = {"az login", "noderepl setup", "noderepl --profile noderepl"}


@pytest.mark.timeout(180)
def test_its_commands_work(account, home):
    """Each line of a block, in order, ends with 0; the pool is there in between and gone at the end."""
    (home / "bin").mkdir()
    (home / "bin/noderepl").write_text(f'#!/bin/sh\nexec {" ".join(command())} "$@"\n')
    (home / "bin/noderepl").chmod(0o755)
    env = environment(home, **account.environ)
    env["PATH"] = f"{home / 'bin'}:{env['PATH']}"
    lines = [line for block in BLOCKS for line in block.splitlines() if line not in ELSEWHERE]
    printed = {}
    for line in lines:
        ran = subprocess.run(line, shell=True, cwd=home, env=env, capture_output=True, text=True, check=False)  # fmt: skip
        assert ran.returncode == 0, (line, ran.stderr)
        printed[line] = ran.stdout
    assert printed["noderepl --profile demo -p '6 * 7'"] == "42\n"
    assert "demo" in printed["noderepl pools"] and not account.cloud.pools


def test_its_table_has_all_flags():
    """The flags of setup are those of the table."""
    listed = re.findall(r"^\| `(--[\w-]+)", PAGE, re.M)
    assert sorted(listed) == sorted([*(flag for flag, *_ in _ARGUMENTS), "--pool", "--yes"])
