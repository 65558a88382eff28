"""The signature of a JavaScript function or class, from its source."""

from __future__ import annotations

import re

from tree_sitter import Node

from noderepl.javascript.syntax import TooHard, parse, parser, without_comments

# Characters of a source that are parsed, and of a signature.
MOST_SOURCE, LONGEST = 200_000, 1500
_FUNCTIONS = frozenset(
    """function_expression function_declaration generator_function
    generator_function_declaration arrow_function method_definition class""".split()
)
_SPACE = re.compile(r"\s+")
_INSTALLED = re.compile(r"\$noderepl_[0-9a-f]{8}\.(?=import\()")


def signature(source: str, name: str) -> str:
    """Returns `name(a, b = 1, ...rest)`, "" if the source is no function. For a class the
    parameters are those of its constructor. source: as Function.prototype.toString() writes it.
    """
    if len(source) > MOST_SOURCE:
        return ""
    node = _function(source)
    if node is None:
        return ""
    if node.type == "class":
        constructor = _constructor(node)
        inside = "..." if constructor is None and _is_derived(node) else ""
        return f"new {name}{_parameters(constructor) if constructor else f'({inside})'}"
    return f"{name}{_parameters(node)}"


def readable_source(source: str) -> str:
    """Returns a source as it was typed, without the indentation of its file."""
    lines = _INSTALLED.sub("", source).split("\n")
    indented = [line for line in lines[1:] if line.strip()]
    last = indented[-1] if indented else ""
    indent = last[: len(last) - len(last.lstrip())]
    return "\n".join([lines[0], *(line.removeprefix(indent) for line in lines[1:])])


def _function(source: str) -> Node | None:
    for before, after in (("(", "\n)"), ("({", "\n})"), ("(class{", "\n})")):
        try:
            tree = parse(parser(), f"{before}{source}{after}".encode("utf-8", "surrogatepass"))
        except TooHard:
            return None
        if tree.root_node.has_error:
            continue
        if (node := _function_at(tree.root_node, len(before))) is not None:
            return node
    return None


def _function_at(root: Node, at: int) -> Node | None:
    """Returns the outermost function that begins at a byte."""
    cursor = root.walk()
    while True:
        node = cursor.node
        assert node is not None
        if node.is_named and node.type in _FUNCTIONS and node.start_byte == at:
            return node
        if cursor.goto_first_child_for_byte(at) is None:
            return None


def _constructor(node: Node) -> Node | None:
    body = node.child_by_field_name("body")
    for member in body.named_children if body is not None else ():
        name = member.child_by_field_name("name")
        is_static = any(child.type == "static" for child in member.children)
        is_method = member.type == "method_definition" and not is_static
        if is_method and name is not None and (name.text or b"").strip(b"'\"") == b"constructor":
            return member
    return None


def _is_derived(node: Node) -> bool:
    return any(child.type == "class_heritage" for child in node.children)


def _parameters(node: Node) -> str:
    found = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
    if found is None:
        return "()"
    is_list = found.type == "formal_parameters"
    each = [one for one in found.named_children if one.type != "comment"] if is_list else [found]
    words = [without_comments(one).decode("utf-8", "replace") for one in each]
    text = f"({', '.join([_SPACE.sub(' ', word).strip() for word in words])})"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
