"""A small process that outlives this one by a moment: it ends a session's processes when this one is killed.

A sandbox ends with its parent by itself. Without one, Node notices a closed channel only when its snippet lets it.
"""

from __future__ import annotations

import os
import subprocess

# Its input comes to an end when this process does, however that ends.
# Who has left the group is known by the home.
_SCRIPT = """
read -r group && read -r home || exit
read -r _
kill -s KILL -- "-$group"
for place in /proc/[0-9]*; do
    if grep -qsxzF -- "HOME=$home" "$place/environ"; then
        kill -s KILL "${place#/proc/}"
    fi
done
"""


class Survivor:
    """Waits from now on; `guard()` tells it whom to end, `close()` sends it away. Raises OSError if it cannot start."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ("/bin/sh", "-c", _SCRIPT),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
            cwd="/",
            env={},
        )

    def guard(self, group: int, home: str) -> None:
        """End this process group, and all that has this home, once this process is no more."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"%d\n%s\n" % (group, os.fsencode(home)))

    def close(self) -> None:
        """End it without ending anybody; it must be gone before the group's number can be another's."""
        assert self._process.stdin is not None
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
