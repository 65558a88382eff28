"""Which module a name of a snippet comes from: `import` statements and calls of require()."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from tree_sitter import Node

from noderepl.javascript.syntax import TooHard, parse, parser
from noderepl.lazy_dataclasses import dataclass

# The latest snippets, and the characters of one, that are searched.
MOST_SNIPPETS, MOST_CHARACTERS = 500, 100_000


@dataclass(frozen=True, slots=True)
class Imported:
    """specifier: of a module. exported: the name in it, `default`, or `*` for all of it."""

    specifier: str
    exported: str


def imported(name: str, snippets: Sequence[str]) -> Imported | None:
    """Returns what the latest snippet that imports this name has bound it to, None if none does."""
    for text in islice(reversed(snippets), MOST_SNIPPETS):
        is_candidate = name in text and ("import" in text or "require" in text)
        if name and is_candidate and len(text) <= MOST_CHARACTERS:
            try:
                root = parse(parser(), text.encode("utf-8", "surrogatepass")).root_node
            except TooHard:
                continue
            found = next((one for bound, one in _bindings(root) if bound == name), None)
            if found is not None:
                return found
    return None


def _bindings(root: Node) -> Iterator[tuple[str, Imported]]:
    for statement in reversed(root.named_children):
        if statement.type == "import_statement":
            yield from _of_import(statement)
        elif statement.type in ("lexical_declaration", "variable_declaration"):
            for declarator in statement.named_children:
                yield from _of_declarator(declarator)


def _of_import(statement: Node) -> Iterator[tuple[str, Imported]]:
    specifier = _string(statement.child_by_field_name("source"))
    clause = next((one for one in statement.named_children if one.type == "import_clause"), None)
    for part in clause.named_children if clause is not None else ():
        if part.type == "identifier":
            yield _text(part), Imported(specifier, "default")
        elif part.type == "namespace_import":
            yield _text(part.named_children[-1]), Imported(specifier, "*")
        else:
            for one in part.named_children:
                name, alias = (one.child_by_field_name(field) for field in ("name", "alias"))
                if name is not None:
                    yield _text(alias or name), Imported(specifier, _text(name))


def _of_declarator(declarator: Node) -> Iterator[tuple[str, Imported]]:
    name, value = (declarator.child_by_field_name(field) for field in ("name", "value"))
    specifier, exported = _loaded(value)
    if name is None or not specifier:
        return
    if name.type == "identifier":
        yield _text(name), Imported(specifier, exported)
    for one in name.named_children if name.type == "object_pattern" and exported == "*" else ():
        if one.type == "shorthand_property_identifier_pattern":
            yield _text(one), Imported(specifier, _text(one))
        key, bound = (one.child_by_field_name(field) for field in ("key", "value"))
        if key is not None and bound is not None and bound.type == "identifier":
            yield _text(bound), Imported(specifier, _text(key))


def _loaded(value: Node | None) -> tuple[str, str]:
    """Returns the specifier and the export of `require('x')`, `require('x').y` or `await
    import('x')`, two empty texts for any other expression.
    """
    exported = "*"
    if value is not None and value.type == "member_expression":
        member = value.child_by_field_name("property")
        exported = _text(member) if member is not None else "*"
        value = value.child_by_field_name("object")
    while value is not None and value.type in ("await_expression", "parenthesized_expression"):
        value = value.named_children[0] if value.named_children else None
    if value is None or value.type != "call_expression":
        return "", ""
    called, arguments = (value.child_by_field_name(field) for field in ("function", "arguments"))
    is_load = called is not None and _text(called) in ("require", "import")
    given = arguments.named_children if arguments is not None else []
    return (_string(given[0]), exported) if is_load and len(given) == 1 else ("", "")


def _string(node: Node | None) -> str:
    return _text(node)[1:-1] if node is not None and node.type == "string" else ""


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
