"""What a program of the command line is, as data: the code of FILE, -e or -p, and what its process
sees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

Verb = Literal["eval", "print", "command", "file"]

_READS = lazy_pattern(
    r"stdin|stdio|inherit|/fd/0\b|\bfd\b[\"']?\s*:\s*0\b|\b(?:read|fstat)\w*\(\s*0\b"
    r"|\bprompts?\b|inquirer|\bquestion\(",
    re.IGNORECASE,
)


def may_read_input(code: str) -> bool:
    """Returns whether a code may read standard input, itself or by a process that it starts."""
    return _READS.search(code) is not None


@dataclass(frozen=True, slots=True)
class Program:
    """How a snippet runs as a program; prelude/programs.js has the other half.

    file: its path below the session's directory, None for code without a file. args: the arguments
    in process.argv after the file. stdin: the file of the session with its standard input, "" for
    an empty one, None if it stays as it is. files: the file of the session with the files that the
    program imports, None if it imports none. prints: whether its value is printed. is_last: whether
    the run ends with the program: its end then waits until nothing is active, and calls the
    listeners of `exit`.
    """

    file: str | None = None
    args: tuple[str, ...] = ()
    stdin: str | None = None
    files: str | None = None
    prints: bool = False
    is_last: bool = False

    @property
    def scope(self) -> str | None:
        """The file whose text gets a scope of its own, None if variables stay in the session."""
        return self.file if self.is_last else None


@dataclass(frozen=True, slots=True)
class Action:
    """One action of the command line.

    verb: how to run it. text: the code, or the line of a command. program: None for a command.
    files: those that the program imports, by their paths below the session's directory. name: of
    FILE as typed, for the frames of errors; empty for other code.
    """

    verb: Verb
    text: str
    program: Program | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    name: str = ""

    @property
    def reads_input(self) -> bool:
        """Whether it is a program whose code may read standard input."""
        texts = (self.text, *(file.decode("utf-8", "replace") for file in self.files.values()))
        return self.program is not None and any(map(may_read_input, texts))
