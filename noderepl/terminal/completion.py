"""Completion with Tab: magics and their arguments, files, names of JavaScript and Node.js.

Completion runs no code in the session. It requests only the names of remote files, without blocking
a key.
"""

from __future__ import annotations

import shlex
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from noderepl.javascript.completion_context import Context, context, destructured
from noderepl.javascript.completion_names import (
    BUILTIN_MODULES,
    GLOBALS,
    KEYWORDS,
    MEMBERS,
    NODE_ONLY_MODULES,
)
from noderepl.lazy_patterns import lazy_pattern
from noderepl.options import BY_NAME
from noderepl.terminal.escapes import plain
from noderepl.terminal.magic_words import (
    ONLY_OPTIONS,
    OPTION,
    is_first,
    last_word,
    magic_line,
    unquoted,
)
from noderepl.terminal.waiting import while_unchanged

MAGIC = lazy_pattern(r"\s*(%\w+)\s+")
# The package of a specifier that goes on after its name.
PACKAGE = lazy_pattern(r"((?:@[^/]+/)?[^/@]+)/")
DATA = "/mnt/data/"
REMOTE = "remote:"
# The kinds of the first argument of a magic and of the others.
BY_POSITION = {
    "remote-then-local": ("remote-file", "local-file"),
    "local-then-remote": ("local-file", "remote-file"),
}
DECLARED = lazy_pattern(r"\b(?:const|let|var|function\*?|class)\s+([A-Za-z_$][\w$]*)")


class Completable(Protocol):
    """The parts of a magic that completion uses."""

    @property
    def name(self) -> str: ...
    @property
    def dot(self) -> str: ...
    @property
    def usage(self) -> str: ...
    @property
    def summary(self) -> str: ...
    @property
    def completes(self) -> str: ...
    @property
    def words(self) -> tuple[str, ...]: ...


class Live(Protocol):
    """What the session offers, as names and descriptions; () if it does not answer at once."""

    @property
    def names(self) -> Callable[[], Sequence[str]]: ...
    async def prepared(self) -> None: ...
    async def members(self, expression: str) -> Sequence[tuple[str, str]]: ...
    async def keys(self, expression: str) -> Sequence[tuple[str, str]]: ...
    async def exports(self, module: str) -> Sequence[tuple[str, str]]: ...
    async def packages(self, name: str) -> Sequence[tuple[str, str]]: ...


