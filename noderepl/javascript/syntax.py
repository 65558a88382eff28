"""Whether a snippet is whole or more lines are to come, as tree-sitter reads it.

It never judges a snippet: where it is in doubt the snippet is whole, and the engine that runs it reports the error.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

OPENERS = {"{": "}", "${": "}", "(": ")", "[": "]"}
CLOSERS = frozenset(OPENERS.values())
# Tokens after which nothing can end; an error that stands behind one of them is input that is still to come.
EXPECTS_MORE = frozenset(
    "+ - * / % ** = += -= *= /= %= **= <<= >>= >>>= &= |= ^= &&= ||= ??= == != === !== < > <= >= << >> >>> & | ^ && || "
    "?? ! ~ ? : , . optional_chain => ... new typeof void delete await in of instanceof extends import export from "
    "const let var function class else do try finally while for if switch case throw async return".split()
)

# Those of them that can end a type, or an expression of TypeScript (`x!`, `x as const`).
ENDS_TYPESCRIPT = frozenset("> >> >>> ! void const".split())


@cache
def parser() -> Parser:
    """The one parser for JavaScript."""
    return Parser(Language(tree_sitter_javascript.language()))


@cache
def typescript_parser() -> Parser:
    """The one parser for TypeScript; its grammar takes a while to load, so nothing asks for it without need."""
    import tree_sitter_typescript

    return Parser(Language(tree_sitter_typescript.language_typescript()))


def is_incomplete(text: str) -> bool:
    """Whether a snippet needs more lines before it can run.

    text: the snippet. Returns True where it has an error and, besides, an unclosed bracket, template or comment, or a
    statement whose end is missing at the end of the text or a last token that nothing can follow but more code, unless
    that is whole as TypeScript (`let x: Array<string>`).
    """
    source = text.rstrip().encode("utf-8", "surrogatepass")
    root = parser().parse(source).root_node
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
    return (lacks_more or last in EXPECTS_MORE) and typescript_parser().parse(source).root_node.has_error


def _lacks_its_body(root: Node, end: int) -> bool:
    """Whether the text ends in `try {}`, `do x`, `function f()` or `class A`, which the next line may go on with."""
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
