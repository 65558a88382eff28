"""The way in: `python -m noderepl` and the `noderepl` command."""

from __future__ import annotations

import io
import os
import sys


def main() -> int:
    """Runs the command line of this process. Returns its exit code."""
    _fill_streams()
    _buffer_streams()
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


def _buffer_streams() -> None:
    """Puts back the buffers that PYTHONUNBUFFERED takes: without, what a signal cuts off from a write would be lost."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream.buffer, io.RawIOBase):
            encoding, errors = stream.encoding, stream.errors
            buffer = io.BufferedWriter(stream.detach())
            setattr(sys, name, io.TextIOWrapper(buffer, encoding=encoding, errors=errors, line_buffering=True))


if __name__ == "__main__":
    sys.exit(main())
