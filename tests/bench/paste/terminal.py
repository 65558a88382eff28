"""A program in a pseudo-terminal of its own, asked by keys and read as text."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")
# Wide, so that no message is broken over lines.
_ROWS, _COLUMNS = 200, 2000


class Terminal:
    """Starts a program. line: its command. environ: its environment."""

    def __init__(self, line: Sequence[str], environ: Mapping[str, str]) -> None:
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            # Ctrl-C is for the program in the box, which sets this back, and not for the box.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            os.execvpe(line[0], list(line), dict(environ))
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self._ended = False

    def write(self, text: str) -> None:
        """Presses keys; what the program writes meanwhile is kept for until()."""
        data = text.encode()
        while data and not self._ended:
            ready = select.select([self._file], [self._file], [], 10)
            if ready[0]:
                self._read()
            elif ready[1]:
                data = data[os.write(self._file, data[:512]) :]
            else:
                return

    def until(self, there: Callable[[str], bool], seconds: float) -> str | None:
        """What the program has written since the last call, without escapes, once `there` says so; None if not in time."""
        end = time.monotonic() + seconds
        while not there(text := self.seen()):
            if self._ended or time.monotonic() > end:
                return None
            if select.select([self._file], [], [], 0.05)[0]:
                self._read()
        self._unread = b""
        return text

    def seen(self) -> str:
        """What the program has written since until() last returned a text, without escapes."""
        return _ESCAPE.sub("", self._unread.decode("utf-8", "replace"))

    def is_quiet(self, seconds: float = 0.05) -> bool:
        """Whether nothing comes for a moment."""
        return not select.select([self._file], [], [], seconds)[0]

    def close(self) -> None:
        """Ends the program."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self._file)

    _unread = b""

    def _read(self) -> None:
        try:
            data = os.read(self._file, 65536)
        except OSError:
            data = b""
        self._ended = not data
        self._unread += data
        for _ in range(data.count(b"\x1b[6n")):
            os.write(self._file, b"\x1b[1;1R")
