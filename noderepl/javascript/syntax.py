"""The parsers of JavaScript and TypeScript, and the tokens of a tree."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from time import thread_time

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser, Tree

OPENERS = {"{": "}", "${": "}", "(": ")", "[": "]"}
CLOSERS = frozenset(OPENERS.values())

SECONDS, SECONDS_PER_BYTE = 0.5, 5e-6
"""Processor time that a text may take to parse: several times what all but the oddest need."""
CHUNK = 1 << 16


class TooHard(Exception):
    """A text takes too much time to parse.

    The grammars parse some texts in quadratic time, such as `/[` repeated on one line.
    """


class _Parsers(threading.local):
    """The parsers of one thread: two threads must not use one at a time."""

    @cached_property
    def javascript(self) -> Parser:
        return Parser(Language(tree_sitter_javascript.language()))

    @cached_property
    def typescript(self) -> Parser:
        import tree_sitter_typescript

        return Parser(Language(tree_sitter_typescript.language_typescript()))


_PARSERS = _Parsers()


class _Limit(threading.local):
    """The processor time of a thread at which its readings of texts end."""

    end = math.inf


_LIMIT = _Limit()


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Limits the processor time of all parses of this thread inside the block: those that take
    longer together raise TooHard.
    """
    before, _LIMIT.end = _LIMIT.end, min(_LIMIT.end, thread_time() + seconds)
    try:
        yield
    finally:
        _LIMIT.end = before


def end_of_parse(size: int, seconds: float = SECONDS) -> float:
    """Returns the processor time of this thread at which a parse that begins now must end.

    size: of the text, in bytes. seconds: as for parse().
    """
    return min(_LIMIT.end, thread_time() + seconds + SECONDS_PER_BYTE * size)


def parser() -> Parser:
    """Returns the thread's parser for JavaScript."""
    return _PARSERS.javascript


def typescript_parser() -> Parser:
    """Returns the thread's parser for TypeScript; its grammar takes a while to load, so it is
    requested only if necessary.
    """
    return _PARSERS.typescript


def parse(
    parser: Parser, source: bytes, before: Tree | None = None, *, seconds: float = SECONDS
) -> Tree:
    """Returns the syntax tree of a text, in time linear in its length.

    source: UTF-8. before: the tree of an earlier text, edited to have the positions of this one.
    seconds: of processor time, to which each byte adds some. Raises TooHard.
    """
    end = end_of_parse(len(source), seconds)
    try:
        return parser.parse(
            lambda offset, _: source[offset : offset + CHUNK],
            **({} if before is None else {"old_tree": before}),
            encoding="utf8",
            progress_callback=lambda *_: thread_time() > end,
        )
    except ValueError as error:
        parser.reset()
        raise TooHard from error


def leaves(root: Node) -> Iterator[Node]:
    """Yields the tokens of a tree, in order."""
    cursor = root.walk()
    while True:
        if not cursor.goto_first_child():
            node = cursor.node
            assert node is not None
            yield node
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return


def nodes(root: Node) -> Iterator[Node]:
    """All nodes of a tree, in order."""
    cursor = root.walk()
    while True:
        node = cursor.node
        assert node is not None
        yield node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def without_comments(node: Node) -> bytes:
    """Returns the text of a node with blanks for its comments, as UTF-8."""
    source, start = node.text or b"", node.start_byte
    if b"//" not in source and b"/*" not in source:
        return source
    parts, done = [], 0
    for comment in (one for one in nodes(node) if one.type == "comment"):
        at, end = comment.start_byte - start, comment.end_byte - start
        parts += [source[done:at], b" " * (end - at)]
        done = end
    return b"".join([*parts, source[done:]])
