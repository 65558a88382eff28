"""The entry point of `python -m noderepl` and of the `noderepl` command."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # typeshed has no stub of it
import atexit
import io
import os
import sys

# This runs before every import that takes time, the module signal included: until then a Ctrl-C
# prints a traceback.
if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, lambda number, _: os._exit(128 + number))

from typing import NoReturn  # as above

from noderepl import light_imports  # noqa: F401  # before every other import
from noderepl.signals import end_at_once, ignore  # as above


def command() -> NoReturn:
    """Runs the command line of this process, and ends the process with its exit code."""
    code = main()
    atexit._run_exitfuncs()
    # Python would also free all objects one by one, which takes a tenth of a short run.
    os._exit(code)


def main() -> int:
    """Runs the command line of this process. Returns its exit code."""
    end_at_once()
    _fill_streams()
    _buffer_streams()
    from noderepl.cli import finish, run

    code = finish(run(sys.argv[1:]))
    # The clean-up is complete: a signal from here on must not change the exit code.
    ignore()
    return code


def _fill_streams() -> None:
    """Opens /dev/null in place of each standard stream that the caller has closed: otherwise
    another file would get its number.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere != number:
                os.close(nowhere)
            # Not closed: it is the standard stream from here on.
            setattr(sys, name, open(number, "r" if number == 0 else "w"))  # noqa: PTH123, SIM115


def _buffer_streams() -> None:
    """Restores the buffers that PYTHONUNBUFFERED removes: without them, a signal during a write
    would lose the rest of the text.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream.buffer, io.RawIOBase):
            encoding, errors = stream.encoding, stream.errors
            buffer = io.BufferedWriter(stream.detach())
            setattr(
                sys,
                name,
                io.TextIOWrapper(buffer, encoding=encoding, errors=errors, line_buffering=True),
            )


if __name__ == "__main__":
    command()
