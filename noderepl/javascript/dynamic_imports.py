"""Whether an `import()` or `import.meta` is valid at its place.

The rewriting makes it a member of an object, which is valid everywhere; an invalid one is not
rewritten, so that the engine rejects it.
"""

from __future__ import annotations

from tree_sitter import Node

_MOST_ARGUMENTS = 2
_ASSIGNMENTS = ("assignment_expression", "augmented_assignment_expression", "for_in_statement")


def is_valid_call(call: Node | None) -> bool:
    """Returns whether a call of `import` has one or two arguments, none of them spread, and is
    neither what `new` constructs nor the target of an assignment.

    call: the node of the call.
    """
    arguments = None if call is None else call.child_by_field_name("arguments")
    if call is None or arguments is None:
        return False
    given = [one.type for one in arguments.named_children if one.type != "comment"]
    return (
        1 <= len(given) <= _MOST_ARGUMENTS
        and "spread_element" not in given
        and arguments.type == "arguments"
        and not is_target(call)
        and not _is_constructed(call)
    )


def is_target(node: Node) -> bool:
    """Returns whether a value is assigned to the expression, which may be in parentheses."""
    parent = node.parent
    while parent is not None and parent.type == "parenthesized_expression":
        node, parent = parent, parent.parent
    if parent is None:
        return False
    if parent.type == "update_expression":
        return True
    return parent.type in _ASSIGNMENTS and parent.child_by_field_name("left") == node


def _is_constructed(node: Node) -> bool:
    """Returns whether `new` is applied to the node or to a member of it."""
    parent = node.parent
    while parent is not None and parent.type in ("member_expression", "subscript_expression"):
        if parent.child_by_field_name("object") != node:
            return False
        node, parent = parent, parent.parent
    return (
        parent is not None
        and parent.type == "new_expression"
        and parent.child_by_field_name("constructor") == node
    )
