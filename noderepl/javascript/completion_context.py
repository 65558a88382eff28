"""What is before the cursor, for completion: a member of an expression, a name, or a module."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from tree_sitter import Node

from noderepl.javascript import preview_tree
from noderepl.javascript.completeness import LineEnd, line_end
from noderepl.javascript.syntax import CLOSERS, OPENERS, TooHard, nodes, parse, parser
from noderepl.lazy_dataclasses import dataclass

# Characters; a longer text has no completion in the session.
MOST_CHARACTERS, MOST_EXPRESSION = 100_000, 2000
_LONGEST_HEAD = 200  # of `import name,` before a brace
_WORD = re.compile(r"[\w$]*\Z")
_MODULE = re.compile(
    r"""\b(?:require(?:\.resolve)?\s*+\(\s*+|from\s*+|import\s*+(?:\(\s*+)?)"""
    r"""(['"])([^'"\n\\]*)\Z"""
)
_KEY = re.compile(r"""\[\s*(['"])([^'"\n\\]*)\Z""")
_DECLARES = re.compile(r"(?<![\w$.])(?:const|let|var)\Z")
_NO_NAME = re.compile(r"[^\w$]")
_IMPORTS = re.compile(r"(?<![\w$.])import(?:\s+type)?(?:\s+[\w$]+\s*,)?\Z")
_FROM = re.compile(r"""[^{}]*\}\s*+from\s*+(['"])([^'"\n\\]+)\1""")
_LOADED = re.compile(r"""(?:await\s+import|require)\s*\(\s*(['"])([^'"\n\\]+)\1\s*\)""")
_ASSIGNED = re.compile(r"[^{}\n]*\}\s*=\s*([^;\n]+)")
# Nodes that are one token if they are whole.
_ATOMS = frozenset("string template_string regex number comment html_comment".split())
_WORDS = frozenset(
    "identifier property_identifier private_property_identifier this super import".split()
)
_LITERALS = frozenset("string template_string regex number true false null".split())
_ENDS = _WORDS | _LITERALS | CLOSERS
_DOTS = frozenset([".", "?.", "optional_chain"])
# What an expression may consist of whose value V8 computes: no operator and no function, and of
# calls only those that take no time for any value. V8 stops neither a long call of a built-in nor
# one operation on long numbers. prelude/expressions.js computes that of other expressions.
_PLAIN = frozenset(
    """identifier property_identifier private_property_identifier shorthand_property_identifier
    member_expression subscript_expression optional_chain parenthesized_expression string
    string_fragment escape_sequence template_string number regex regex_pattern regex_flags array
    object pair computed_property_name true false null undefined this arguments call_expression
    new_expression comment html_comment""".split()
)
_CALLS = frozenset("get at valueOf deref".split())
_CLASSES = frozenset("Date Map Set WeakMap WeakSet URL URLSearchParams Error".split())
_HEADS = frozenset("if while for with switch catch".split())
_OPEN = {closer: frozenset(one for one in OPENERS if OPENERS[one] == closer) for closer in CLOSERS}


@dataclass(frozen=True, slots=True)
class Context:
    """What completion is about.

    kind: a member of `expression`, a key of it in brackets and quotes, a name, a module's name, an
    export of the module `expression`, or text, which is no code. word: the part of it before the
    cursor. quote: around a key. before: the text before a name. is_optional: whether a member is
    behind `?.`. is_pattern: whether it is a name in a pattern.
    """

    kind: Literal["member", "key", "name", "module", "export", "text"]
    word: str = ""
    expression: str = ""
    quote: str = ""
    before: str = ""
    is_optional: bool = False
    is_pattern: bool = False


def context(text: str) -> Context:
    """Returns the context at the end of a text. text: what is before the cursor."""
    if len(text) > MOST_CHARACTERS:
        return Context("text")
    if module := _MODULE.search(text):
        return Context("module", module[2])
    try:
        if line_end(text) is LineEnd.TEXT:
            return _in_text(text)
        return _in_code(text)
    except TooHard:
        return Context("text")


def destructured(text: str, after: str) -> Context | None:
    """Returns the context of a name in `const { name } = expression` or `import { name } from`
    a module, None outside of a pattern.

    text, after: what is before and behind the cursor.
    """
    if len(text) > MOST_CHARACTERS:
        return None
    head, brace, names = text.rpartition("{")
    if not brace or {*"}()="} & {*names}:
        return None
    head, rest = head.rstrip()[-_LONGEST_HEAD:], after[: 2 * MOST_EXPRESSION]
    name = names.rpartition(",")[2].lstrip()
    if _IMPORTS.search(head):
        module = _FROM.match(rest)
        return None if module is None else _export(name, module[2])
    if _DECLARES.search(head) is None:
        return None
    value = _ASSIGNED.match(rest)
    if value is None or _NO_NAME.search(name):
        return Context("text")
    expression = value[1].strip()
    if module := _LOADED.fullmatch(expression):
        return _export(name, module[2])
    if not is_plain(expression) and preview_tree.expression(expression) is None:
        return Context("text")
    return Context("member", name, expression, is_pattern=True)


def _export(name: str, module: str) -> Context:
    if _NO_NAME.search(name):
        return Context("text")
    return Context("export", name, module, is_pattern=True)


def _in_text(text: str) -> Context:
    key = _KEY.search(text)
    if key is None:
        return Context("text")
    expression = _expression(text[: key.start()])
    return Context("key", key[2], expression, key[1]) if expression else Context("text")


def _in_code(text: str) -> Context:
    found = _WORD.search(text)
    word = found[0] if found else ""
    before = text[: len(text) - len(word)].rstrip()
    if word[:1].isdigit():
        return Context("text")
    if not before.endswith(".") or before.endswith("..."):
        if _is_inside_token(text):
            return Context("text")
        return Context("name", word, before=text[: len(text) - len(word)])
    is_optional = before.endswith("?.")
    expression = _expression(before[: -2 if is_optional else -1])
    # A number may end in a dot.
    if expression is None or re.search(r"(?<![\w$.])\d+\Z", expression):
        return Context("text")
    return Context("member", word, expression, is_optional=is_optional)


def _is_inside_token(text: str) -> bool:
    """Returns whether a text ends in a comment or in a regular expression that it leaves open."""
    tokens = list(_tokens(text))
    if not tokens:
        return False
    last = tokens[-1]
    return last.type in ("comment", "html_comment", "regex_pattern")


def _expression(text: str) -> str | None:
    """Returns the chain of members and calls in which a text ends, None if there is none."""
    source = text.encode("utf-8", "surrogatepass")
    tokens = list(_tokens(text))
    if not tokens or tokens[-1].end_byte < len(source.rstrip()):
        return None
    start = _chain(tokens, len(tokens) - 1)
    if start is None:
        return None
    found = source[tokens[start].start_byte :].decode("utf-8", "replace").strip()
    return found if is_plain(found) or preview_tree.expression(found) else None


def is_plain(expression: str) -> bool:
    """Returns whether the evaluation of an expression takes no time, whatever its values are."""
    if len(expression) > MOST_EXPRESSION:
        return False
    try:
        root = parse(parser(), f"({expression}\n)".encode("utf-8", "surrogatepass")).root_node
    except TooHard:
        return False
    statements = root.named_children
    if root.has_error or len(statements) != 1 or statements[0].type != "expression_statement":
        return False
    return all(
        (node.type in _PLAIN and _is_plain_call(node))
        for node in nodes(statements[0])
        if node.is_named and node.type != "expression_statement"
    )


def _is_plain_call(node: Node) -> bool:
    if node.type == "property_identifier":
        return node.text != b"stack"  # a snippet's Error.prepareStackTrace makes it
    if node.type == "new_expression":
        made = node.child_by_field_name("constructor")
        return made is not None and (made.text or b"").decode("utf-8", "replace") in _CLASSES
    if node.type != "call_expression":
        return True
    called = node.child_by_field_name("function")
    member = None if called is None else called.child_by_field_name("property")
    return member is not None and (member.text or b"").decode("utf-8", "replace") in _CALLS


def _chain(tokens: Sequence[Node], last: int) -> int | None:
    """Returns the index of the first token of the chain that ends with a token."""
    at = last
    while at >= 0:
        kind = tokens[at].type
        if kind in CLOSERS:
            start = _opening(tokens, at)
            if start is None:
                return None
            before = tokens[start - 1].type if start > 0 else ""
            if kind != "}" and (before in _ENDS or before in _DOTS):
                at = start - (2 if before in _DOTS else 1)
                continue
            if kind == "}" or before in _HEADS or before == "function":
                return None
            return start
        if kind not in _ENDS:
            return None
        before = tokens[at - 1].type if at > 0 else ""
        if before in _DOTS or (kind == "template_string" and before in _ENDS):
            at -= 2 if before in _DOTS else 1
            continue
        return at - 1 if before == "new" else at
    return None


def _opening(tokens: Sequence[Node], closing: int) -> int | None:
    """Returns the index of the bracket that a bracket closes."""
    depth = 0
    for at in range(closing, -1, -1):
        if tokens[at].type in CLOSERS:
            depth += 1
        elif tokens[at].type in OPENERS:
            depth -= 1
            if depth == 0:
                return at if tokens[at].type in _OPEN[tokens[closing].type] else None
    return None


def _tokens(text: str) -> Iterator[Node]:
    """Yields the tokens of a text, whole strings, templates and the like as one; no comments but
    the last one.
    """
    source = text.encode("utf-8", "surrogatepass")
    cursor = parse(parser(), source).root_node.walk()
    while True:
        node = cursor.node
        assert node is not None
        is_atom = node.type in _ATOMS and not node.has_error
        if is_atom or not cursor.goto_first_child():
            if node.end_byte > node.start_byte and not (
                node.type == "comment" and node.end_byte < len(source.rstrip())
            ):
                yield node
            while not cursor.goto_next_sibling():
                if not cursor.goto_parent():
                    return
