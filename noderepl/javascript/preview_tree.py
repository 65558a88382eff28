"""An expression as the tree that prelude/preview.js walks; text in, data out.

A node is a list: `["value", literal]`, `["number", digits, is_bigint]`, `["name", word]`,
`["template", texts, nodes]`, `["regex", pattern, flags]`, `["array", items]`, `["object", entries]`
of `["pair", key, node]`, `["spread", node]` as an item or an entry, `["member", node, key,
is_optional]`, `["call", node, items, is_optional]`, `["chain", node]` around what `?.` may end,
`["new", node, items]`, `["unary", operator, node]`, `["binary", operator, node, node]`, `["if",
node, node, node]`, and `["arrow", patterns, node]`; a pattern is a name, `["default", pattern,
node]`, `["list", patterns]` or `["members", [[key, pattern], …]]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import pairwise

from tree_sitter import Node

from noderepl.javascript.syntax import TooHard, parser
from noderepl.javascript.syntax import parse as parsed
from noderepl.javascript.validity import FOREIGN
from noderepl.lazy_dataclasses import dataclass

MOST_CHARACTERS = 1000
MOST_DEPTH = 60
_LITERALS = {"true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|(\D|0))")
_NUMBER = re.compile(r"0[xXoObB]\w+|(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_ASIDE = frozenset(["comment", "html_comment"])
_UNARY = frozenset("! - + ~ typeof void".split())
_BINARY = frozenset(
    "+ - * / % ** << >> >>> & | ^ < <= > >= == != === !== && || ?? in instanceof".split()
)
_LINKS = frozenset(["member_expression", "subscript_expression", "call_expression"])
_QUOTES = str.maketrans('"`', "''")
# Their value is what is typed.
_ITSELF = frozenset(["value", "number", "regex"])

Tree = list[object]


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression. tree: see above. names: the variables that it may read."""

    tree: Tree
    names: Sequence[str]


class _Unfit(Exception):
    """An expression that has no preview."""


def expression(text: str) -> Expression | None:
    """Returns the expression of a text; None if it is none, if it may have an effect, or if its
    value is what is typed. text: one line of at most MOST_CHARACTERS.
    """
    code = text.strip().rstrip(";").rstrip()
    if not code or len(code) > MOST_CHARACTERS or "\n" in code or FOREIGN.search(code):
        return None
    source = f"({code}\n)".encode("utf-8", "surrogatepass")
    try:
        root = parsed(parser(), source).root_node
        statement = _only(root)
        if root.has_error or statement.type != "expression_statement":
            return None
        inside = _only(statement)
        if inside.type != "parenthesized_expression" or inside.end_byte != len(source):
            return None
        walk = _Walk()
        tree = walk.node(_only(inside))
    except (_Unfit, TooHard):
        return None
    return None if tree[0] in _ITSELF else Expression(tree, sorted(walk.names))


def repeats(text: str, value: str) -> bool:
    """Returns whether a value says no more than the text that it is the value of."""
    return _bare(text) == _bare(value)


def _bare(text: str) -> str:
    return re.sub(r"[\s;]", "", text.translate(_QUOTES))


def _children(node: Node) -> list[Node]:
    return [child for child in node.named_children if child.type not in _ASIDE]


def _only(node: Node) -> Node:
    children = _children(node)
    if len(children) != 1:
        raise _Unfit
    return children[0]


def _text(node: Node | None) -> str:
    return "" if node is None else (node.text or b"").decode("utf-8", "surrogatepass")


def _field(node: Node, name: str) -> Node:
    child = node.child_by_field_name(name)
    if child is None:
        raise _Unfit
    return child


def _refuse_holes(node: Node) -> None:
    tokens = [child.type for child in node.children if child.type not in _ASIDE]
    if any(one in ("[", ",") and other == "," for one, other in pairwise(tokens)):
        raise _Unfit


