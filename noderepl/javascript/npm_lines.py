"""Lines such as `npm install x y` before JavaScript, which npm runs, not the engine.

A text that is valid JavaScript has none. Commands of yarn, pnpm and bun are converted to npm's.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from itertools import dropwhile

from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

_LIKELY = lazy_pattern(
    r"\s*(?:\$[ \u00a0]+)?(?:sudo[ \u00a0]+(?:-\w+[ \u00a0]+)*)?(?:npm|yarn|pnpm|bun)["
    r" \t\u00a0]+[a-z]"
)
_DOLLAR = lazy_pattern(r"\A\s*\$[ \u00a0]+")
_SHELL_COMMENT = lazy_pattern(r"\s*#(?!!)")
_PART = lazy_pattern(
    r"""\s*(?:(?P<comment>(?:\#|//).*)|(?P<sign>[;&|()`]+)|
    (?P<word>(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s;&|()`'"\\])+))""",
    re.DOTALL | re.VERBOSE,
)
_DASHES = lazy_pattern("(?<=\\s)[\u2013\u2014](?=\\w)")
_LONGEST = 10_000
"""Characters; a longer line is no command for npm. shlex needs quadratic time for long words."""
_COMMANDS = {
    "npm": frozenset(
        "install i add ci uninstall un remove rm update up upgrade list ls view info show outdated"
        " audit dedupe prune run test init root pkg explain why".split()
    ),
    "yarn": frozenset(["add", "install"]),
    "pnpm": frozenset(["add", "install", "i"]),
    "bun": frozenset(["add", "install", "i", "a"]),
}
_INSTALLS = frozenset(["install", "i", "add", "ci"])
_REDIRECTION = lazy_pattern(r"\d*[<>]")
_OTHER_FLAGS = {
    "--dev": "--save-dev",
    "-d": "--save-dev",
    "--peer": "--save-peer",
    "--exact": "--save-exact",
    "--optional": "--save-optional",
}
_GLOBAL = frozenset(["-g", "--global", "--location=global"])
_WORKSPACE = frozenset(["-w", "-W", "--ignore-workspace-root-check", "--workspace-root"])


@dataclass(frozen=True)
class NpmLines:
    """The commands for npm at the beginning of a text.

    commands: npm's arguments as a shell quotes them, without duplicates. count: the number of their
    lines, with blank ones after them, and comments of JavaScript only between them. rest: the text
    below. passed_over: the omitted options.
    """

    commands: tuple[str, ...]
    count: int
    rest: str
    passed_over: tuple[str, ...]


def npm_lines(text: str) -> NpmLines:
    """Splits a text into its leading lines for npm and the rest; without such lines the rest is the
    whole text.
    """
    nothing = NpmLines((), 0, text, ())
    if not _LIKELY.match(text):
        return nothing
    # Only a text that resembles npm's commands needs the parser, which takes a moment to load.
    from noderepl.javascript.syntax import TooHard
    from noderepl.javascript.validity import parses

    def is_code(line: str) -> bool:
        try:
            return parses(line)
        except TooHard:
            return False

    commands: list[str] = []
    passed_over: list[str] = []
    lines = text.split("\n")
    at = end = 0
    while at < len(lines):
        line, after = _joined(lines, at)
        found = npm_command(line) if line.strip() else None
        if found is not None and not is_code(line):
            for words in found:
                passed_over += [word for word in words if word in _GLOBAL]
                commands.append(shlex.join(word for word in words if word not in _GLOBAL))
            end = after
        elif not line.strip() or (commands and _SHELL_COMMENT.match(line)):
            end = after if end == at else end
        elif not (commands and line.lstrip().startswith("//")):
            break
        at = after
    if not commands:
        return nothing
    return NpmLines(
        tuple(dict.fromkeys(commands)),
        end,
        "\n".join(lines[end:]),
        tuple(dict.fromkeys(passed_over)),
    )


def installs(line: str) -> Sequence[str]:
    """Returns the commands for npm in a line of a shell if they only install."""
    found = npm_command(line) or ()
    return (
        [shlex.join(["npm", *words]) for words in found]
        if all(words[0] in _INSTALLS for words in found)
        else []
    )


def npm_command(line: str) -> Sequence[Sequence[str]] | None:
    """Returns the words after `npm` of each command in a line of a shell; None if it does anything
    else.
    """
    if len(line) > _LONGEST:
        return None
    bare = _DASHES.sub("--", _DOLLAR.sub("", line.replace("\u00a0", " "), count=1))
    commands = _commands(bare.strip())
    found = [_as_npm(command) for command in commands or ()]
    return (
        None
        if not found or None in found
        else [command for command in found if command is not None]
    )


def _commands(line: str) -> Sequence[Sequence[str]] | None:
    """Returns the words of commands that `;` or `&&` ends; None for an open quote or other
    operators.

    A comment may begin as in JavaScript, as READMEs write them.
    """
    commands: list[list[str]] = [[]]
    at = 0
    while at < len(line):
        found = _PART.match(line, at)
        if found is None or found["sign"] not in (None, ";", "&&"):
            return None
        at = found.end()
        if found["sign"]:
            commands.append([])
        elif found["word"]:
            commands[-1] += shlex.split(found["word"])
    if not commands[-1]:  # after a semicolon, or an `&&` without a further command
        commands.pop()
    return commands


def _as_npm(words: Sequence[str]) -> Sequence[str] | None:
    """Returns npm's words for a command of npm, yarn, pnpm or bun; None if it is not known here."""
    if words[:1] == ["sudo"]:
        words = list(dropwhile(lambda word: word.startswith("-"), words[1:]))
    if list(words[:3]) == ["yarn", "global", "add"]:
        words = ["yarn", "add", "--global", *words[3:]]
    if len(words) < 2 or words[1] not in _COMMANDS.get(words[0], ()):
        return None
    arguments = words[2:]
    if any(map(_REDIRECTION.match, arguments)):
        return None
    if words[0] == "npm":
        return words[1:]
    return [
        "install",
        *(_OTHER_FLAGS.get(word, word) for word in arguments if word not in _WORKSPACE),
    ]


def _joined(lines: Sequence[str], at: int) -> tuple[str, int]:
    """Returns a line with those that continue it after a backslash, and the next one's number."""
    last = at
    while lines[last].endswith("\\") and last + 1 < len(lines):
        last += 1
    return "".join([*(line[:-1] for line in lines[at:last]), lines[last]]), last + 1
