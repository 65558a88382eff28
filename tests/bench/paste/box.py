"""Where the systems beside noderepl run: a box that README code can neither leave nor reach a network from.

READMEs show how to delete directories, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

ENVIRONMENT = {
    "HOME": "/tmp",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TERM": "xterm",
    "NO_COLOR": "1",
    "NODE_REPL_HISTORY": "",
    "DENO_DIR": "/tmp/deno",
    "DENO_NO_UPDATE_CHECK": "1",
}


def boxed(directory: Path, readable: Sequence[Path], line: Sequence[str]) -> list[str]:
    """The command that runs `line` in a box; it needs ENVIRONMENT.

    directory: what is /mnt/data there, and the only place but /tmp that can be written. readable: what must be there
    although it may be below the machine's /tmp or /mnt, which are others there.
    """
    words = [
        "bwrap",
        "--die-with-parent",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--ro-bind",
        "/",
        "/",
    ]
    words += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/mnt"]
    for path in readable:
        words += ["--ro-bind", str(path), str(path)]
    words += ["--bind", str(directory), "/mnt/data", "--chdir", "/mnt/data"]
    # The terminal's Ctrl-C is ignored by the box itself, and this is inherited.
    return [*words, "env", "--default-signal=INT", *line]
