"""What a line that is not JavaScript most likely means: a word of a shell or of a REPL, HTML, SQL,
Python. Pure.

The hint comes with the engine's error, so that a name that the user has defined just works.
"""

from __future__ import annotations

import re
import shlex

from noderepl.lazy_patterns import lazy_pattern

_LONGEST_LINE = 300
_SHOWN = 60
_LEAVE = "To leave: Ctrl-D or .exit."
_HELP = "%help lists the commands; everything else is JavaScript."
_CLEAR = "%clear clears the screen; Ctrl-L does so while you type."
_FILES = "%files lists the session's files; %sh {line} runs that command in the session's shell."
_SHELL = "That is a command for a shell: %sh {line} runs it in the session."
_NPM = "%npm {words} runs npm in the session."
_BROWSER = "{word} is an object of browsers; Node.js does not have it."
_PRINT = "console.log(…) prints in JavaScript."
_RETURN = (
    "Outside of functions nothing returns: write the expression without `return`, and its value is"
    " shown."
)
_HTML = "This is HTML or JSX, which Node.js does not run: enter only the JavaScript in it."
_SQL = "This looks like SQL: pass it as a string to a database's client."
_PYTHON = "This looks like Python; noderepl runs JavaScript."
_DOT = "There is no such command: %help lists them, .exit leaves."
_PREFIX = (
    "Node.js does not know `{scheme}:`: %npm install {name}, then import {quoted} without the"
    " prefix."
)
_URL = "Node.js imports no URLs: %npm install brings packages, %upload a file."

_WORDS = (
    dict.fromkeys("exit quit bye logout q wq qa leave".split(), _LEAVE)
    | dict.fromkeys("help man commands".split(), _HELP)
    | dict.fromkeys("clear cls reset".split(), _CLEAR)
)
_LISTS = frozenset("ls dir ll".split())
_PRINTS = frozenset("print puts println printf".split())
_BROWSER_WORDS = frozenset(
    "document window alert localStorage sessionStorage location XMLHttpRequest".split()
)
_COMMANDS = frozenset(
    """
    apt apt-get awk bash brew bun bunx cat cd chmod chown cp curl date deno df docker du echo env
    find git grep gunzip gzip head history kill kubectl ln make mkdir more less mv nano node
    nodejs npm npx pip pip3 pnpm pnpx ps pwd python python3 rm rmdir rsync scp sed sh sort
    source ssh sudo tail tar tee top touch tree tsc tsx uname unzip vi vim wc wget which whoami
    xargs yarn zip zsh az gh cargo go java ruby perl php
    """.split()
)
_NOT_NPM = lazy_pattern(r"[|<>;&`$()\\]")
_FIRST = lazy_pattern(r"[$!:\\/]?\s*(?:sudo\s+)?(?P<word>[A-Za-z][\w-]*)(?P<rest>.*)", re.DOTALL)
# What may follow a word that a REPL or a shell takes as a command; else the word is a name.
_BARE = lazy_pattern(r"\s*(?:\(\s*\)|\w+)?\s*;?\s*")
_ARGUMENTS = lazy_pattern(
    r"""(?!\s+(?:in|instanceof|of)\b)(?:\s+(?:[\w./~"'$*@:<>]|-\S).*)?""", re.DOTALL
)
_PRINTED = lazy_pattern(r"""\s*[("'\w].*""", re.DOTALL)
_LINE = lazy_pattern(r"(?:[$!]\s*)?(.*)", re.DOTALL)
_ELSEWHERE = lazy_pattern(r"&&\s*(?:npm|npx|yarn|pnpm|bun|node)\b")
_TAG = lazy_pattern(r"<!?(?:[A-Za-z][\w-]*|>)")
_SQL_LINE = lazy_pattern(
    r"(?:select\s.+\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from"
    r"|(?:create|drop|alter)\s+(?:table|index|view|database))\b",
    re.IGNORECASE | re.DOTALL,
)
_PYTHON_LINE = lazy_pattern(
    r"(?:def\s+\w+\s*\(.*\)\s*(?:->.*)?:|from\s+[\w.]+\s+import\b|import\s+[a-z_]\w*(?:\s+as\s+\w+)?\s*$"
    r"|(?:if|for|while|elif|with|class)\s[^{]*:\s*$|print\s+[\"'])",
    re.DOTALL,
)
_DOT_COMMAND = lazy_pattern(r"\.[a-z]+\s*")
_SCHEME = lazy_pattern(
    r"""\bfrom\s*['"](\w+):([^'"]+)['"]|\bimport\s*\(?\s*['"](\w+):([^'"]+)['"]"""
)
_NOT_DEFINED = lazy_pattern(r"([A-Za-z_$][\w$]*) is not defined")


