"""The JavaScript of TypeScript's enums, namespaces and parameter properties.

An enum or a namespace becomes a variable and a function that is called once with its object, as the
TypeScript compiler makes it. All typed code stays in its order; only the syntax around it changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from tree_sitter import Node

from noderepl.javascript.edit_list import EditList
from noderepl.javascript.patterns import name_of
from noderepl.javascript.type_namespaces import is_types_alone
from noderepl.lazy_dataclasses import dataclass

_NAMED = frozenset(
    "class_declaration abstract_class_declaration function_declaration internal_module module"
    " generator_function_declaration enum_declaration".split()
)
_MEMBERS = frozenset(["enum_declaration", "internal_module", "module"])
_VARIABLES = frozenset(["lexical_declaration", "variable_declaration"])
_PROPERTY_MARKS = frozenset(["accessibility_modifier", "override_modifier", "readonly"])
_OTHER_THIS = frozenset(
    "function_declaration function_expression generator_function class class_declaration"
    " generator_function_declaration method_definition".split()
)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an enum or a namespace is. is_merged: whether a declaration above has its name. owner:
    the namespace that exports it. is_global: whether it is a statement of the program.
    """

    is_merged: bool = False
    owner: str | None = None
    is_global: bool = False


class Members:
    """Makes the objects of enums and namespaces.

    `.owners`: where a body begins, and the names of its objects in it, those of `A.B.C` in order.
    """

    def __init__(self, edits: EditList) -> None:
        self.owners: dict[int, list[str]] = {}
        self._edits = edits
        self._places: dict[int, _Place] = {}
        self._texts: set[tuple[str, str]] = set()

    def note(self, block: Node) -> None:
        """Reads the declarations of a block before the block's own content is read."""
        is_body = block.type == "statement_block" and block.start_byte in self.owners
        owner = self.owners[block.start_byte][-1] if is_body else None
        seen: set[str] = set()
        for child in block.named_children:
            node = child
            if child.type == "export_statement":
                node = child.child_by_field_name("declaration") or child
                if owner is not None:
                    self._export(child, node, owner)
            elif child.type == "expression_statement" and child.named_children:
                node = child.named_children[0]
            elif child.type == "import_alias" and block.type != "program":
                self._edits.blank(child.start_byte, child.children[0].end_byte, "const")
            if node.type in _NAMED and (name := next(self._path(node), "")):
                if node.type in _MEMBERS:
                    exporting = owner if child.type == "export_statement" else None
                    self._places[node.start_byte] = _Place(
                        name in seen, exporting, block.type == "program"
                    )
                if node.type not in _MEMBERS or not is_types_alone(node):
                    seen.add(name)

    def _path(self, node: Node) -> Iterator[str]:
        """Yields the names of `A.B.C`."""
        name = node.child_by_field_name("name")
        left = [name] if name is not None else []
        while left:
            part = left.pop()
            if part.type in ("nested_identifier", "member_expression"):
                left += [part.named_children[-1], part.named_children[0]]
            elif part.type != "comment":
                yield name_of(part, self._edits.source)

    def _export(self, statement: Node, node: Node, owner: str) -> None:
        """Makes what a namespace exports a member of its object. Variables are members alone;
        references.py changes their names.
        """
        edits, word = self._edits, statement.children[0]
        while word.type != "export" and word.next_sibling is not None:
            word = word.next_sibling
        if node.type in _VARIABLES:
            edits.replace(word.start_byte, node.children[0].end_byte, ";")
            for one in node.named_children:
                pattern = one.child_by_field_name("name")
                if pattern is not None and pattern.type in ("object_pattern", "array_pattern"):
                    edits.before(one.start_byte, "(")
                    edits.after(one.end_byte, ")")
        elif node.type == "import_alias":
            edits.replace(word.start_byte, node.children[0].end_byte, ";")
        elif node is not statement:
            edits.blank(word.start_byte, word.end_byte)
            if node.type in _NAMED - _MEMBERS and (name := next(self._path(node), "")):
                edits.after(node.end_byte, f";{owner}.{name}={name};")

    def enum(self, node: Node) -> None:
        """Makes the object of an enum. node: its declaration, without errors."""
        body, names = node.child_by_field_name("body"), [*self._path(node)]
        if body is None or not names:
            return
        name = names[0]
        if node.children[0].type == "const":
            self._edits.blank(node.children[0].start_byte, node.children[0].end_byte)
        keyword = next(child for child in node.children if child.type == "enum")
        self._head(node, keyword, body, [name], [name])
        self.owners[body.start_byte] = [name]
        before: str | None = None  # the member above, where it may be a number
        is_first = True
        for child in body.children:
            if child.type == ",":
                self._edits.replace(child.start_byte, child.end_byte, ";")
            elif child.is_named and child.type != "comment":
                value = "0" if is_first else f"{name}[{before}]+1" if before else "void 0"
                before = self._member(child, name, value)
                is_first = False

    def _member(self, node: Node, enum: str, value: str) -> str | None:
        """Makes the assignment of a member; returns its key where it may be a number."""
        edits = self._edits
        given = node.child_by_field_name("value") if node.type == "enum_assignment" else None
        key_node = (node.child_by_field_name("name") or node) if given else node
        key = self._key(key_node)
        if given is None:
            edits.replace(node.start_byte, node.end_byte, f"{enum}[{enum}[{key}]={value}]={key}")
            return key
        equals = next(child for child in node.children if child.type == "=")
        if self._is_text(given, enum):
            self._texts.add((enum, key))
            edits.replace(node.start_byte, equals.end_byte, f"{enum}[{key}]=")
            return None
        edits.replace(node.start_byte, equals.end_byte, f"{enum}[{enum}[{key}]=")
        edits.after(node.end_byte, f"]={key}")
        return key

    def _key(self, node: Node) -> str:
        if node.type == "computed_property_name":
            node = node.named_children[0]
        typed = self._edits.text(node)
        if node.type == "template_string":
            return json.dumps(typed[1:-1]) if "\\" not in typed else typed
        if node.type == "string":
            return json.dumps(typed[1:-1]) if "\\" not in typed else typed
        if node.type == "property_identifier":
            return json.dumps(name_of(node, self._edits.source), ensure_ascii=False)
        return typed

    def _is_text(self, node: Node, enum: str) -> bool:
        """Whether a value is a string for certain, as TypeScript sees it."""
        left = [node]
        while left:
            node = left.pop()
            if node.type in ("string", "template_string"):
                return True
            if node.type == "parenthesized_expression":
                left += node.named_children[:1]
            elif node.type == "binary_expression":
                sign = node.child_by_field_name("operator")
                if sign is not None and sign.type == "+":
                    left += [node.named_children[0], node.named_children[-1]]
            elif node.type == "identifier":
                key = json.dumps(self._edits.text(node), ensure_ascii=False)
                if (enum, key) in self._texts:
                    return True
            elif node.type in ("member_expression", "subscript_expression"):
                owner, key_node = node.named_children[0], node.named_children[-1]
                if (self._edits.text(owner), self._key(key_node)) in self._texts:
                    return True
        return False

    def namespace(self, node: Node) -> None:
        """Makes the object of a namespace, and of each that its name has."""
        body, names = node.child_by_field_name("body"), [*self._path(node)]
        if body is None or not names or body.children[-1].is_missing:
            return
        objects = [
            f"{name}_{place}" if name in names[place + 1 :] else name
            for place, name in enumerate(names)
        ]
        objects[-1] = self._edits.unused(names[-1], body.start_byte, body.end_byte)
        self.owners[body.start_byte] = objects
        self._head(node, node.children[0], body, names, objects)

    def _head(
        self, node: Node, keyword: Node, body: Node, names: list[str], objects: list[str]
    ) -> None:
        """Makes the variable, and the functions around the body."""
        edits, place = self._edits, self._places.get(node.start_byte, _Place())
        name_node = node.child_by_field_name("name")
        assert name_node is not None
        first = name_node
        while first.children:
            first = first.children[0]
        if place.is_merged:
            edits.blank(keyword.start_byte, first.end_byte)
        elif not place.is_global:
            edits.blank(keyword.start_byte, keyword.end_byte, "let")
        inner = "".join(
            f"let {name};(function({object_}){{"
            for name, object_ in zip(names[1:], objects[1:], strict=True)
        )
        # Comments between the name and the body stay.
        if first is not name_node:
            edits.replace(first.end_byte, name_node.end_byte, "")
        edits.replace(body.start_byte, body.start_byte + 1, f";(function({objects[0]}){{{inner}")
        ends = ""
        for index in range(len(names) - 1, 0, -1):
            member = f"{objects[index - 1]}.{names[index]}"
            ends += f"}})({names[index]}={member}||({member}={{}}));"
        name = names[0]
        if place.owner is not None:
            given = f"{name}={place.owner}.{name}||({place.owner}.{name}={{}})"
        else:
            given = f"{name}||({name}={{}})" if place.is_merged else f"{name}={{}}"
        edits.replace(body.end_byte - 1, body.end_byte, f"{ends}}})({given});")


