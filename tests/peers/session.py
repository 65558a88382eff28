"""Plays the keys of a check in a new process in a pty, and says whether the screen shows what it must."""

from __future__ import annotations

import re
import select
import time
from collections.abc import Sequence
from pathlib import Path

from driving import Screen

from tests.peers.features import Check

KEYS = {
    "⏎": "\r",
    "⇥": "\t",
    "↑": "\x1b[A",
    "↓": "\x1b[B",
    "←": "\x1b[D",
    "→": "\x1b[C",
    "⎋": "\x1b",
    "⌃c": "\x03",
    "⌃d": "\x04",
    "⌃r": "\x12",
    "⌃l": "\x0c",
    "⌃o": "\x0f",
    "⌥⏎": "\x1b\r",
    "Ⓕ2": "\x1bOQ",
    "Ⓕ3": "\x1bOR",
    "Ⓕ4": "\x1bOS",
}
# A key, a paste between ⟦ and ⟧, a wait of seconds between ⟨ and ⟩, or text.
_TOKEN = re.compile("⌃[a-z]|⌥⏎|Ⓕ[0-9]|[⏎⇥↑↓←→⎋]|⟦[^⟧]*⟧|⟨[0-9.]+⟩|[^⌃⌥Ⓕ⏎⇥↑↓←→⎋⟦⟨]+", re.S)
COLUMNS, ROWS = 100, 40


def shows(
    check: Check, program: Sequence[str], prompt: str, home: Path, seconds: float, **env: str
) -> bool:
    """Returns whether the program's screen shows what the check asks for.

    prompt: a regular expression for its prompt. seconds: the limit of the first prompt, and of what
    the check waits for, which a missing feature takes whole.
    """
    with Screen(home=home, cwd=home, program=program, columns=COLUMNS, rows=ROWS, **env) as screen:
        screen.until(prompt, 30)
        for token in _TOKEN.findall(check.keys):
            _press(screen, token)
        return _seen(screen, check, seconds)


def _press(screen: Screen, token: str) -> None:
    if token[0] == "⟨":
        _settle(screen, quiet=float(token[1:-1]), most=float(token[1:-1]) + 5)
    elif token[0] == "⟦":
        screen.paste(token[1:-1])
        _settle(screen)
    else:
        screen.type(KEYS.get(token, token))
        _settle(screen, quiet=0.35 if token in KEYS else 0.1)


def _settle(screen: Screen, quiet: float = 0.35, most: float = 4) -> None:
    """Waits until the program writes nothing for some seconds."""
    end = time.monotonic() + most
    while time.monotonic() < end and select.select([screen.file], [], [], quiet)[0]:
        if not screen.pump(0):
            return


def _seen(screen: Screen, check: Check, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not re.search(check.see, screen.text, re.M):
        if time.monotonic() > end or not screen.pump(0.1):
            return False
    return check.hide is None or not re.search(check.hide, screen.text, re.M)
