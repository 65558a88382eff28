"""The names in a snippet that mean members of an object: what a namespace exports, and what an enum
has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from tree_sitter import Node

from noderepl.javascript import scopes
from noderepl.javascript.edit_list import EditList
from noderepl.javascript.patterns import NAMES, declared, name_of
from noderepl.javascript.syntax import nodes

_VARIABLES = frozenset(["lexical_declaration", "variable_declaration"])


def types_alone(root: Node, source: bytes) -> frozenset[str]:
    """Return the names that a snippet uses in types and nowhere else.

    root: its tree, without errors.
    """
    walk = _Values(source, cast("dict[str, Callable[[scopes.Walk, Node], bool]]", _VALUES))
    walk.run(root)
    types = {name_of(node, source) for node in nodes(root) if node.type == "type_identifier"}
    return frozenset(types - walk.values)


def qualified(root: Node, edits: EditList, owners: dict[int, list[str]]) -> None:
    """Put the object before each name that means its member.

    root: the tree of a snippet, without errors. owners: where the body of a namespace or an enum
    begins, and the names of its objects.
    """
    walk = _References(edits.source, owners)
    walk.run(root)
    for node, owner in walk.members():
        is_alone = node.type != "identifier"
        name = f"{name_of(node, edits.source)}: " if is_alone else ""
        edits.before(node.start_byte, f"{name}{owner}.")


class _Values(scopes.Walk):
    def __init__(
        self, source: bytes, enter: dict[str, Callable[[scopes.Walk, Node], bool]]
    ) -> None:
        super().__init__(source, enter)
        self.values: set[str] = set()

    def name(self, node: Node) -> bool:
        self.values.add(name_of(node, self._source))
        return True


class _References(scopes.Walk):
    def __init__(self, source: bytes, owners: dict[int, list[str]]) -> None:
        super().__init__(source, cast("dict[str, Callable[[scopes.Walk, Node], bool]]", _ENTER))
        self._owners = owners
        # By the scope around and the name: all that the parts of a namespace or an enum have.
        self._shared: dict[tuple[int, str], set[str]] = {}
        self._own: dict[int, tuple[set[str], str]] = {}
        self._enum = ""
        self._heads: set[int] = set()

    def members(self) -> list[tuple[Node, str]]:
        """Returns the names that mean members, each once, and the objects."""
        return [*self._scopes.members()]

    def name(self, node: Node) -> bool:
        if node.start_byte not in self._heads:
            self._scopes.assign(node)
        return True

    def namespace(self, node: Node) -> bool:
        around = self._scopes.present
        if not node.is_named or not super().namespace(node):
            return not node.is_named
        body, name = node.child_by_field_name("body"), node.child_by_field_name("name")
        if body is None or name is None or (owners := self._owners.get(body.start_byte)) is None:
            return True
        self._heads.add(name.start_byte)
        owner = owners[-1]
        own: set[str] = set()
        every: set[str] = set()
        for child in body.named_children:
            inner = child.child_by_field_name("declaration")
            if child.type != "export_statement" or inner is None:
                continue
            if inner.type in _VARIABLES:
                own.update(self._names(declared(inner)))
            elif inner.type == "import_alias":
                own.update(self._names(inner.named_children[:1]))
            elif (named := inner.child_by_field_name("name")) is not None:
                every.add(name_of(named, self._source))
        path = self._source[name.start_byte : name.end_byte].decode("utf-8", "replace").split(".")
        scope = self._scopes.present
        for count in range(1, len(path)):
            outer = self._shared.setdefault((id(around), ".".join(path[:count])), set())
            outer.add(path[count])
            scope.others.append((outer, owners[count - 1]))
        shared = self._shared.setdefault((id(around), ".".join(path)), set())
        shared |= own | every
        scope.members.update(dict.fromkeys(own, owner))
        scope.names |= own
        scope.others.append((shared, owner))
        self._own[body.start_byte] = own, owner
        return True

    def block(self, node: Node) -> bool:
        super().block(node)
        own, owner = self._own.get(node.start_byte, (set(), ""))
        self._scopes.present.members.update(dict.fromkeys(own, owner))
        return True

    def enum(self, node: Node) -> bool:
        self._enum = next(self._names([node.child_by_field_name("name")]), "")
        return super().enum(node)

    def enum_body(self, node: Node) -> bool:
        shared = self._shared.setdefault((id(self._scopes.present), self._enum), set())
        for child in node.named_children:
            name = child.child_by_field_name("name") or child
            if name.type == "property_identifier":
                shared.add(name_of(name, self._source))
            elif name.type == "string":
                shared.add(name_of(name, self._source)[1:-1])
        self._open()
        self._scopes.present.others.append((shared, self._enum))
        return True

    def alias(self, node: Node) -> bool:
        self._scopes.present.names.update(self._names(node.named_children[:1]))
        return True


_VALUES: dict[str, Callable[[_Values, Node], bool]] = {
    **dict.fromkeys(scopes.SKIPPED, _Values.skip),
    **dict.fromkeys(["as", "satisfies"], _Values.type_follows),
    **dict.fromkeys(NAMES, _Values.name),
}
_PLAIN = ("assignment_expression", "augmented_assignment_expression", "update_expression")
_ENTER: dict[str, Callable[[_References, Node], bool]] = {
    **{kind: enter for kind, enter in scopes.ENTER.items() if kind not in _PLAIN},
    **dict.fromkeys(NAMES, _References.name),
    **dict.fromkeys(["internal_module", "module"], _References.namespace),
    "statement_block": _References.block,
    "enum_declaration": _References.enum,
    "enum_body": _References.enum_body,
    "import_alias": _References.alias,
}