class SnippetCompleter(Completer):
    """Completes the text before the cursor.

    magics: all magics. themes: returns the names of the themes. remote_files: returns the files of
    a directory of the session, "" for /mnt/data; if it fails, completion offers none. live: what
    the session offers. typed: returns the snippets of this run, whose declarations replace the
    names of a session that reports none. directory: the base of relative local paths. sessions:
    returns the names of sessions.
    """

    def __init__(
        self,
        *,
        magics: Sequence[Completable],
        themes: Callable[[], Iterable[str]],
        remote_files: Callable[[str], Awaitable[Sequence[str]]],
        live: Live,
        typed: Callable[[], Sequence[str]],
        directory: Path,
        sessions: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._magics = magics
        self._sessions = sessions
        self._themes = themes
        self._remote_files = remote_files
        self._live = live
        self._typed = typed
        self._directory = directory

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        """Yields the completions that need no request."""
        if options := self._magic_options(document.text_before_cursor):
            yield from options
            return
        document = self._snippet(document)
        text = document.text_before_cursor
        if (line := magic_line(text)) is not None:
            yield from self._in_magic(line)
        else:
            yield from self._known(_context(document))

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Yields all completions, also those for which the session is asked."""
        for option in (options := self._magic_options(document.text_before_cursor)):
            yield option
        if options:
            return
        document = self._snippet(document)
        line = magic_line(document.text_before_cursor)
        if line is None:
            async for completion in self._in_javascript(_context(document)):
                yield completion
            return
        for completion in self._in_magic(line):
            yield completion
        magic, space, rest = line.partition(" ")
        kind, word = self._argument(magic, rest) if space else ("", "")
        offers: list[tuple[str, str]] = []
        if kind in ("remote-file", "module"):
            offers += await self._files(unquoted(word))
        if kind == "module" or (kind == "package" and not is_first(rest)):
            offers += await self._live.packages("")
        for name, description in offers:
            if name.startswith(unquoted(word)) and _can_be_typed(name):
                text, meta = shlex.quote(name), plain(description)
                yield Completion(text, -len(word), display=plain(name), display_meta=meta)

    def _magic_options(self, text: str) -> Sequence[Completion]:
        """Returns the options of the magic in a line that begin as its last word does."""
        line = magic_line(text) or ""
        typed, _, rest = line.partition(" ")
        word = last_word(rest)
        is_option = word.startswith("-") and (
            self._completes(typed) != "javascript" or ONLY_OPTIONS.match(rest.lstrip())
        )
        if not is_option:
            return ()
        usage = next((magic.usage for magic in self._magics if f"%{magic.name}" == typed), "")
        names = dict.fromkeys(OPTION.findall(usage))
        return [Completion(name, -len(word)) for name in names if name.startswith(word)]

    def _snippet(self, document: Document) -> Document:
        """Returns the document without a magic in front of its snippet."""
        text = document.text_before_cursor
        found = MAGIC.match(text)
        if found is None or self._completes(found[1]) != "javascript":
            return document
        rest = text[found.end() :]
        return Document(rest + document.text_after_cursor, len(rest))

    def _completes(self, typed: str) -> str:
        return next(
            (
                m.completes
                for m in self._magics
                if typed in (f"%{m.name}", f".{m.dot}" if m.dot else "")
            ),
            "",
        )

    def _argument(self, typed: str, rest: str) -> tuple[str, str]:
        """Returns the kind of the last argument of a magic, and the word to complete."""
        kind, word = self._completes(typed), last_word(rest)
        if kind in BY_POSITION:
            kind = BY_POSITION[kind][not is_first(rest)]
        elif kind == "local-or-remote-file":
            kind = "remote-file" if word.startswith(REMOTE) else "local-file"
            word = word.removeprefix(REMOTE)
        return kind, word

    def _in_magic(self, line: str) -> Iterator[Completion]:
        if " " not in line:
            for magic in self._magics:
                for name in (f"%{magic.name}", f".{magic.dot}" if magic.dot else ""):
                    if name and name.startswith(line):
                        yield Completion(name, -len(line), display_meta=magic.summary)
            return
        typed, _, rest = line.partition(" ")
        kind, word = self._argument(typed, rest)
        if kind == "local-file":
            yield from self._local_files(word)
            return
        choices: dict[str, Iterable[str]] = {
            "magic": [*(magic.name for magic in self._magics), *self._words(typed)],
            "theme": self._themes(),
            "word": self._words(typed) if is_first(rest) else (),
            "session": self._in_session(typed, rest[: len(rest) - len(word)].split()),
            "variable": (*self._words(typed), *(self._live.names() if kind == "variable" else ())),
            "package": self._words(typed) if is_first(rest) else (),
            "option": self._options(self._words(typed), rest[: len(rest) - len(word)].split()),
        }
        for choice in choices.get(kind, ()):
            if choice.startswith(word):
                yield Completion(choice, -len(word), display=plain(choice))

    def _words(self, typed: str) -> Iterable[str]:
        return next((magic.words for magic in self._magics if f"%{magic.name}" == typed), ())

    def _in_session(self, typed: str, before: Sequence[str]) -> Iterable[str]:
        return self._words(typed) if not before else self._sessions() if before == ["use"] else ()

    def _options(self, actions: Iterable[str], before: Sequence[str]) -> Iterable[str]:
        """Returns what may follow these words of a magic that shows and changes options."""
        match before:
            case []:
                return (*actions, *BY_NAME)
            case [_]:
                return BY_NAME if before[0] in actions else ()
            case ["set", name, *rest] if name in BY_NAME and rest in ([], ["="]):
                return self._themes() if name == "theme" else BY_NAME[name].choices
        return ()

    def _local_files(self, word: str) -> Iterator[Completion]:
        typed_directory, slash, start = unquoted(word).rpartition("/")
        prefix = typed_directory + slash
        try:
            entries = sorted((self._directory / Path(prefix or ".").expanduser()).iterdir())
        except (OSError, RuntimeError, ValueError):
            return
        for entry in entries:
            is_hidden = entry.name.startswith(".") and not start.startswith(".")
            if entry.name.startswith(start) and not is_hidden and _can_be_typed(entry.name):
                name = entry.name + ("/" if _is_directory(entry) else "")
                yield Completion(shlex.quote(prefix + name), -len(word), display=plain(name))

    async def _in_javascript(self, where: Context) -> AsyncGenerator[Completion, None]:
        offers: Sequence[tuple[str, str]] = ()
        known = list(self._known(where))
        if not known and where.kind in ("member", "key", "module", "export"):
            await while_unchanged(self._live.prepared())
        if where.kind == "member":
            offers = await self._live.members(where.expression)
        elif where.kind == "key":
            offers = await self._live.keys(where.expression)
        elif where.kind == "export":
            offers = await self._live.exports(where.expression)
        elif where.kind == "module":
            offers = await self._packages(where.word)
        for name, description in offers:
            inserted = _inserted(name, where) if name.startswith(where.word) else None
            if inserted is not None:
                meta = plain(description)
                yield Completion(*inserted, display=plain(name), display_meta=meta)
        if not offers or where.kind == "module":
            for completion in known:
                yield completion

    async def _packages(self, word: str) -> Sequence[tuple[str, str]]:
        """Returns the names that a specifier may have: packages, exports of one, or files."""
        if word.startswith((".", DATA)):
            return await self._files(word if "/" in word else "./")
        name = PACKAGE.match(word)
        return await self._live.packages(name[1] if name else "")

    async def _files(self, word: str) -> Sequence[tuple[str, str]]:
        """Returns the files of the directory in which a path lies; directories end in a slash."""
        typed, slash, _ = word.rpartition("/")
        directory = f"{typed}/".removeprefix(DATA).removeprefix("./").strip("/")
        if ".." in directory.split("/"):
            return ()
        return [(f"{typed}{slash}{name}", "") for name in await self._remote_files(directory)]

    def _known(self, where: Context) -> Iterator[Completion]:
        match where.kind:
            case "module":
                yield from _matching(where.word, _modules(where.word))
            case "member":
                yield from _matching(where.word, MEMBERS.get(where.expression, ()))
            case "name" if where.word:
                yield from _matching(where.word, sorted(self._names(where), key=str.lower))

    def _names(self, where: Context) -> Iterable[str]:
        live = self._live.names()
        texts = [where.before] if live else [*self._typed(), where.before]
        declared = {name for text in texts for name in DECLARED.findall(text)}
        return declared.union(live, KEYWORDS, GLOBALS, MODULE_GLOBALS)


MODULE_GLOBALS = tuple(name for name in BUILTIN_MODULES if "/" not in name and name not in KEYWORDS)


def _can_be_typed(name: str) -> bool:
    """Returns whether a line may contain a name: no line break, and no bytes that are not UTF-8."""
    return not any(one in "\n\r" or "\ud800" <= one <= "\udfff" for one in name)


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # it cannot be examined, for lack of permission for example


def _modules(word: str) -> Iterable[str]:
    if word.startswith("node:"):
        return sorted({f"node:{name}" for name in BUILTIN_MODULES}.union(NODE_ONLY_MODULES))
    return (*BUILTIN_MODULES, "node:")


def _context(document: Document) -> Context:
    text = document.text_before_cursor
    return destructured(text, document.text_after_cursor) or context(text)


def _inserted(name: str, where: Context) -> tuple[str, int] | None:
    """Returns the text that a name becomes and where it starts, before the cursor; None if it
    cannot be inserted as it is shown.
    """
    if not name.isprintable() or {*"'\"`\\"} & {*name}:
        return None
    if where.kind == "module":
        return name, -len(where.word)
    if name.replace("$", "_").isidentifier():
        end = f"{where.quote}]" if where.kind == "key" else ""
        return name + end, -len(where.word)
    if where.kind == "key":
        return f"{name}{where.quote}]", -len(where.word)
    if where.is_pattern:
        return None
    # `a.` becomes `a['b-c']`, and `a?.` becomes `a?.['b-c']`.
    return f"['{name}']", -len(where.word) - (not where.is_optional)


def _matching(word: str, names: Iterable[str]) -> Iterator[Completion]:
    for name in names:
        if name.startswith(word) and name != word:
            yield Completion(name, -len(word))