def _unescaped(text: str) -> str:
    """Returns the characters of an escape sequence."""
    found = _ESCAPE.fullmatch(text)
    if found is None:
        raise _Unfit
    if found[4] is not None:
        return _ESCAPES.get(found[4], found[4])
    code = int(found[1] or found[2] or found[3], 16)
    if code > 0x10FFFF:
        raise _Unfit
    return chr(code)


@dataclass(slots=True)
class _Walk:
    """The walk over one expression. names: those that it has met. depth: of the present node."""

    names: set[str] = field(default_factory=set)
    depth: int = 0

    def node(self, node: Node) -> Tree:
        """Returns the tree of a node. Raises _Unfit."""
        convert = _KINDS.get(node.type)
        if convert is None or self.depth > MOST_DEPTH:
            raise _Unfit
        self.depth += 1
        tree = convert(self, node)
        self.depth -= 1
        return tree

    def literal(self, node: Node) -> Tree:
        return ["value", _LITERALS[node.type]]

    def name(self, node: Node) -> Tree:
        word = _text(node)
        if "\\" in word:
            raise _Unfit
        self.names.add(word)
        return ["name", word]

    def number(self, node: Node) -> Tree:
        text = _text(node).replace("_", "")
        is_bigint = text.endswith("n")
        digits = text[:-1] if is_bigint else text
        if not _NUMBER.fullmatch(digits):
            raise _Unfit
        return ["number", digits, is_bigint]

    def string(self, node: Node) -> Tree:
        return ["value", "".join(self._pieces(node))]

    def _pieces(self, node: Node) -> Iterator[str]:
        for child in node.named_children:
            yield _unescaped(_text(child)) if child.type == "escape_sequence" else _text(child)

    def template(self, node: Node) -> Tree:
        texts, nodes = [""], []
        for child in node.named_children:
            if child.type == "template_substitution":
                nodes.append(self.node(_only(child)))
                texts.append("")
            elif child.type == "escape_sequence":
                texts[-1] += _unescaped(_text(child))
            elif child.type == "string_fragment":
                texts[-1] += _text(child)
            else:
                raise _Unfit
        return ["template", texts, nodes] if nodes else ["value", texts[0]]

    def regex(self, node: Node) -> Tree:
        return ["regex", _text(_field(node, "pattern")), _text(node.child_by_field_name("flags"))]

    def items(self, node: Node) -> list[Tree]:
        """Returns the items of an array or the arguments of a call."""
        _refuse_holes(node)
        return [self._item(child) for child in _children(node)]

    def _item(self, node: Node) -> Tree:
        is_spread = node.type == "spread_element"
        return ["spread", self.node(_only(node))] if is_spread else self.node(node)

    def array(self, node: Node) -> Tree:
        return ["array", self.items(node)]

    def object(self, node: Node) -> Tree:
        return ["object", [self._entry(child) for child in _children(node)]]

    def _entry(self, node: Node) -> Tree:
        if node.type == "spread_element":
            return self._item(node)
        if node.type == "shorthand_property_identifier":
            return ["pair", ["value", _text(node)], self.name(node)]
        if node.type != "pair":
            raise _Unfit
        return ["pair", self._key(_field(node, "key")), self.node(_field(node, "value"))]

    def _key(self, node: Node) -> Tree:
        if node.type == "property_identifier":
            return ["value", _text(node)]
        return self.node(_only(node) if node.type == "computed_property_name" else node)

    def link(self, node: Node) -> Tree:
        """Returns the tree of a member, an index or a call, with what `?.` may end around it."""
        tree = self._link(node)
        return ["chain", tree] if self._has_optional(node) else tree

    def _has_optional(self, node: Node) -> bool:
        while node.type in _LINKS:
            if any(child.type in ("optional_chain", "?.") for child in node.children):
                return True
            node = _field(node, "function" if node.type == "call_expression" else "object")
        return False

    def _link(self, node: Node) -> Tree:
        is_optional = any(child.type in ("optional_chain", "?.") for child in node.children)
        is_call = node.type == "call_expression"
        owner = _field(node, "function" if is_call else "object")
        inner = self._nested(owner) if owner.type in _LINKS else self.node(owner)
        if is_call:
            arguments = _field(node, "arguments")
            if arguments.type != "arguments":
                raise _Unfit
            return ["call", inner, self.items(arguments), is_optional]
        if node.type == "subscript_expression":
            return ["member", inner, self.node(_field(node, "index")), is_optional]
        word = _field(node, "property")
        if word.type != "property_identifier" or "\\" in _text(word):
            raise _Unfit
        return ["member", inner, ["value", _text(word)], is_optional]

    def _nested(self, node: Node) -> Tree:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise _Unfit
        tree = self._link(node)
        self.depth -= 1
        return tree

    def new(self, node: Node) -> Tree:
        made, given = _field(node, "constructor"), node.child_by_field_name("arguments")
        return ["new", self.name(made), [] if given is None else self.items(given)]

    def unary(self, node: Node) -> Tree:
        operator = _text(_field(node, "operator"))
        if operator not in _UNARY:
            raise _Unfit
        return ["unary", operator, self.node(_field(node, "argument"))]

    def binary(self, node: Node) -> Tree:
        operator, left = _text(_field(node, "operator")), _field(node, "left")
        if operator not in _BINARY or left.type == "private_property_identifier":
            raise _Unfit
        return ["binary", operator, self.node(left), self.node(_field(node, "right"))]

    def ternary(self, node: Node) -> Tree:
        parts = ("condition", "consequence", "alternative")
        return ["if", *[self.node(_field(node, part)) for part in parts]]

    def parenthesized(self, node: Node) -> Tree:
        return self.node(_only(node))

    def arrow(self, node: Node) -> Tree:
        if any(child.type == "async" for child in node.children):
            raise _Unfit
        single = node.child_by_field_name("parameter")
        given = [single] if single else _children(_field(node, "parameters"))
        patterns = [self._pattern(child) for child in given]
        body = _field(node, "body")
        if body.type == "statement_block":
            body = _only(body)
            if body.type != "return_statement":
                raise _Unfit
            body = _only(body)
        return ["arrow", patterns, self.node(body)]

    def _pattern(self, node: Node) -> Tree:
        match node.type:
            case "identifier" | "shorthand_property_identifier_pattern":
                return ["name", _text(node)]
            case "assignment_pattern" | "object_assignment_pattern":
                default = self.node(_field(node, "right"))
                return ["default", self._pattern(_field(node, "left")), default]
            case "array_pattern":
                _refuse_holes(node)
                return ["list", [self._pattern(child) for child in _children(node)]]
            case "object_pattern":
                return ["members", [self._member(child) for child in _children(node)]]
            case _:
                raise _Unfit

    def _member(self, node: Node) -> Tree:
        if node.type == "pair_pattern":
            key = _field(node, "key")
            if key.type != "property_identifier":
                raise _Unfit
            return [_text(key), self._pattern(_field(node, "value"))]
        pattern = self._pattern(node)
        name = pattern[1] if pattern[0] == "default" else pattern
        assert isinstance(name, list)
        return [name[1], pattern]


_KINDS: Mapping[str, Callable[[_Walk, Node], Tree]] = {
    **dict.fromkeys(_LITERALS, _Walk.literal),
    "identifier": _Walk.name,
    "undefined": _Walk.name,
    "number": _Walk.number,
    "string": _Walk.string,
    "template_string": _Walk.template,
    "regex": _Walk.regex,
    "array": _Walk.array,
    "object": _Walk.object,
    "member_expression": _Walk.link,
    "subscript_expression": _Walk.link,
    "call_expression": _Walk.link,
    "new_expression": _Walk.new,
    "unary_expression": _Walk.unary,
    "binary_expression": _Walk.binary,
    "ternary_expression": _Walk.ternary,
    "parenthesized_expression": _Walk.parenthesized,
    "arrow_function": _Walk.arrow,
}
