"""noderepl on a served pool, as a script and as a prompt, and what it writes down of its sessions."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from driving import Screen, run
from serving import Served


def script(pool: Served, home: Path, *arguments: str):
    """Runs a script on the pool."""
    return run(*pool.options, *arguments, home=home, **pool.environ)


def prompt(pool: Served, home: Path, *arguments: str) -> Screen:
    """A prompt on the pool."""
    return Screen(*pool.options, *arguments, home=home, **pool.environ)


def kept(home: Path) -> list[Path]:
    """The files of the sessions that can be resumed."""
    return sorted((home / ".local/state/noderepl/sessions").glob("*"))


def killed_after(line: str, pattern: str, pool: Served, home: Path) -> None:
    """A prompt on the pool in which a line shows a pattern, and which kill -9 ends then."""
    with prompt(pool, home) as screen:
        screen.ready()
        screen.enter(line)
        screen.until(pattern)
        os.kill(screen.pid, signal.SIGKILL)
        screen.ended()
