"""What a snippet declares, imports and refers to at its top level, for script_text.py.

Positions are byte offsets of the parsed source. A snippet that tree-sitter cannot parse has no
facts: its text goes into the script as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Literal, cast

from tree_sitter import Node

from noderepl.javascript import scopes
from noderepl.javascript.analysis import Assignment
from noderepl.javascript.analyze import choose
from noderepl.javascript.patterns import NAMES
from noderepl.javascript.references import types_alone
from noderepl.javascript.syntax import TooHard
from noderepl.lazy_dataclasses import dataclass

FUNCTIONS = ("function_declaration", "generator_function_declaration")
CLASSES = ("class_declaration", "abstract_class_declaration")
VARIABLES = ("lexical_declaration", "variable_declaration")
_TRANSFORMED = frozenset(["enum_declaration", "internal_module", "module", "decorator"])
_PLAIN = ("assignment_expression", "augmented_assignment_expression", "update_expression")
_OWN_THIS = frozenset(
    [*"function_expression generator_function method_definition class_body".split(), *FUNCTIONS]
)
_OWN_AWAIT = _OWN_THIS | {"arrow_function"}
_LITERALS = frozenset("string number true false null arrow_function function_expression".split())


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a session. text: of a snippet, or of a magic. number: of the snippet, None if it
    has none. has_value: whether the snippet had a value, which later ones know as `_` and `_N`.
    """

    text: str
    number: int | None = None
    has_value: bool = False
    is_magic: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """One name of an import. module: as typed, with its quotes and attributes. exported: "*" for
    the namespace. is_type: whether it is known to be a type.
    """

    module: str
    exported: str
    local: str
    is_type: bool = False


@dataclass(frozen=True, slots=True)
class Declared:
    """One statement that declares names. node: the declaration, without `export`. is_hoisted: a
    `var`, which may be declared twice.
    """

    names: tuple[str, ...]
    node: Node
    is_hoisted: bool = False


@dataclass(slots=True)
class Part:
    """A snippet and its facts.

    references: the names that no inner scope binds, declared ones included. assigned: those of
    them that are assigned. imports: by the position of their statement; empty for one without
    names. this: the positions of `this` outside functions. is_module: whether only a module can
    have its code. needs_transform: whether it has TypeScript that is more than types.
    """

    step: Step
    source: bytes
    root: Node | None = None
    is_typescript: bool = False
    brace: int | None = None
    references: list[Assignment] = field(default_factory=list)
    assigned: frozenset[str] = frozenset()
    declarations: list[Declared] = field(default_factory=list)
    imports: dict[int, tuple[Node, list[Import]]] = field(default_factory=dict)
    this: list[int] = field(default_factory=list)
    is_module: bool = False
    needs_transform: bool = False

    @property
    def statements(self) -> list[Node]:
        """The statements of the snippet, without comments."""
        if self.root is None:
            return []
        return [one for one in self.root.named_children if one.type not in _EMPTY]

    def text(self, node: Node) -> str:
        """Returns the text of a node."""
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")


_EMPTY = frozenset(["comment", "html_comment", "empty_statement", "hash_bang_line"])


def part(step: Step, typescript: Literal["auto", "on", "off"]) -> Part:
    """Returns a step with its facts. typescript: as for analyze()."""
    source = step.text.removeprefix("\ufeff").encode("utf-8", "replace")
    try:
        reading = None if step.is_magic else choose(source, typescript, may_be_object=True)
    except TooHard:
        reading = None
    if reading is None:
        return Part(step, source)
    root, source = reading.root, reading.source
    walk = _References(source)
    walk.run(root)
    found = Part(step, source, root, reading.is_typescript, reading.brace)
    found.references = sorted(walk.found.assignments, key=lambda one: one.start)
    found.assigned = frozenset(one.name for one in reading.found.assignments)
    found.needs_transform = reading.is_typescript and walk.has_transformed
    found.this = [node.start_byte for node in _outside(root, _OWN_THIS) if node.type == "this"]
    awaits = any(node.type == "await" for node in _outside(root, _OWN_AWAIT))
    found.is_module = awaits or bool(reading.found.metas)
    types = types_alone(root, source) if reading.is_typescript else frozenset()
    for statement in found.statements:
        if statement.type == "import_statement":
            found.imports[statement.start_byte] = statement, list(_imports(statement, found, types))
            found.is_module = True
    known = {node.start_byte: node for node in _declarations(root)}
    for one in reading.found.declarations:
        node = known.get(one.start) or root.descendant_for_byte_range(one.start, one.end)
        if one.kind == "var" and node is not None and node.type == "var" and node.parent:
            node = node.parent
        if node is not None and one.kind not in ("enum", "using"):
            found.declarations.append(Declared(one.names, node, one.kind == "var"))
    return found


