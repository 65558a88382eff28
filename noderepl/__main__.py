"""The way in: `python -m noderepl` and the `noderepl` command."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Runs the command line of this process. Returns its exit code."""
    _fill_streams()
    from noderepl.cli import run

    return run(sys.argv[1:])


def _fill_streams() -> None:
    """Puts /dev/null where the caller has closed a standard stream: another file would get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere != number:
                os.close(nowhere)
            setattr(sys, name, open(number, "r" if number == 0 else "w"))  # noqa: PTH123, SIM115  # for good


if __name__ == "__main__":
    sys.exit(main())
