"""Completion with Tab: magics and their arguments, files, names of JavaScript and Node.js.

Completion runs no code in the session. It requests only the names of remote files, without blocking
a key.
"""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from noderepl.javascript.completion_names import (
    BUILTIN_MODULES,
    GLOBALS,
    KEYWORDS,
    MEMBERS,
    NODE_ONLY_MODULES,
)
from noderepl.terminal.escapes import plain

MODULE_NAME = re.compile(r"""(?:require\s*\(\s*|from\s+|import\s*\(?\s*)(['"])([\w:/@.-]*)$""")
MEMBER = re.compile(r"(?<![\w$.\])])([A-Za-z_$][\w$]*)\s*\??\.\s*([\w$]*)$")
AFTER_DOT = re.compile(r"\.\s*[\w$]*$")
WORD = re.compile(r"[A-Za-z_$][\w$]*$")
# A word of a magic's arguments, of which the last may end in an open quote.
SHELL_WORD = re.compile(
    r"""(?:[^\s'"\\]|\\(?:.|\Z)|'[^']*(?:'|\Z)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z))+""", re.DOTALL
)
LONGEST_WORD = 4096
"""Characters; no path is longer, and shlex needs quadratic time for long words."""
DECLARED = re.compile(r"\b(?:const|let|var|function\*?|class)\s+([A-Za-z_$][\w$]*)")


class Completable(Protocol):
    """The parts of a magic that completion uses."""

    @property
    def name(self) -> str: ...
    @property
    def dot(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def completes(self) -> str: ...
    @property
    def words(self) -> tuple[str, ...]: ...


class SnippetCompleter(Completer):
    """Completes the text before the cursor.

    magics: all magics. themes: returns the names of the themes. remote_files: returns the session's
    files; if it fails, completion offers none. typed: returns the snippets of this run, for the
    names declared in them. directory: the base of relative local paths.
    """

    def __init__(
        self,
        *,
        magics: Sequence[Completable],
        themes: Callable[[], Iterable[str]],
        remote_files: Callable[[], Awaitable[Sequence[str]]],
        typed: Callable[[], Sequence[str]],
        directory: Path,
    ) -> None:
        self._magics = magics
        self._themes = themes
        self._remote_files = remote_files
        self._typed = typed
        self._directory = directory

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """Yields the completions that need no request."""
        text = document.text_before_cursor
        if (magic_line := _magic_line(text)) is not None:
            yield from self._in_magic(magic_line)
        else:
            yield from self._in_javascript(text)

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Yields all completions; the names of remote files come from the session."""
        for completion in self.get_completions(document, complete_event):
            yield completion
        line = _magic_line(document.text_before_cursor)
        magic, _, rest = (line or "").partition(" ")
        if line and " " in line and self._completes(magic) == "remote-file":
            word = _last_word(rest)
            for name in await self._remote_files():
                if name.startswith(_unquoted(word)):
                    yield Completion(shlex.quote(name), -len(word), display=plain(name))

    def _completes(self, typed: str) -> str:
        return next(
            (
                m.completes
                for m in self._magics
                if typed in (f"%{m.name}", f".{m.dot}" if m.dot else "")
            ),
            "",
        )

    def _in_magic(self, line: str) -> Iterator[Completion]:
        if " " not in line:
            for magic in self._magics:
                for name in (f"%{magic.name}", f".{magic.dot}" if magic.dot else ""):
                    if name and name.startswith(line):
                        yield Completion(name, -len(line), display_meta=magic.summary)
            return
        typed, _, rest = line.partition(" ")
        word = _last_word(rest)
        kind = self._completes(typed)
        if kind == "local-file":
            yield from self._local_files(word)
            return
        choices: dict[str, Iterable[str]] = {
            "magic": [magic.name for magic in self._magics],
            "theme": self._themes(),
            "word": next((magic.words for magic in self._magics if f"%{magic.name}" == typed), ()),
        }
        for choice in choices.get(kind, ()):
            if choice.startswith(word):
                yield Completion(choice, -len(word), display=plain(choice))

    def _local_files(self, word: str) -> Iterator[Completion]:
        typed_directory, slash, start = _unquoted(word).rpartition("/")
        prefix = typed_directory + slash
        try:
            entries = sorted((self._directory / Path(prefix or ".").expanduser()).iterdir())
        except (OSError, RuntimeError, ValueError):
            return
        for entry in entries:
            if entry.name.startswith(start) and (
                start.startswith(".") or not entry.name.startswith(".")
            ):
                name = entry.name + ("/" if entry.is_dir() else "")
                yield Completion(shlex.quote(prefix + name), -len(word), display=plain(name))

    def _in_javascript(self, text: str) -> Iterator[Completion]:
        if module := MODULE_NAME.search(text):
            yield from _matching(module[2], _modules(module[2]))
        elif member := MEMBER.search(text):
            yield from _matching(member[2], MEMBERS.get(member[1], ()))
        elif not AFTER_DOT.search(text) and (word := WORD.search(text)):
            declared = {
                name
                for snippet in [*self._typed(), text[: word.start()]]
                for name in DECLARED.findall(snippet)
            }
            yield from _matching(
                word[0], sorted(declared.union(KEYWORDS, GLOBALS, MODULE_GLOBALS), key=str.lower)
            )


MODULE_GLOBALS = tuple(name for name in BUILTIN_MODULES if "/" not in name and name not in KEYWORDS)


def _magic_line(text: str) -> str | None:
    """Returns the text if it is a magic being typed, `npm` among them, else None; `.5` and a
    leading `.method` are JavaScript.
    """
    stripped = text.lstrip()
    if stripped.startswith("npm "):
        stripped = f"%{stripped}"
    is_magic = stripped.startswith("%") or re.match(r"\.[a-z]*( |$)", stripped)
    return stripped if is_magic and "\n" not in text else None


def _unquoted(word: str) -> str:
    """Returns a word without its quotes and backslashes; it may end in an open quote."""
    if len(word) > LONGEST_WORD:
        return word
    for closing in ("", "'", '"', "\\"):
        with contextlib.suppress(ValueError):
            return "".join(shlex.split(word + closing))
    return word


def _last_word(text: str) -> str:
    """Returns the word that a magic's arguments end in; "" if they end in a space."""
    word, end = "", 0
    for found in SHELL_WORD.finditer(text):
        word, end = found[0], found.end()
    return word if end == len(text) else ""


def _modules(word: str) -> Iterable[str]:
    if word.startswith("node:"):
        return sorted({f"node:{name}" for name in BUILTIN_MODULES}.union(NODE_ONLY_MODULES))
    return (*BUILTIN_MODULES, "node:")


def _matching(word: str, names: Iterable[str]) -> Iterator[Completion]:
    for name in names:
        if name.startswith(word) and name != word:
            yield Completion(name, -len(word))
