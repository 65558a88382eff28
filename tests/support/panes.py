"""Terminals of tmux, in which noderepl runs as on a person's screen."""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from driving import SECONDS, command, environment, wait_for


class Pane:
    """One tmux server with one window."""

    def __init__(self, tmux: str, home: Path, **env: str) -> None:
        self._line = [tmux, "-S", str(home / "tmux.socket"), "-f", "/dev/null"]
        self._env = environment(home, **env)

    def tmux(self, *words: str) -> str:
        """Runs one tmux command. Returns what it prints."""
        return subprocess.run(
            [*self._line, *words], env=self._env, capture_output=True, text=True, check=True
        ).stdout

    def enter(self, line: str, pause: float = 0.0) -> None:
        """Types a line and presses Enter. pause: seconds between both; at once, they are a burst."""
        self.tmux(
            "send-keys", "-l", re.sub(";$", r"\;", line)
        )  # tmux takes one at the end for its own
        time.sleep(pause)
        self.tmux("send-keys", "Enter")

    def shows(self, pattern: str, seconds: float = SECONDS) -> bool:
        """Waits for a regular expression on the screen."""
        return wait_for(lambda: re.search(pattern, self.text(), re.M), seconds)

    def see(self, pattern: str) -> str:
        """Waits for a regular expression on the screen. Returns the screen that has it."""
        screens = [""]

        def is_there() -> bool:
            screens.append(self.text())
            return re.search(pattern, screens[-1], re.M) is not None

        assert wait_for(is_there), f"{pattern!r} did not come; the screen shows:\n{screens[-1]}"
        return screens[-1]

    def text(self) -> str:
        """The screen."""
        return self.tmux("capture-pane", "-p")


@contextmanager
def opened_pane(
    tmux: str, home: Path, *arguments: str, columns: int = 80, rows: int = 24, **env: str
) -> Iterator[Pane]:
    """A pane in which noderepl runs."""
    pane = Pane(tmux, home, **env)
    try:
        pane.tmux(
            "new-session",
            "-d",
            "-x",
            str(columns),
            "-y",
            str(rows),
            shlex.join(command(*arguments)),
        )
        yield pane
    finally:
        subprocess.run(
            [*pane._line, "kill-server"], env=pane._env, check=False, capture_output=True
        )
