"""Whether a snippet is whole or more lines are to come, as tree-sitter reads it.

It never judges a snippet: where it is in doubt the snippet is whole, and the engine that runs it
reports the error.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import cached_property
from time import thread_time

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser, Tree

OPENERS = {"{": "}", "${": "}", "(": ")", "[": "]"}
CLOSERS = frozenset(OPENERS.values())
# Tokens after which nothing can end; an error that stands behind one of them is input that is still
# to come.
EXPECTS_MORE = frozenset(
    "+ - * / % ** = += -= *= /= %= **= <<= >>= >>>= &= |= ^= &&= ||= ??= == != === !== < > <= >= <<"
    " >> >>> & | ^ && || ?? ! ~ ? : , . optional_chain => ... new typeof void delete await in of"
    " instanceof extends import export from const let var function class else do try finally while"
    " for if switch case throw async return".split()
)

# Those of them that can end a type, or an expression of TypeScript (`x!`, `x as const`).
ENDS_TYPESCRIPT = frozenset("> >> >>> ! void const".split())

SECONDS, SECONDS_PER_BYTE = 0.5, 5e-6
"""Processor time that a text may take to parse: several times what all but the oddest need."""
_CHUNK = 1 << 16


class TooHard(Exception):
    """A text takes too much time to parse.

    The grammars read some texts in quadratic time, such as `/[` repeated on one line.
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


def parser() -> Parser:
    """The thread's parser for JavaScript."""
    return _PARSERS.javascript


def typescript_parser() -> Parser:
    """The thread's parser for TypeScript; its grammar takes a while to load, so nothing asks for it
    without need.
    """
    return _PARSERS.typescript


def parse(
    parser: Parser, source: bytes, before: Tree | None = None, *, seconds: float = SECONDS
) -> Tree:
    """The syntax tree of a text, in time linear in its length.

    source: UTF-8. before: the tree of an earlier text, edited to have the places of this one.
    seconds: processor time that it may take, besides what each byte adds. Raises TooHard.
    """
    end = thread_time() + seconds + SECONDS_PER_BYTE * len(source)
    try:
        return parser.parse(
            lambda offset, _: source[offset : offset + _CHUNK],
            **({} if before is None else {"old_tree": before}),
            encoding="utf8",
            progress_callback=lambda *_: thread_time() > end,
        )
    except ValueError as error:
        parser.reset()
        raise TooHard from error


def is_incomplete(text: str) -> bool:
    """Whether a snippet needs more lines before it can run.

    text: the snippet. Returns True where it has an error and, besides, an unclosed bracket,
    template or comment, or a statement whose end is missing at the end of the text or a last token
    that nothing can follow but more code, unless that is whole as TypeScript (`let x:
    Array<string>`).
    """
    try:
        return _is_incomplete(text.rstrip().encode("utf-8", "surrogatepass"))
    except TooHard:
        return False


def _is_incomplete(source: bytes) -> bool:
    root = parse(parser(), source).root_node
    if _lacks_its_body(root, len(source)):
        return True
    if not root.has_error:
        return False
    open_brackets: list[str] = []
    backticks = 0
    last = None
    lacks_more = False
    for leaf in leaves(root):
        if leaf.is_missing:
            lacks_more = lacks_more or leaf.end_byte >= len(source)
            continue
        if leaf.type in OPENERS:
            open_brackets.append(OPENERS[leaf.type])
        elif leaf.type in CLOSERS:
            if not open_brackets or open_brackets.pop() != leaf.type:
                return False
        elif leaf.type == "`":
            backticks += 1
        elif leaf.type == "regex_pattern" and (leaf.text or b"").startswith(b"*"):
            return True
        if leaf.type != "comment":
            last = leaf.type
    if open_brackets or backticks % 2 == 1:
        return True
    if last in EXPECTS_MORE and last not in ENDS_TYPESCRIPT:
        return True
    return (lacks_more or last in EXPECTS_MORE) and parse(
        typescript_parser(), source
    ).root_node.has_error


def _lacks_its_body(root: Node, end: int) -> bool:
    """Whether the text ends in `try {}`, `do x`, `function f()` or `class A`, which the next line
    may go on with.
    """
    statements = list(root.children[-2:])
    broken = statements.pop() if statements and statements[-1].is_error else None
    if broken is not None and broken.end_byte >= end and broken.children:
        first = broken.children[0].type
        if first in ("do", "function", "async", "class"):
            return True
        if first not in ("catch", "finally"):
            return False
    bare = statements[-1] if statements else None
    return (
        bare is not None
        and bare.type == "try_statement"
        and (broken is not None or bare.end_byte >= end)
        and not (bare.child_by_field_name("handler") or bare.child_by_field_name("finalizer"))
    )


def leaves(root: Node) -> Iterator[Node]:
    """The tokens of a tree, in order."""
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
