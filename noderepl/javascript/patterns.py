"""The names in a pattern, which a declaration binds or an assignment assigns to."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from noderepl.lazy_patterns import lazy_pattern

NAMES = frozenset(
    ["identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"]
)
PATTERNS = frozenset(["object_pattern", "array_pattern"])
# Only the first named child of these determines which name is meant.
WRAPPERS = frozenset(
    [
        "rest_pattern",
        "parenthesized_expression",
        "non_null_expression",
        "as_expression",
        "satisfies_expression",
    ]
)
_ESCAPE = lazy_pattern(r"\\u(?:([0-9a-fA-F]{4})|\{([0-9a-fA-F]{1,6})\})")


def name_of(node: Node, source: bytes) -> str:
    """Returns the name of an identifier, however it was typed (`\\u0061` is `a`)."""
    name = source[node.start_byte : node.end_byte].decode("utf-8", "surrogatepass")
    return _ESCAPE.sub(_character, name) if "\\" in name else name


def _character(escape: re.Match[str]) -> str:
    code = int(escape[1] or escape[2], 16)
    return chr(code) if code <= 0x10FFFF else escape[0]


def declared(node: Node) -> Iterator[Node | None]:
    """Returns the names or patterns of a `let`, `const`, `var` or `using`."""
    return (
        one.child_by_field_name("name")
        for one in node.named_children
        if one.type == "variable_declarator"
    )


def plain_names(target: Node | None) -> Iterator[Node]:
    """Yields the identifiers that a pattern binds or assigns to, in order; skips members and
    others.
    """
    left = [target]
    while left:
        node = left.pop()
        if node is None:
            continue
        kind = node.type
        if kind in NAMES:
            yield node
        elif kind in PATTERNS:
            left += reversed(node.named_children)
        elif kind == "pair_pattern":
            left.append(node.child_by_field_name("value"))
        elif kind in ("assignment_pattern", "object_assignment_pattern"):
            left.append(node.child_by_field_name("left"))
        elif kind in ("required_parameter", "optional_parameter"):
            left.append(node.child_by_field_name("pattern"))
        elif kind in WRAPPERS:
            left += [child for child in node.named_children if child.type != "comment"][:1]
        elif kind == "type_assertion":
            left.append(node.named_children[-1])