def is_pure(one: Declared) -> bool:
    """Returns whether a declaration only makes a function, a class or a literal, so that nothing
    else happens where it is left out.
    """
    node = one.node
    if node.type in FUNCTIONS:
        return True
    if node.type in CLASSES:
        body = node.child_by_field_name("body")
        members = body.named_children if body is not None else []
        plain = all(member.type in ("method_definition", "comment") for member in members)
        return plain and not any(b"[" in (_name(member).text or b"") for member in members)
    if node.type not in VARIABLES or len(node.named_children) != 1:
        return False
    value = node.named_children[0].child_by_field_name("value")
    return value is not None and value.type in _LITERALS


def _name(member: Node) -> Node:
    return member.child_by_field_name("name") or member


def _declarations(root: Node) -> Iterator[Node]:
    """Yields the program's own declarations, without their `export`."""
    for node in root.named_children:
        inner = node.child_by_field_name("declaration")
        yield inner if node.type == "export_statement" and inner is not None else node


def _outside(root: Node, functions: frozenset[str]) -> Iterator[Node]:
    """Yields the nodes of a tree that are in none of these functions, in order."""
    cursor = root.walk()
    while True:
        node = cursor.node
        assert node is not None
        yield node
        if node.type not in functions and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _imports(node: Node, found: Part, types: frozenset[str]) -> Iterator[Import]:
    """Yields the names of an import; nothing for one of types alone or without names."""
    source = node.child_by_field_name("source")
    clause = next((one for one in node.named_children if one.type == "import_clause"), None)
    if source is None or clause is None or any(one.type == "type" for one in node.children):
        return
    module = found.source[source.start_byte : node.end_byte].decode("utf-8", "replace").rstrip(";")
    for child in clause.named_children:
        if child.type == "identifier":
            yield Import(module, "default", found.text(child), found.text(child) in types)
        elif child.type == "namespace_import":
            yield Import(module, "*", found.text(child.named_children[-1]))
        for one in child.named_children if child.type == "named_imports" else ():
            name = one.child_by_field_name("name")
            if one.type == "import_specifier" and name is not None:
                local = found.text(one.child_by_field_name("alias") or name)
                is_type = local in types or any(word.type == "type" for word in one.children)
                yield Import(module, found.text(name), local, is_type)


class _References(scopes.Walk):
    """Finds the names that no inner scope binds, wherever they stand."""

    def __init__(self, source: bytes) -> None:
        super().__init__(source, cast("dict[str, Callable[[scopes.Walk, Node], bool]]", _ENTER))
        self.has_transformed = False

    def name(self, node: Node) -> bool:
        self._scopes.assign(node)
        return True

    def transformed(self, node: Node) -> bool:
        self.has_transformed = self.has_transformed or node.is_named
        enter = scopes.ENTER[node.type]
        return enter(self, node)

    def parameter(self, node: Node) -> bool:
        """A parameter with a modifier is also a property of the object."""
        if any(one.type in ("accessibility_modifier", "readonly") for one in node.children):
            self.has_transformed = True
        return True


_ENTER: dict[str, Callable[[_References, Node], bool]] = {
    **{kind: enter for kind, enter in scopes.ENTER.items() if kind not in _PLAIN},
    **dict.fromkeys(NAMES, _References.name),
    **dict.fromkeys(_TRANSFORMED, _References.transformed),
    "required_parameter": _References.parameter,
    "optional_parameter": _References.parameter,
}
