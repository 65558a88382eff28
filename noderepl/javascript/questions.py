"""Questions at the prompt: `expr?` and `expr??`, and what the session may read of an expression."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from noderepl.javascript.syntax import TooHard, nodes, parse, parser
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

# Characters; a longer line is no question.
LONGEST = 2000
_CHAINS = frozenset(["member_expression", "subscript_expression", "call_expression"])
_LITERALS = frozenset("string template_string regex number true false null undefined".split())
_IN_LITERALS = _LITERALS | frozenset(
    """string_fragment escape_sequence regex_pattern regex_flags array object pair
    property_identifier parenthesized_expression""".split()
)
_MADE = frozenset("Date Map Set WeakMap WeakSet URL URLSearchParams Error".split())
_CALLS = frozenset(["get", "at"])
_NAME = lazy_pattern(r"[^\W\d][\w$]*|\$[\w$]*")


@dataclass(frozen=True, slots=True)
class Question:
    """`expr?` or `expr??`. expression: without its question marks. wants_source: whether there are
    two.
    """

    expression: str
    wants_source: bool


@dataclass(frozen=True, slots=True)
class Path:
    """How to reach a value without running code of a snippet.

    root: the JavaScript of the value it begins with. name: `root` if that is a name, else "". made:
    the class behind `new`, "" if there is none. steps: ("key", JavaScript) and ("call", method,
    JavaScript of the argument). keys: the names of the members on the way; None for any other step.
    """

    root: str
    name: str
    made: str
    steps: tuple[tuple[str, ...], ...]
    keys: tuple[str | None, ...]


def question(line: str) -> Question | None:
    """Returns the question that an input is; None if the input is JavaScript or a magic.

    A question is one line: names, members, calls or literals, and a question mark at the end or at
    the beginning. JavaScript continues behind a question mark, so that no whole line of it ends in
    one.
    """
    text = line.strip()
    if not 1 < len(text) <= LONGEST or "\n" in text or not (text[-1] == "?" or text[0] == "?"):
        return None
    if text[0] == "?":
        bare = text.lstrip("?")
        marks = len(text) - len(bare)
    else:
        bare = text.rstrip("?")
        marks = len(text) - len(bare)
    if marks > 2 or bare.endswith(";"):
        return None
    expression = bare.strip()
    return Question(expression, marks == 2) if _is_chain(expression) else None


def path(expression: str) -> Path | None:
    """Returns how to reach the value of an expression, None if that may run code of a snippet."""
    try:
        node = _only(expression)
    except TooHard:
        return None
    return None if node is None else _path(node)


def _is_chain(expression: str) -> bool:
    """Returns whether an expression has only names, members, calls and literals."""
    try:
        node = _only(expression)
    except TooHard:
        return False
    while node is not None and node.type in _CHAINS:
        field = "function" if node.type == "call_expression" else "object"
        node = node.child_by_field_name(field)
    if node is None:
        return False
    return (
        node.type in _LITERALS
        or node.type in ("identifier", "this", "array", "new_expression")
        or node.type in ("class", "object", "arrow_function", "function_expression")
        or node.type == "parenthesized_expression"
    )


def _only(expression: str) -> Node | None:
    """Returns the expression that a text is, None if it is anything else."""
    source = f"({expression}\n)".encode("utf-8", "surrogatepass")
    root = parse(parser(), source).root_node
    statements = root.named_children
    if root.has_error or len(statements) != 1 or statements[0].type != "expression_statement":
        return None
    outer = statements[0].named_children
    if len(outer) != 1 or outer[0].type != "parenthesized_expression":
        return None
    # `a) + (b` would be two.
    inner = outer[0].named_children
    is_whole = outer[0].start_byte == 0 and outer[0].end_byte == len(source)
    return inner[0] if is_whole and len(inner) == 1 and inner[0].type != "comment" else None


def _path(node: Node) -> Path | None:
    steps: list[tuple[str, ...]] = []
    keys: list[str | None] = []
    while node.type in _CHAINS:
        step, key = _step(node)
        if step is None:
            return None
        steps.append(step)
        keys.append(key)
        called = node.child_by_field_name("function")
        inner = (called or node).child_by_field_name("object")
        if inner is None:
            return None
        node = inner
    root, made = _text(node), ""
    if node.type == "new_expression":
        constructor = node.child_by_field_name("constructor")
        made = _text(constructor) if constructor is not None else ""
        arguments = node.child_by_field_name("arguments")
        is_plain = made in _MADE and (arguments is None or _is_literal(arguments))
    else:
        is_plain = node.type in ("identifier", "this") or _is_literal(node)
    if not is_plain:
        return None
    name = root if node.type == "identifier" and _NAME.fullmatch(root) else ""
    return Path(root, name, made, tuple(reversed(steps)), tuple(reversed(keys)))


def _step(node: Node) -> tuple[tuple[str, ...] | None, str | None]:
    """Returns the step that a node adds, and the name of the member."""
    if node.type == "member_expression":
        member = node.child_by_field_name("property")
        if member is None or member.type != "property_identifier":
            return None, None
        return ("key", _quoted(_text(member))), _text(member)
    if node.type == "subscript_expression":
        index = node.child_by_field_name("index")
        if index is None or index.type not in ("string", "number"):
            return None, None
        name = _text(index)[1:-1] if index.type == "string" else None
        return ("key", _text(index)), name
    called, arguments = (node.child_by_field_name(one) for one in ("function", "arguments"))
    member = called.child_by_field_name("property") if called is not None else None
    given = arguments.named_children if arguments is not None else []
    is_known = member is not None and _text(member) in _CALLS and len(given) == 1
    if not is_known or not all(_is_argument(one) for one in given) or member is None:
        return None, None
    return ("call", _quoted(_text(member)), _text(given[0])), None


def _is_argument(node: Node) -> bool:
    if node.type == "unary_expression":
        value = node.child_by_field_name("argument")
        return _text(node).startswith("-") and value is not None and value.type == "number"
    return node.type in _LITERALS and _is_literal(node)


def _is_literal(node: Node) -> bool:
    return all(one.type in _IN_LITERALS | {"arguments"} for one in _named(node))


def _named(node: Node) -> Iterator[Node]:
    return (one for one in nodes(node) if one.is_named)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _quoted(name: str) -> str:
    return f'"{name}"'
