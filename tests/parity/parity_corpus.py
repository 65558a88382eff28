"""The corpus: what is asked of NEL and of the embedded pool. Files in corpus/ hold it; nothing is run here.

A line `//// TITLE` begins a snippet, `//// TITLE @ DIFFERENCE` one that is answered differently on purpose; the last line
of this one is `//= ANSWER`, what the pool answers, as JSON without the parts that are empty. Each file is one group, run
in a session of its own, and so is what follows a `//// [new] TITLE`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OBSERVATIONS = Path(__file__).parent.parent / "service/kernel-observations.jsonl"
_HEAD = re.compile(r"^(\[new\] )?(.+?)(?: @ (.+))?$")
# Recorded snippets that do something after their answer; time is given for it, so that it happens at a known place.
_PAUSE = "$$.async(); setTimeout($$.done, 200)"
_GOES_ON = re.compile(
    r"setTimeout\(\(\)=>(console|\{throw)|Promise\.reject\(new Error\(\"rej\"\)\)$|^import\("
)


@dataclass(frozen=True, slots=True)
class Snippet:
    """One snippet. difference: the name of the listed difference that it shows, None if it is answered alike.

    ours: the pool's answer where it is another one.
    """

    title: str
    code: str
    difference: str | None = None
    ours: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Snippets that run in one session, in order."""

    name: str
    snippets: tuple[Snippet, ...]


def corpus() -> list[Group]:
    """All groups."""
    files = sorted((Path(__file__).parent / "corpus").glob("*.txt"))
    return [_observed(), *(group for file in files for group in _groups(file))]


def _observed() -> Group:
    snippets = []
    for number, line in enumerate(_OBSERVATIONS.read_text("utf-8").splitlines()):
        code = json.loads(line)["code"]
        snippets.append(Snippet(f"observation {number}", code))
        if _GOES_ON.search(code):
            snippets.append(Snippet(f"what goes on after observation {number}", _PAUSE))
    return Group("observations", tuple(snippets))


def _groups(file: Path) -> list[Group]:
    """The groups of one file. Its lines end with line feeds only: snippets hold other kinds of line ends."""
    groups: list[list[Snippet]] = []
    for part in f"\n{file.read_bytes().decode()}".removesuffix("\n").split("\n//// ")[1:]:
        head, _, code = part.partition("\n")
        found = _HEAD.match(head)
        if found is None:
            raise ValueError(f"{file.name}: {head!r} is no title")
        is_new, title, difference = found.groups()
        if is_new or not groups:
            groups.append([])
        code, _, ours = code.partition("\n//= ")
        if bool(ours) is not bool(difference):
            raise ValueError(f"{file.name}: {title!r} needs a difference and an answer, or neither")
        groups[-1].append(Snippet(title, code, difference, json.loads(ours) if ours else None))
    return [
        Group(f"{file.stem} {number}", tuple(snippets)) for number, snippets in enumerate(groups, 1)
    ]