def parameter_properties(node: Node, edits: EditList) -> None:
    """Make fields of a constructor's parameters that are properties. node: a class."""
    body = node.child_by_field_name("body")
    for member in body.named_children if body is not None else ():
        name, code = member.child_by_field_name("name"), member.child_by_field_name("body")
        if member.type != "method_definition" or name is None or code is None:
            continue
        parameters = member.child_by_field_name("parameters")
        if edits.text(name) != "constructor" or parameters is None or body is None:
            continue
        names = [
            edits.text(pattern)
            for one in parameters.named_children
            if any(child.type in _PROPERTY_MARKS for child in one.children)
            and (pattern := one.child_by_field_name("pattern")) is not None
            and pattern.type == "identifier"
        ]
        if names:
            edits.before(body.start_byte + 1, "".join(f"{one};" for one in names))
            values = [f"this.{one}={one}" for one in names]
            is_derived = any(
                part.type in ("extends_clause", "extends")
                for child in node.children
                if child.type == "class_heritage"
                for part in child.children
            )
            if is_derived:
                _after_super(code, values, edits)
            else:
                edits.before(code.start_byte + 1, "".join(f"{one};" for one in values))


def _after_super(code: Node, values: list[str], edits: EditList) -> None:
    left: list[tuple[Node, bool]] = [(code, False)]
    while left:
        node, is_statement = left.pop()
        if node.type in _OTHER_THIS:
            continue
        if node.type == "call_expression" and node.children[0].type == "super":
            if is_statement:
                edits.after(node.end_byte, "".join(f";{one}" for one in values))
            else:
                edits.before(node.start_byte, "(")
                edits.after(node.end_byte, f",{','.join(values)},this)")
        is_list = node.type == "expression_statement"
        left += [(child, is_list) for child in node.named_children]
