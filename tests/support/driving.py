"""Drives noderepl as people and scripts do: in a real pty with a screen, or as a process with pipes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pyte

from noderepl.service.bubblewrap import bubblewrap_works

KEYS = {f"ctrl-{letter}": chr(ord(letter) & 31) for letter in "acdeklruxz"} | {
    "enter": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "alt-enter": "\x1b\r",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "left": "\x1b[D",
    "right": "\x1b[C",
    "backspace": "\x7f",
    "undo": "\x1f",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
}
SECONDS = 30.0
# Before a test changes what is found.
HAS_SANDBOX = bubblewrap_works()


def command(*arguments: str) -> list[str]:
    """The command line of this noderepl."""
    return [sys.executable, "-m", "noderepl", *arguments]


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment with a home of its own and no configuration of the caller's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NODEREPL_", "XDG_"))
        and name not in ("NO_COLOR", "FORCE_COLOR", "TERM")
    }
    # A line about a sandbox that is missing would be on every screen.
    kept |= {} if HAS_SANDBOX else {"NODEREPL_SANDBOX": "off"}
    return (
        kept | {"HOME": str(home), "TERM": "xterm-256color", "PYTHONPATH": str(Path.cwd())} | more
    )


def run(
    *arguments: str, home: Path, stdin: bytes = b"", cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """Runs noderepl off a terminal. Returns what it printed and its exit code."""
    ran = subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        env=environment(home, **env),
        cwd=cwd,
        timeout=90,
        check=False,
    )
    return subprocess.CompletedProcess(
        ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode()
    )


# An empty prompt that is the last line above the toolbar.
EMPTY_PROMPT = r"^>\s*\n(\s*\n)*\s*\S[^\n]* · [^\n]*\Z"


class Screen:
    """A noderepl in a pty, and what a person would see of it.

    answers: whether the terminal answers the question of its cursor's place. background: the answer to the question of its
    background's colour, empty for none.
    """

    answers = True
    background = b""

    def __init__(
        self,
        *arguments: str,
        home: Path,
        columns: int = 100,
        rows: int = 40,
        cwd: Path | None = None,
        program: Sequence[str] = (),
        **env: str,
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._text: str | None = None
        self.raw = b""
        self.status: int | None = None
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            os.chdir(cwd or home)
            line = program or command(*arguments)
            os.execvpe(line[0], line, environment(home, **env))
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        if self.status is None:
            os.kill(self.pid, signal.SIGHUP)
            self.ended()
        os.close(self._file)

    @property
    def text(self) -> str:
        """The screen's lines, without blanks at their ends; pyte takes milliseconds for them."""
        if self._text is None:
            self._text = "\n".join(line.rstrip() for line in self._screen.display).rstrip()
        return self._text

    def cell(self, needle: str) -> pyte.screens.Char:
        """The first cell of the last place where `needle` stands on the screen."""
        for row in reversed(range(self._screen.lines)):
            column = self._screen.display[row].rfind(needle)
            if column >= 0:
                return self._screen.buffer[row][column]
        raise AssertionError(f"{needle!r} is not on the screen:\n{self.text}")

    def row(self, start: str) -> int:
        """The last row whose text begins so."""
        return max(row for row, text in enumerate(self.text.split("\n")) if text.startswith(start))

    @property
    def screen(self) -> pyte.Screen:
        """The terminal's screen."""
        return self._screen

    @property
    def file(self) -> int:
        """The descriptor of the terminal's other side."""
        return self._file

    def feed(self, data: bytes) -> None:
        """Takes what the program wrote: shows it, and answers the questions in it."""
        self.raw += data
        if self.background and b"\x1b]11;?" in data:
            os.write(self._file, self.background)
        before, *asked = data.split(b"\x1b[6n")
        self._feed(before)
        for after in asked:
            row, column = self._screen.cursor.y + 1, self._screen.cursor.x + 1
            if self.answers:
                os.write(self._file, f"\x1b[{row};{column}R".encode())
            self._feed(after)

    def type(self, text: str) -> None:
        """Types text, key by key as far as the program can tell."""
        os.write(self._file, text.encode())

    def key(self, *names: str) -> None:
        """Presses keys by name."""
        for name in names:
            os.write(self._file, KEYS[name].encode())

    def paste(self, text: str) -> None:
        """Pastes text as a terminal with bracketed paste does, and waits as a person does until it is there."""
        seen, end = len(self.raw), time.monotonic() + 3
        data = memoryview(b"\x1b[200~" + text.replace("\n", "\r").encode() + b"\x1b[201~")
        while data:
            self.pump(0)
            data = data[os.write(self._file, data[:512]) :]
        while len(self.raw) == seen and time.monotonic() < end:
            self.pump(0.05)
        while select.select([self._file], [], [], 0.2)[0] and self.pump(0):
            pass

    def enter(self, text: str) -> None:
        """Types a line and presses Enter."""
        self.type(text)
        self.key("enter")

    def enter_slowly(self, *lines: str) -> None:
        """Types lines as a person does: Enter comes later than what is before it."""
        for line in lines:
            for text in (line, "\r") if line else ("\r",):
                seen, end = len(self.raw), time.monotonic() + SECONDS
                self.type(text)
                while len(self.raw) == seen and time.monotonic() < end:
                    self.pump(0.05)
                while select.select([self._file], [], [], 0.1)[0] and self.pump(0):
                    pass

    def echo(self, letter: str) -> float:
        """Types a letter once the program is quiet. Returns the seconds until it comes back."""
        while select.select([self._file], [], [], 0.1)[0]:
            self.pump(0)
        began = time.perf_counter()
        self.type(letter)
        data = b""
        while letter.encode() not in data:
            data += os.read(self._file, 65536)
        took = time.perf_counter() - began
        self._feed(data)
        return took

    def until(self, pattern: str, seconds: float = SECONDS) -> re.Match[str]:
        """Waits until a regular expression (multi-line) is found on the screen. Returns the match."""
        end = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text, re.M)):
            if not self.pump(0.05) and self.status is None:
                self.ended()
            if time.monotonic() > end or self.status is not None:
                raise AssertionError(f"{pattern!r} did not come; the screen shows:\n{self.text}")
        return found

    def until_sent(self, data: bytes, seconds: float = SECONDS) -> None:
        """Waits until the program has sent these bytes, which need not be on the screen any more."""
        end = time.monotonic() + seconds
        while data not in self.raw:
            assert time.monotonic() < end, f"{data!r} did not come; the screen shows:\n{self.text}"
            if not self.pump(0.05) and self.status is None:
                self.ended()

    def ready(self) -> None:
        """Waits until the program is quiet and an empty prompt is the last line above the toolbar."""
        while select.select([self._file], [], [], 0.2)[0] and self.pump(0):
            pass
        self.until(EMPTY_PROMPT)

    def resize(self, columns: int, rows: int) -> None:
        """Gives the terminal another size, which the program is told."""
        self._screen.resize(rows, columns)
        self._text = None
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Closes the terminal, as a window that is closed does."""
        os.close(self._file)
        self._file = os.open(os.devnull, os.O_RDWR)

    def ended(self, seconds: float = SECONDS) -> int:
        """Waits until the program has ended. Returns its exit code, or minus the signal that ended it."""
        end = time.monotonic() + seconds
        while self.status is None:
            self.pump(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                # What it wrote last.
                while select.select([self._file], [], [], 0)[0] and self.pump(0):
                    pass
            elif time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.status = -signal.SIGKILL
                raise AssertionError(f"the program did not end; the screen shows:\n{self.text}")
        return self.status

    def pump(self, seconds: float) -> bool:
        """Takes what the program wrote; False once it has closed its terminal."""
        if not select.select([self._file], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._file, 65536)
        except OSError:
            return False
        self.feed(data)
        return bool(data)

    def _feed(self, data: bytes) -> None:
        """Shows bytes on the screen."""
        self._text = None
        self._stream.feed(data)


def wait_for(condition: object, seconds: float = SECONDS) -> bool:
    """Waits until a condition (a callable) holds. Returns whether it did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return True
        time.sleep(0.02)
    return False


def descendants(pid: int) -> Sequence[int]:
    """The processes below one, as /proc tells."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(
                    (entry / "stat").read_text().rpartition(")")[2].split()[1]
                )
            except (OSError, IndexError):
                continue
    found, heap = [], [pid]
    while heap:
        parent = heap.pop()
        children = [child for child, its in parents.items() if its == parent]
        found += children
        heap += children
    return found
