"""Finds the code in a paste: undoes transcripts, Markdown, diffs, numbered lines and typographic
characters.

A text that is JavaScript is not changed, and neither is one that does not become JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from textwrap import dedent

from noderepl.javascript.markdown import (
    JAVASCRIPT,
    SHELL,
    UNNAMED,
    Block,
    blocks,
    is_markdown_for_certain,
)
from noderepl.javascript.npm_lines import installs, npm_lines
from noderepl.javascript.repl_transcripts import is_session_for_certain, session_readings
from noderepl.javascript.statements import separated
from noderepl.javascript.syntax import TooHard
from noderepl.javascript.typography import straighten
from noderepl.javascript.validity import parses
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

FENCES = "Markdown fences removed"
MARKS = "diff marks removed"
NUMBERS = "line numbers removed"
HEADINGS = "headings removed"
LEFT_OUT = "blocks left out that are not JavaScript"
_NUMBERED = lazy_pattern(
    r"[ \t\u00a0]*(?P<number>\d+)(?P<mark>[ \u00a0]?[|\u2502:.)]|)(?P<rest>[ \t\u00a0].*|)$"
)
_HEADING = lazy_pattern(
    r"(?:#+ )?(?:usage|install|installation|installing|examples?|quick ?start|getting started|basic"
    r" usage|import|"
    r"example usage|javascript|js|copy|npm|bash|node(?:\.js)?)[:.]?\s*",
    re.IGNORECASE,
)
_DIFF_HEAD = lazy_pattern(
    r"diff --git |index [\da-f]+\.\.|(?:---|\+\+\+) |@@ .*@@|\\ No newline|new file"
    r" mode|similarity "
)
_LEAST_NUMBERED = 0.9
Reading = tuple[str, tuple[str, ...]]


@dataclass(frozen=True)
class Cleaned:
    """A text for the input line. changes: what was changed, in short words."""

    text: str
    changes: tuple[str, ...] = ()


def clean(text: str) -> Cleaned:
    """Returns the code in a text that was copied from somewhere.

    text: lines ended by line feeds. Returns the text unchanged if it is JavaScript, or lines for
    npm and JavaScript, if no reading of it is, or if it takes too long to parse.
    """
    try:
        return _clean(text)
    except TooHard:
        return Cleaned(text)


def _clean(text: str) -> Cleaned:
    if _runs(text) and not (is_markdown_for_certain(text) or is_session_for_certain(text)):
        return Cleaned(text)
    bare = text.lstrip("\ufeff\u200b")
    for code, changes in _readings(dedent(bare)):
        if code.strip() and (found := _sound(code, changes)):
            return found
    straight, changes = straighten(text)
    return Cleaned(straight, changes) if changes and _runs(straight) else Cleaned(text)


def _runs(text: str) -> bool:
    """Returns whether a text is lines for npm and JavaScript, or one of them."""
    npm = npm_lines(text)
    return parses(npm.rest) and not _HEADING.fullmatch(
        npm.rest.split("\n")[0] if npm.commands else ""
    )


def _sound(code: str, changes: tuple[str, ...]) -> Cleaned | None:
    code = code.strip("\n")
    if _runs(code) or _are_magics(code):
        return Cleaned(code, changes)
    straight, more = straighten(code)
    return Cleaned(straight, changes + more) if more and _runs(straight) else None


def _are_magics(code: str) -> bool:
    return all(line.startswith("%") for line in code.split("\n"))


def _readings(text: str) -> Iterator[Reading]:
    """Yields the readings of a text, the likeliest first: its code, and what was undone."""
    if "```" in text or "~~~" in text:
        yield from _of_markdown(text)
    npm = npm_lines(text)
    # The text below a line of a shell is its output.
    if npm.commands and not text.lstrip().startswith("$"):
        yield from _below_npm("\n".join(text.split("\n")[: npm.count]).strip("\n"), npm.rest)
    for code, change in session_readings(text):
        yield code, (change,)
    for diff in _without_marks(text):
        yield diff, (MARKS,)
    numbered = _without_numbers(text)
    if numbered is not None:
        yield numbered, (NUMBERS,)
        for code, change in session_readings(numbered):
            yield code, (NUMBERS, change)


def _below_npm(head: str, rest: str) -> Iterator[Reading]:
    """Yields the readings of the text below lines for npm."""
    lines = rest.split("\n")
    kept = [line for line in lines if not _HEADING.fullmatch(line)]
    changes = (HEADINGS,) if len(kept) < len(lines) else ()
    below = "\n".join(kept).strip("\n")
    if changes:
        yield f"{head}\n\n{below}", changes
    cleaned = _clean(below)
    if cleaned.changes:
        yield f"{head}\n\n{cleaned.text}", changes + cleaned.changes


def _of_markdown(text: str) -> Iterator[Reading]:
    """Yields the code of the blocks; if some are named as JavaScript, those without a name are
    output.
    """
    found = blocks(text)
    is_named = any(block.language in JAVASCRIPT for block in found)
    npm: list[str] = []
    codes: list[str] = []
    changes: list[str] = [FENCES]
    for block in found:
        if block.language not in JAVASCRIPT | SHELL | UNNAMED:
            continue
        cleaned = _of_block(block)
        part = npm_lines(cleaned.text)
        code = part.rest.strip("\n")
        is_code = block.language in JAVASCRIPT or (
            cleaned.changes if block.language in SHELL or is_named else parses(code)
        )
        lines = (cleaned.text if is_code else block.text).split("\n")
        npm += [
            command
            for line in lines[: part.count if is_code else None]
            for command in installs(line)
        ]
        if is_code and code.strip():
            codes.append(code)
            changes += cleaned.changes
    installing = "\n".join(dict.fromkeys(npm))
    yield _stacked(installing, codes), tuple(dict.fromkeys(changes))
    kept = [code for code in codes if parses(code)]
    yield _stacked(installing, kept), tuple(dict.fromkeys([*changes, LEFT_OUT]))


def _stacked(installing: str, codes: Sequence[str]) -> str:
    return "\n\n".join(piece for piece in (installing, *separated(codes)) if piece)


def _of_block(block: Block) -> Cleaned:
    if block.language == "diff":
        return next(
            (Cleaned(code, (MARKS,)) for code in _without_marks(block.text) if parses(code)),
            Cleaned(""),
        )
    return _clean(block.text)


def _without_marks(text: str) -> Iterator[str]:
    """Yields the new side of a diff, read strictly and then with context lines that lost their
    blank.
    """
    lines = [line for line in text.split("\n") if not _DIFF_HEAD.match(line)]
    marked = [line for line in lines if line.startswith(("+", "-"))]
    if not marked:
        return
    kept = [line for line in lines if not line.startswith("-")]
    if all(line.startswith(("+", " ")) or not line.strip() for line in kept):
        yield dedent("\n".join(line[1:] for line in kept))
    is_spaced = all(line[1:2] in ("", " ") for line in marked)
    yield "\n".join(
        line[2 if is_spaced else 1 :] if line.startswith("+") else line for line in kept
    )


def _without_numbers(text: str) -> str | None:
    """Returns the text without the numbers before its lines; None if too few have one or they do
    not count up.
    """
    lines = text.split("\n")
    found = [_NUMBERED.match(line) for line in lines]
    numbers = [int(match["number"]) for match in found if match]
    filled = sum(bool(line.strip()) for line in lines)
    if len(numbers) < max(2, _LEAST_NUMBERED * filled) or not _counts_up(numbers):
        return None
    marks = {match["mark"] for match in found if match and match["rest"].strip()}
    if len(marks) > 1:
        return None
    rests = [match["rest"] for match in found if match and match["rest"]]
    # All lines but empty ones have one blank or tab between their number and their code.
    start = 1 if all(rest[0] in " \t\u00a0" for rest in rests) else 0
    return "\n".join(
        match["rest"][start:] if match else line for match, line in zip(found, lines, strict=True)
    )


def _counts_up(numbers: Sequence[int]) -> bool:
    return all(after == before + 1 for before, after in pairwise(numbers))
