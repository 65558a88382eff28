"""Namespaces of TypeScript that contain only types."""

from __future__ import annotations

from tree_sitter import Node

# What leaves no code behind in a namespace, nor does a namespace of nothing else; and what is so
# where all in it is.
TYPES_ALONE = frozenset(
    "comment empty_statement interface_declaration type_alias_declaration function_signature"
    " export_clause".split()
)
DEEPEST = 50
AROUND = frozenset(
    "export_statement expression_statement internal_module module statement_block".split()
)


def is_types_alone(node: Node, depth: int = 0) -> bool:
    """Whether a namespace, or a statement in one, leaves no code behind; one nested too deep to
    tell does not.
    """
    if node.type not in AROUND:
        return node.type in TYPES_ALONE
    inner = node.child_by_field_name("body") or node.child_by_field_name("declaration")
    children = [inner] if inner else node.named_children
    return depth < DEEPEST and all(is_types_alone(child, depth + 1) for child in children)
