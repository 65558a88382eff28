"""The programs that are compared, the differences that are not defects, and how output is compared.

A file of the corpus has programs one below the other, each below a line `=== NAME [KEY=VALUE]...`
in a shell's syntax, with these keys: file: the name of its file (main.js). args: its arguments.
stdin: its standard input, with escapes. streams: `one` if stdout and stderr are one pipe, which
shows their order. code: the program itself, with escapes, instead of the lines
below. nodes: the first major version of Node.js that can run it. differs: the difference that it
shows. hides: an expression for what differs from run to run. on: `bare` where only the bare kernel has that difference.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

PLACE = Path(__file__).parent / "corpus"
SESSION_DIRECTORY = "/mnt/data"

# A stack's frame, and the place above the line with the error.
FRAME = re.compile(r"^\s+at (?:.*\()?(?P<file>[^()\s]+?):(?P<line>\d+):\d+\)?(?: \{|,)?$")
OTHER_FRAME = re.compile(r"^\s+(?:at |\.\.\. \d+ lines matching cause)")
PLACED = r"(?P<file>(?:file://|node:)?[^\n:]+):(?P<line>\d+)(?::\d+)?"
HEAD = re.compile(rf"^{PLACED}$")
SOURCE = re.compile(rf"(?:^|\n){PLACED}\n(?:[^\n]*\n){{1,3}}?[\t ]*\^+\n")
# A program's name and keys.
KEY = re.compile(r" (\w+)=('[^']*'|\S+)")
HEADER = re.compile(rf"(.*?)((?:{KEY.pattern})*)")
PID = re.compile(r"\(node:\d+\)")


@dataclass(frozen=True, slots=True)
class Program:
    """One program; its fields are the keys of the corpus."""

    name: str
    code: str
    file: str = "main.js"
    args: tuple[str, ...] = ()
    stdin: str = ""
    streams: str = "two"
    nodes: int = 0
    differs: str = ""
    on: str = ""
    hides: str = ""

    @property
    def area(self) -> str:
        """The name of its file in the corpus."""
        return self.name.partition(":")[0]

    def is_different(self, kernel: str) -> bool:
        """Whether its outcome on a kernel, `embedded` or `bare`, differs from that of node."""
        return bool(self.differs) and self.on in ("", kernel)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program wrote, and its exit status."""

    stdout: bytes
    stderr: bytes
    status: int


class Comparable(NamedTuple):
    """The part of an outcome that is compared."""

    stdout: str
    stderr: str
    status: int


def comparable(
    program: Program, node: Outcome, noderepl: Outcome, directories: tuple[str, str]
) -> tuple[Comparable, Comparable]:
    """What is compared of a run by node and of one by noderepl, with the names of files in a session.

    directories: where the program's file was in each, as patterns.
    """
    parts = []

    def hidden(text: str) -> str:
        return re.sub(program.hides, "…", text) if program.hides else text

    # Where Node.js shows a line of its own source, noderepl shows that of the program.
    is_own = re.search(r"^node:\S+:\d+\n", node.stderr.decode("utf-8", "replace"), re.MULTILINE)
    for one, directory in zip((node, noderepl), directories, strict=True):
        out, err = (
            hidden(re.sub(directory, SESSION_DIRECTORY, text.decode("utf-8", "backslashreplace")))
            for text in (one.stdout, one.stderr)
        )
        reduced = without_frames(err, with_source=not is_own)
        parts.append(Comparable(out, reduced, one.status))
    return parts[0], parts[1]


def without_frames(text: str, *, with_source: bool = True) -> str:
    """A text of stderr, without the parts of an error's report that are Node's or noderepl's own.

    Of frames and of the place of an error, the name of the file and the line remain. with_source:
    whether to keep the place and the line of an error.
    """
    text = text if with_source else SOURCE.sub("\n", text)
    text = re.sub(rf"(?:file://)?{SESSION_DIRECTORY}/", "", text)
    kept: list[str] = []
    for line in text.split("\n"):
        frame = FRAME.match(line)
        head = HEAD.match(line)
        if frame or OTHER_FRAME.match(line):
            if frame and not frame["file"].startswith("node:"):
                kept.append(f"    at {Path(frame['file']).name}:{frame['line']}")
            if line.endswith(" {"):
                kept.append("{")
        elif head:
            kept.append(f"{Path(head['file']).name}:{head['line']}")
        elif line.endswith(" {") and kept and not line.startswith(" "):
            kept += [line.removesuffix(" {"), "{"]
        elif line.strip("^ \t"):
            kept.append(PID.sub("(node:PID)", line))
    return re.sub(r"(^|\n)Node\.js v[\d.]+$", "", "\n".join(kept))


def programs() -> Sequence[Program]:
    """All programs, in the order of the files' names and of their places in them."""
    return [one for path in sorted(PLACE.glob("*.txt")) for one in _read(path)]


def _read(path: Path) -> Iterator[Program]:
    for part in re.split(r"^=== ", path.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        head, _, code = part.partition("\n")
        found = HEADER.fullmatch(head)
        assert found, head
        name, keys = found[1], found[2]
        given = {key: value.strip("'") for key, value in KEY.findall(keys)}
        yield Program(
            name=f"{path.stem}: {name}",
            code=_unescaped(given.pop("code")) if "code" in given else code,
            args=tuple(shlex.split(given.pop("args", ""))),
            stdin=_unescaped(given.pop("stdin", "")),
            nodes=int(given.pop("nodes", "0")),
            **given,
        )


def _unescaped(text: str) -> str:
    return text.encode("latin-1", "backslashreplace").decode("unicode_escape")
