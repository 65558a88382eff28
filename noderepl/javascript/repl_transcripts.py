"""Finds the input in the transcript of a REPL or a shell: removes prompts and output, leaves code
and lines for npm.

It supports the prompts of Node.js, Bun, Deno, IPython and shells. Whether the result is JavaScript
is checked last, so that the caller can take the first reading that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import field, replace
from typing import Literal

from noderepl.javascript.completeness import is_incomplete
from noderepl.javascript.npm_lines import installs, npm_lines
from noderepl.javascript.statements import separated
from noderepl.javascript.validity import node_at, parses, tree_of
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

_SHELL = lazy_pattern(
    r"""(?:(?:[\w.-]+@[\w.-]+[^$\#>%\n]{0,80}|\[[\w.-]+@[\w.-]+[ ][^\]\n]{1,80}\]
    |(?:ba|z)?sh-[\d.]+)[$\#%]
    |/\S*[ ]\#|[\w.-]+:\S+[ ][\w.-]+\$
    |(?:\([\w.-]+\)[ ]|~\S*[ ]?)?\$
    |\u279c[ ]+\S+(?:[ ]+git:\([^)\n]*\))?(?:[ ]+\u2717)?
    |PS[ ][A-Z]:\\[^>\n]*>)(?:[ \u00a0]+|$)(?P<typed>.*)
    |[A-Z]:\\[^>\n]*>(?P<typed_in_cmd>.*)""",
    re.VERBOSE,
)
# Root's prompt, which is a comment or a heading elsewhere, and that of zsh.
_BARE_SHELL = lazy_pattern(r"[#%][ \u00a0]+(?P<typed>.*)")
_REPL = lazy_pattern(r"(?:(?:node|deno|bun|js)?>|\u276f)(?:[ \u00a0](?P<typed>.*)|$)")
_MORE = lazy_pattern(r"(?:\.{3,}|\|)(?:[ \u00a0](?P<typed>.*)|$)")
_CELL = lazy_pattern(r"In \[[\d* ]*\]:(?:[ \u00a0](?P<typed>.*)|$)")
_CELL_MORE = lazy_pattern(r"[ \u00a0]*\.{3,}:(?:[ \u00a0](?P<typed>.*)|$)")
_CELL_OUT = lazy_pattern(r"Out\[\d*\]:")
_INTERPRETER = lazy_pattern(
    r"(?:npx )?(?:node(?:js)?|deno(?: repl)?|bun(?: repl)?|noderepl|ijs)(?: -[\w=-]+)*"
)
_COMMAND = lazy_pattern(r"\s*\.(?:break|clear|editor|exit|help|load|save)\b(?!\()[^\n]*")
_EDITOR_HINT = "// Entering editor mode"
_BANNER = lazy_pattern(
    r"Welcome to Node|Type \"?\.help|Deno \d|exit using |REPL is running|Welcome to Bun|noderepl"
    r" |// Entering|\s*$"
)
_RESULT = lazy_pattern(
    r"\s*(?:undefined|null|true|false|NaN|-?[\d.]+n?|'.*'|\".*\"|[\[{<(].*|[}\])].*|\w+(?:\(\d+\))?"
    r" ?[\[{].*|"
    r"Uncaught.*)$"
)
_GIVEN_UP = lazy_pattern(r"(?:Uncaught )?SyntaxError\b|\(To exit, press")
_NEVER_CODE = lazy_pattern(r"(?:node|deno|bun)> .*\n")
_AFTER_UNDEFINED = lazy_pattern(r"^undefined\n(?=> )", re.MULTILINE)
_MOST_UNMARKED = 200


@dataclass(frozen=True)
class Typed:
    """The input at one prompt. kind: of its lines. output: the lines after the input."""

    kind: Literal["code", "npm", "magic", "other"]
    lines: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


def is_session_for_certain(text: str) -> bool:
    """Returns whether a text can only be a transcript although it is also JavaScript.

    That is so if it compares `node` with something to no effect, or `undefined` on one line with
    the next.
    """
    if _NEVER_CODE.match(text.lstrip()):
        return True
    found = _AFTER_UNDEFINED.search(text)
    if found is None:
        return False
    node = node_at(tree_of(text), text, found.end())
    return node is not None and node.type == ">"


def session_readings(text: str) -> Iterator[tuple[str, str]]:
    """Yields the readings of a text as a transcript, the likeliest first: the input, and in words
    what was removed.

    Yields nothing if there is no prompt.
    """
    lines = _with_usual_prompts(text.split("\n"))
    entries, head = _entries(lines)
    if not entries:
        return
    # JavaScript may follow the installing lines unchanged.
    bare = "\n".join(_installing(line) or line for line in lines)
    if npm_lines(bare).commands:
        yield bare, "prompts removed"
    if head is not None:
        entries.insert(0, head)
    has_output = any(entry.output or entry.kind == "other" for entry in entries)
    change = "prompts and output removed" if has_output else "prompts removed"
    for code in _codes([entry for entry in entries if entry.kind == "code"]):
        if whole := _above(entries, code):
            yield whole, change


def _with_usual_prompts(lines: Sequence[str]) -> Sequence[str]:
    """Returns the lines with `>` for Firefox's `>>`, and `$` for a bare `#` or `%` before
    installations.

    A `>>` that does not begin the text is a shift. Beside other installing lines, `#` begins a
    comment.
    """
    if next(filter(str.strip, lines), "").startswith(">> "):
        return [line[1:] if line.startswith(">> ") else line for line in lines]
    found = [
        match if match and installs(match["typed"]) else None
        for match in map(_BARE_SHELL.match, lines)
    ]
    if not any(found) or any(installs(line) or _SHELL.match(line) for line in lines):
        return lines
    return [
        f"$ {match['typed']}" if match else line for match, line in zip(found, lines, strict=True)
    ]


def _installing(line: str) -> str:
    """Returns the installations in a line after a prompt, as lines for npm; empty if there is none
    or it does more.
    """
    found = _SHELL.match(line) or _REPL.match(line)
    return "\n".join(installs(next(filter(None, found.groups()), ""))) if found else ""


def _entries(lines: Sequence[str]) -> tuple[list[Typed], Typed | None]:
    """Returns the input at each prompt, and the text before the first one if it is input."""
    entries: list[Typed] = []
    head = Typed("code")
    editing = False
    for line in lines:
        last = entries[-1] if entries else head
        if editing:
            editing = bool(line.strip())
            if editing and not line.startswith(_EDITOR_HINT):
                last.lines.append(line)
        elif entry := _begun(line, last):
            editing = entry.lines == [".editor"]
            entries.append(replace(entry, kind="code", lines=[]) if editing else entry)
        elif (more := _gone_on(line, last)) is not None:
            last.lines.append(more)
        elif last is not head:
            last.output.append(line)
        elif not head.lines and _BANNER.match(line) is None:
            head.lines.append(line)
        elif head.lines:
            head.output.append(line)
    is_typed = head.lines and not _RESULT.match(head.code) and parses(head.code)
    return [entry for entry in entries if entry.lines], head if is_typed else None


def _begun(line: str, last: Typed) -> Typed | None:
    """Returns the input in a line that begins with a prompt; None for other lines."""
    if shell := _SHELL.match(line):
        typed = shell["typed"] or shell["typed_in_cmd"] or ""
        return _of_shell(typed, entry_else=Typed("other", [typed]))
    if cell := _CELL.match(line):
        return Typed("code", [cell["typed"] or ""])
    # The output of a program started from a shell may begin with `>` as well.
    if last.kind == "other" and not _opens_prompt(last):
        return None
    if (found := _REPL.match(line)) is None:
        return None
    typed = found["typed"] or ""
    if typed.startswith("Uncaught "):  # of a promise, thrown during the prompt
        return None
    if _COMMAND.fullmatch(typed):
        return Typed("code" if typed.strip() == ".editor" else "other", [typed.strip()])
    if typed.startswith("%npm "):
        return _of_shell(typed[1:], entry_else=Typed("other", [typed]))
    if typed.startswith("%"):
        return Typed("magic", [typed])
    return _of_shell(typed, entry_else=Typed("code", [typed]))


def _of_shell(typed: str, *, entry_else: Typed) -> Typed:
    if _INTERPRETER.fullmatch(typed.strip()):
        return Typed("other", [typed.strip()])
    return Typed("npm", [typed]) if installs(typed) else entry_else


def _opens_prompt(entry: Typed) -> bool:
    return bool(_INTERPRETER.fullmatch(entry.code) or _COMMAND.fullmatch(entry.code))


def _gone_on(line: str, last: Typed) -> str | None:
    """Returns the input in a line that continues the previous entry; None for other lines."""
    if not last.lines or last.output or last.kind != "code":
        return None
    if found := _MORE.match(line) or _CELL_MORE.match(line):
        return found["typed"] or ""
    is_bare_cell = last.lines[0] == "" and not _CELL_OUT.match(line)
    return line if is_bare_cell and (line.strip() or last.code.strip()) else None


def _codes(entries: Sequence[Typed]) -> Iterator[str]:
    """Yields the ways to combine the input at several prompts into one snippet."""
    if not entries:
        yield ""
        return
    is_quoted = all(len(entry.lines) == 1 and not entry.output for entry in entries)
    as_they_are = "\n".join(entry.code for entry in entries).strip("\n")
    if is_quoted and any(entry.code.startswith((" ", "\t", "}", ")", "]")) for entry in entries):
        yield as_they_are
    yield _joined(entries)
    yield as_they_are
    kept = [
        entry
        for number, entry in enumerate(entries)
        if not _was_given_up(entry, number == len(entries) - 1)
    ]
    if kept and len(kept) < len(entries):
        yield _joined(kept)
    yield _joined([_with_unmarked_lines(entry) for entry in entries])


def _joined(entries: Sequence[Typed]) -> str:
    """Returns the entries as one snippet in which each stays a separate statement."""
    codes: list[str] = []
    for entry in entries:
        code = entry.code.strip("\n")
        # Every REPL parses text that begins with a brace as an object first.
        if code.startswith("{") and not code.rstrip().endswith(";") and parses(f"({code})"):
            code = f"({code})"
        codes += [code] if code.strip() else []
    return "\n".join(separated(codes))


def _was_given_up(entry: Typed, is_last: bool) -> bool:
    """Returns whether an entry never ran: it had a SyntaxError, or was left incomplete."""
    gave_up = any(_GIVEN_UP.match(line) for line in entry.output)
    is_left = not any(line.strip() for line in entry.output)
    return (
        (gave_up or is_left)
        and not parses(entry.code)
        and (gave_up or is_last or is_incomplete(entry.code))
    )


def _with_unmarked_lines(entry: Typed) -> Typed:
    """Returns the entry with the lines below that complete it: Deno marks only the first line of
    several.
    """
    lines, output = list(entry.lines), list(entry.output)
    while output and len(lines) < _MOST_UNMARKED and is_incomplete("\n".join(lines)):
        lines.append(output.pop(0))
    return replace(entry, lines=lines, output=output)


def _above(entries: Sequence[Typed], code: str) -> str:
    """Returns the lines for npm above the code; magics only without code, as they need separate
    lines.
    """
    npm = [command for entry in entries if entry.kind == "npm" for command in installs(entry.code)]
    lines = "\n".join(dict.fromkeys(npm))
    if not code.strip() and not npm:
        return "\n".join(entry.code for entry in entries if entry.kind == "magic")
    return f"{lines}\n\n{code}" if lines and code.strip() else lines or code
