"""Exit codes of processes in words. This module imports the standard library only."""

from __future__ import annotations

import signal


def signal_of(code: int) -> int:
    """Returns the number of the signal that ended a process, if one did. code: its exit code, or
    that of a shell, which is 128 + N for signal N.
    """
    return -code if code < 0 else code - 128


def end_of(code: int) -> str:
    """Returns how a process ended, in words, to follow its name. code: its exit code."""
    number = signal_of(code)
    if number in {item.value for item in signal.Signals}:
        return f"was ended by {signal.Signals(number).name}"
    return f"ended with exit code {code}"