def word_hint(text: str, name: str, message: str) -> str | None:
    """Returns a sentence that says what to type instead, or None.

    text: the snippet. name, message: of the error that it threw.
    """
    line = text[: 2 * _LONGEST_LINE].strip()
    if message.startswith("Only URLs with a scheme in:"):
        return _of_scheme(text)
    if name == "SyntaxError":
        if message.startswith("Illegal return"):
            return _RETURN
        if _TAG.match(line):
            return _HTML
    if len(line) > _LONGEST_LINE:
        return None
    if name == "ReferenceError":
        undefined = _NOT_DEFINED.match(message[:_LONGEST_LINE])
        first = _FIRST.match(line)
        if undefined is None or first is None or first["word"].split("-")[0] != undefined[1]:
            return None
        return _of_word(line, first)
    return _of_syntax(line) if name == "SyntaxError" else None


def _of_syntax(line: str) -> str | None:
    """The hint for a text that no engine parses."""
    first = _FIRST.match(line)
    if first is not None and (hint := _of_word(line, first)):
        return hint
    if _ELSEWHERE.search(line):
        return _SHELL.format(line=_shown(line))
    if _SQL_LINE.match(line):
        return _SQL
    if _PYTHON_LINE.match(line):
        return _PYTHON
    return _DOT if _DOT_COMMAND.fullmatch(line) else None


def _of_word(line: str, first: re.Match[str]) -> str | None:
    """The hint for a text that begins with a word of a shell or of a REPL."""
    word, rest = first["word"], first["rest"]
    if word in _BROWSER_WORDS:
        return _BROWSER.format(word=word)
    if word in _WORDS:
        return _WORDS[word] if _BARE.fullmatch(rest) else None
    if word in _PRINTS:
        return _PRINT if _PRINTED.fullmatch(rest) else None
    if not _ARGUMENTS.fullmatch(rest):
        return None
    if word in _LISTS:
        return _FILES.format(line=_shown(line))
    if word == "npm" and "\n" not in line and not _NOT_NPM.search(line):
        return _NPM.format(words=rest.strip()[:_SHOWN] or "ARGUMENT…")
    return _SHELL.format(line=_shown(line)) if word in _COMMANDS else None


def _shown(line: str) -> str:
    """A line for a shell as the hint names it; LINE if it is long."""
    found = _LINE.match(line)
    bare = found[1].rstrip() if found is not None else line
    return bare if bare and "\n" not in bare and len(bare) <= _SHOWN else "LINE"


def _of_scheme(text: str) -> str | None:
    found = _SCHEME.search(text[: 100 * _LONGEST_LINE])
    if found is None:
        return None
    scheme, path = (found[1] or found[3]), (found[2] or found[4])
    if scheme not in ("npm", "jsr"):
        return _URL
    package, bare = path.lstrip("/"), re.sub(r"(?<=\w)@[^/]*", "", path.lstrip("/"))
    package = "/".join(package.split("/")[: 2 if package.startswith("@") else 1])
    return _PREFIX.format(scheme=scheme, name=shlex.quote(package), quoted=f'"{bare}"')
