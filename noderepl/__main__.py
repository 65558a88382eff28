"""The way in: `python -m noderepl` and the `noderepl` command."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line of this process. Returns its exit code."""
    from noderepl.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
