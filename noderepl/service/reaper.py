"""A small process that ends a session's processes, or npm's, when this process is killed.

A sandbox ends with its parent. Without one, Node.js detects a closed channel only when its snippet
yields.
"""

from __future__ import annotations

import os
import subprocess

# Its input ends when this process ends, for any reason. Processes that have left the group are
# identified by a variable of their environment.
_SCRIPT = """
read -r group && read -r mark || exit
read -r _
kill -s KILL -- "-$group"
for place in /proc/[0-9]*; do
    if grep -qsxzF -- "$mark" "$place/environ"; then
        kill -s KILL "${place#/proc/}"
    fi
done
"""


class Reaper:
    """A reaper that waits from its construction on; `guard()` sets the processes to end, `close()`
    ends the reaper. Raises OSError if it cannot start.
    """

    def __init__(self) -> None:
        # Popen of Python before 3.11.4 loses a pipe of its own if it cannot open /dev/null.
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                ("/bin/sh", "-c", _SCRIPT),
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                env={},
            )
        except BaseException:
            os.close(self._writing)
            raise
        finally:
            os.close(reading)

    def guard(self, group: int, mark: str) -> None:
        """Ends this process group, and all processes with this mark, when this process has ended.

        mark: an environment variable with its value, as NAME=VALUE, of these processes alone.
        """
        os.write(self._writing, b"%d\n%s\n" % (group, os.fsencode(mark)))

    def close(self) -> None:
        """Ends the reaper without other effect; it must end before the group's number can be
        reused.
        """
        self._process.kill()
        self._process.wait()
        os.close(self._writing)
