"""A snippet as the body of a function, so that an instrument can call it in a loop.

The names that it declares are those of one call. Its value is that of its last statement, if that
is an expression.
"""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from noderepl.javascript.analysis import Analysis, Declaration, Edit, Offsets
from noderepl.javascript.syntax import TooHard, parse, parser, typescript_parser

_FUNCTIONS = frozenset(
    "function_declaration function_expression generator_function generator_function_declaration"
    " arrow_function method_definition class_static_block".split()
)


def as_function(analysis: Analysis, *, global_name: str) -> Analysis:
    """Returns the analysis of a text that passes a snippet to `measured` as a function; unchanged
    if the snippet has a syntax error, which the engine reports.

    analysis: of the snippet. global_name: the identifier of the prelude. The function is async if
    the snippet awaits.
    """
    text = analysis.text
    source = text.encode("utf-8", "surrogatepass")
    try:
        root = parse(typescript_parser() if analysis.is_typescript else parser(), source).root_node
    except TooHard:
        return analysis
    is_object = (
        bool(analysis.edits)
        and analysis.edits[-1].text.endswith(")")
        and any(edit.text == "(" and edit.start == edit.end for edit in analysis.edits)
    )
    if analysis.refusal is not None or (root.has_error and not is_object):
        return analysis
    offsets = Offsets(source)
    last = next((one for one in reversed(root.named_children) if one.type != "comment"), None)
    start = None
    if is_object:
        start = 0
    elif last is not None and last.type == "expression_statement":
        start = offsets(last.start_byte)
    is_async = _awaits(root) or any(one.type == "import_statement" for one in root.named_children)
    head = f"await {global_name}.measured({'async ' if is_async else ''}() => {{"
    edits = [
        Edit(0, 0, head),
        *([] if start is None else [Edit(start, start, "return ")]),
        *analysis.edits,
        *(edit for one in analysis.declarations for edit in _local(one, text)),
        Edit(offsets(len(source)), offsets(len(source)), "\n})"),
    ]
    own = {name for one in analysis.declarations for name in one.names}
    assignments = tuple(one for one in analysis.assignments if one.name not in own)
    return replace(analysis, edits=tuple(edits), declarations=(), assignments=assignments)


def _local(one: Declaration, text: str) -> list[Edit]:
    """Returns the edit that completes a declaration whose keyword the session would choose."""
    units = text.encode("utf-16-le", "surrogatepass")
    keyword = units[2 * one.start : 2 * one.end].decode("utf-16-le", "replace")
    if one.kind == "enum":
        return [Edit(one.start, one.end, "var")]
    if keyword == "import":
        return [Edit(one.start, one.end, "const")]
    is_new = one.start == one.end and one.kind in ("let", "const", "using")
    return [Edit(one.start, one.end, "let")] if is_new else []


def _awaits(node: Node) -> bool:
    """Returns whether code of the snippet itself awaits, not of its functions."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.type == "await_expression" or (
            one.type == "for_in_statement" and any(child.type == "await" for child in one.children)
        ):
            return True
        if one.type == "await":  # of `await using`
            return True
        waiting += [child for child in one.children if child.type not in _FUNCTIONS]
    return False
