"""Programs that run once to show whether they work, such as bubblewrap or a version manager's shim.

Their time and their output are bounded, and none outlives noderepl.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from functools import cache
from typing import IO, Any, Literal

from noderepl.signals import before_end

_MOST_OUTPUT = 1 << 16
# The seconds after which the program is looked at.
_LOOK = 0.05
_running: set[Trial] = set()


class Trial:
    """A program that starts in a process group of its own.

    line: the command. stream: the one that finish() reads; the other is ignored. seconds: the
    maximum time until its end. options: as for subprocess.Popen. Raises OSError.
    """

    def __init__(
        self,
        line: Sequence[str],
        *,
        stream: Literal["stdout", "stderr"],
        seconds: float,
        **options: Any,
    ) -> None:
        _prepare_end()
        streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        streams[stream] = subprocess.PIPE
        self._line, self._seconds = line, seconds
        self._end = time.monotonic() + seconds
        self._process = subprocess.Popen(line, start_new_session=True, **streams, **options)
        _running.add(self)
        self._output: IO[bytes] = getattr(self._process, stream)

    def finish(self) -> tuple[int, bytes]:
        """Waits for the end of the program, but not of what it has started, and ends its whole
        group. Returns its exit code, and what it wrote. Raises TimeoutExpired, and ValueError if it
        writes more than 64 KiB.
        """
        try:
            output = b""
            while len(output) <= _MOST_OUTPUT:
                if time.monotonic() >= self._end:
                    raise subprocess.TimeoutExpired(self._line, self._seconds)
                code = self._process.poll()
                if select.select([self._output], [], [], 0 if code is not None else _LOOK)[0]:
                    part = os.read(self._output.fileno(), _MOST_OUTPUT)
                    if not part:
                        return self._process.wait(max(self._end - time.monotonic(), 0)), output
                    output += part
                elif code is not None:  # another process has the stream
                    return code, output
            raise ValueError("it writes too much")
        finally:
            self.kill()
            self._output.close()
            self._process.wait()
            _running.discard(self)

    def kill(self) -> None:
        """Kills the program with its group."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


@cache
def _prepare_end() -> None:
    before_end(end_trials)


def end_trials() -> None:
    """Kills all programs whose end has not been awaited: one that hangs must not delay the end."""
    for trial in tuple(_running):
        trial.kill()
