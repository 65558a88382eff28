"""Finds the files beside a program that its code imports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from tree_sitter import Node

from noderepl.javascript.syntax import TooHard, nodes, parse, parser, typescript_parser

_SPECIFIER = re.compile(r"\.\.?(?:/[^\\]*)?")
_LITERAL = re.compile(
    r"""\b(?:from|import|require(?:\.resolve)?)\s*+(?:\(\s*+)?"""
    r"""(?P<quote>["'`])(?P<name>\.\.?(?:/[^"'`\n\\$]*)?)(?P=quote)"""
)
# The length in characters up to which a syntax tree is made: it takes up to 100 bytes for each. In
# longer texts, comments and strings count as code.
MOST_PARSED = 200_000
# An import is of a URL, and a call of require() of a file name.
_QUERY = re.compile("[?#].*", re.DOTALL)


def neighbours(text: str) -> Sequence[str]:
    """Returns the relative file names in a text's imports, exports, `import()` and `require()`, in
    order; only literal ones.
    """
    if len(text) > MOST_PARSED:
        names = (_QUERY.sub("", found["name"]) for found in _LITERAL.finditer(text))
        return tuple(dict.fromkeys(names))
    source = text.encode("utf-8", "surrogatepass")
    try:
        root = parse(parser(), source).root_node
        if root.has_error:
            typed = parse(typescript_parser(), source).root_node
            root = root if typed.has_error else typed
    except TooHard:
        return ()
    specifiers = [
        literal
        for node in nodes(root)
        if node.type in ("import_statement", "export_statement", "call_expression")
        and (literal := _specifier(node)) is not None
        and _SPECIFIER.fullmatch(literal)
    ]
    return tuple(dict.fromkeys(specifiers))


def _specifier(node: Node) -> str | None:
    """Returns the literal that a statement or a call imports, as a file name."""
    if node.type != "call_expression":
        return _path(_text(node.child_by_field_name("source")))
    function, given = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or given is None or not given.named_children:
        return None
    name = (function.text or b"").decode("utf-8", "replace")
    if name not in ("import", "require", "require.resolve", "module.require"):
        return None
    literal = _text(given.named_children[0])
    return _path(literal) if name == "import" else literal


def _path(specifier: str | None) -> str | None:
    return None if specifier is None else unquote(_QUERY.sub("", specifier))


def _text(node: Node | None) -> str | None:
    if node is None or node.type not in ("string", "template_string"):
        return None
    quoted = (node.text or b"").decode("utf-8", "replace")
    return None if "${" in quoted else quoted[1:-1]
