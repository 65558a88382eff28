"""What an attack on a running noderepl is: one row of a table, the same for a hostile server and a hostile session."""

from __future__ import annotations

from dataclasses import dataclass

from fault_proxy import Fault

# Generous, for a machine with two busy cores; the memory is the client's own.
SECONDS = 20
MEBIBYTES = 300
CTRL_C_SECONDS = 10
KEPT = "globalThis.kept = 41"
MARKER = "marked"
SNIPPET = f"'{MARKER}'"
EXECUTIONS = b"/execut"  # /executions, and /code/execute of older versions

# Text that takes over a terminal which it reaches as it is: title, clipboard, clear, a report that is typed,
# 8-bit controls, direction.
RAW = "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[2J\x1b[5n\x1bP$q\x1b\\\x9b2J\u202eowned\u2066"


@dataclass(frozen=True)
class Attack:
    """One row.

    group: what it is listed under in docs/fault-tables.md. name: what is tried. fault: what the server does to a
    request. line: what the user types. where: in the request's first line. marker: in its body; what the fault is done
    to. left: how often; None for always. prompt: which one is attacked (arena.py). early: the connection is met.
    interrupt: seconds after the fault at which the user presses Ctrl-C; None: the prompt comes back by itself. seconds: until the
    prompt is back, after Ctrl-C where that is pressed. said: a regular expression of what the screen shows, "" for
    anything. tab: Tab is pressed instead of Enter. is_lost: whether the session's variables may be gone, which is
    said. spoils: whether the rows behind it need a new session.
    """

    group: str
    name: str
    fault: Fault | None = None
    line: str = SNIPPET
    where: bytes = EXECUTIONS
    marker: bytes = b""
    left: int | None = None
    prompt: str = "flat"
    early: bool = False
    interrupt: float | None = None
    seconds: float = 0
    said: str = ""
    tab: bool = False
    is_lost: bool = False
    spoils: bool = False

    @property
    def bound(self) -> float:
        """The seconds until the prompt is back."""
        return self.seconds or (SECONDS if self.interrupt is None else CTRL_C_SECONDS)
