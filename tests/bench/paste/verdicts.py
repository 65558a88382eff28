"""What counts as a failure of a pasted block, the same for all systems."""

from __future__ import annotations

import re
from dataclasses import dataclass

# What a running program throws: a text or a number that it parses, or a module that is loaded and lacks an export.
_OF_A_PROGRAM = re.compile(
    r"JSON|Invalid regular expression|Invalid flags supplied to RegExp|to a BigInt|does not provide an export named"
    r"|^Named export '|^The requested module|selector"
)
# Where the program was when it did: in a built-in that parses, or while a file was compiled for require() or import.
_FRAME = re.compile(
    r"at (?:JSON\.parse|new RegExp|RegExp|new Function|Function|BigInt|wrapSafe|Module\._compile|internalCompileFunction"
    r"|compileSourceTextModule|ModuleJob\.|ModuleWrap|ModuleLoader\.|new ModuleWrap)\b"
)
_FILE = re.compile(r"^(?:file://)?/\S*node_modules/\S+:\d+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Thrown:
    """An error as a system told it. stack: with what stands above and below the message, as far as it is told."""

    name: str
    message: str
    stack: str = ""

    def is_of_the_snippet(self) -> bool:
        """Whether the snippet was not accepted, as opposed to a SyntaxError that its running program met.

        The message decides where it is one that only a program can cause; else the first frames of the stack, if there
        are any, and the file that is named above the error.
        """
        if self.name != "SyntaxError" or _OF_A_PROGRAM.search(self.message):
            return False
        frames = [line for line in self.stack.splitlines() if re.match(r"\s+at ", line)]
        return not (any(map(_FRAME.search, frames[:2])) or _FILE.search(self.stack))


@dataclass(frozen=True, slots=True)
class Told:
    """How a pasted block ended. timed_out: it was not done in time, which is no failure by itself."""

    thrown: Thrown | None = None
    timed_out: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a block counts as failed. kind: "syntax", or "lost" where the session or its state is gone."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a block. failed: why it counts as failed. threw: its program ended in an error, which is none."""

    failed: Failure | None
    threw: bool
    timed_out: bool


def decide(told: Told, *, kept: bool) -> Verdict:
    """The verdict on a block.

    told: how it ended. kept: whether the session answered afterwards, and still had its state.
    """
    thrown, failed = told.thrown, None
    if thrown is not None and thrown.is_of_the_snippet():
        failed = Failure("syntax", f"{thrown.name}: {thrown.message}")
    elif not kept:
        ended = f" after {thrown.name}: {thrown.message}" if thrown else ""
        failed = Failure("lost", f"no answer, or the state is lost{ended}")
    threw = thrown is not None and failed is None and not told.timed_out
    return Verdict(failed, threw, told.timed_out)
