"""What Tab offers: magics and their arguments, files, JavaScript's and Node's own names.

Nothing is sent to run code; only the names of remote files are asked for, and that never blocks a key.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from noderepl.javascript.names import BUILTIN_MODULES, GLOBALS, KEYWORDS, MEMBERS, NODE_ONLY_MODULES

MODULE_NAME = re.compile(r"""(?:require\s*\(\s*|from\s+|import\s*\(?\s*)(['"])([\w:/@.-]*)$""")
MEMBER = re.compile(r"(?<![\w$.\])])([A-Za-z_$][\w$]*)\s*\??\.\s*([\w$]*)$")
AFTER_DOT = re.compile(r"\.\s*[\w$]*$")
WORD = re.compile(r"[A-Za-z_$][\w$]*$")
DECLARED = re.compile(r"\b(?:const|let|var|function\*?|class)\s+([A-Za-z_$][\w$]*)")


class Completable(Protocol):
    """A magic, as far as completion needs it."""

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
    """Completes what stands before the cursor.

    magics: all of them. themes: gives their names. remote_files: lists the session's files; where it fails nothing is
    offered. typed: gives the snippets of this run, for the names declared in them. directory: where local paths start.
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

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """What is known without asking the session."""
        text = document.text_before_cursor
        if (magic_line := _magic_line(text)) is not None:
            yield from self._in_magic(magic_line)
        else:
            yield from self._in_javascript(text)

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """All that can be offered; the names of remote files come from the session."""
        for completion in self.get_completions(document, complete_event):
            yield completion
        line = _magic_line(document.text_before_cursor)
        magic, _, rest = (line or "").partition(" ")
        if line and " " in line and self._completes(magic) == "remote-file":
            word = rest.rpartition(" ")[2]
            for name in await self._remote_files():
                if name.startswith(word):
                    yield Completion(shlex.quote(name), -len(word), display=name)

    def _completes(self, typed: str) -> str:
        return next((m.completes for m in self._magics if typed in (f"%{m.name}", f".{m.dot}" if m.dot else "")), "")

    def _in_magic(self, line: str) -> Iterator[Completion]:
        if " " not in line:
            for magic in self._magics:
                for name in (f"%{magic.name}", f".{magic.dot}" if magic.dot else ""):
                    if name and name.startswith(line):
                        yield Completion(name, -len(line), display_meta=magic.summary)
            return
        typed, _, rest = line.partition(" ")
        word = rest.rpartition(" ")[2]
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
                yield Completion(choice, -len(word))

    def _local_files(self, word: str) -> Iterator[Completion]:
        typed_directory, _, start = word.rpartition("/")
        prefix = f"{typed_directory}/" if "/" in word else ""
        try:
            entries = sorted((self._directory / Path(prefix or ".").expanduser()).iterdir())
        except (OSError, RuntimeError):
            return
        for entry in entries:
            if entry.name.startswith(start) and (start.startswith(".") or not entry.name.startswith(".")):
                name = entry.name + ("/" if entry.is_dir() else "")
                yield Completion(prefix + name.replace(" ", "\\ "), -len(word), display=name)

    def _in_javascript(self, text: str) -> Iterator[Completion]:
        if module := MODULE_NAME.search(text):
            yield from _matching(module[2], _modules(module[2]))
        elif member := MEMBER.search(text):
            yield from _matching(member[2], MEMBERS.get(member[1], ()))
        elif not AFTER_DOT.search(text) and (word := WORD.search(text)):
            declared = {
                name for snippet in [*self._typed(), text[: word.start()]] for name in DECLARED.findall(snippet)
            }
            yield from _matching(word[0], sorted(declared.union(KEYWORDS, GLOBALS, MODULE_GLOBALS), key=str.lower))


MODULE_GLOBALS = tuple(name for name in BUILTIN_MODULES if "/" not in name and name not in KEYWORDS)


def _magic_line(text: str) -> str | None:
    """The text where it is a magic being typed, `npm` among them; `.5` and a leading `.method` are JavaScript."""
    stripped = text.lstrip()
    if stripped.startswith("npm "):
        stripped = f"%{stripped}"
    is_magic = stripped.startswith("%") or re.match(r"\.[a-z]*( |$)", stripped)
    return stripped if is_magic and "\n" not in text else None


def _modules(word: str) -> Iterable[str]:
    if word.startswith("node:"):
        return sorted({f"node:{name}" for name in BUILTIN_MODULES}.union(NODE_ONLY_MODULES))
    return (*BUILTIN_MODULES, "node:")


def _matching(word: str, names: Iterable[str]) -> Iterator[Completion]:
    for name in names:
        if name.startswith(word) and name != word:
            yield Completion(name, -len(word))
