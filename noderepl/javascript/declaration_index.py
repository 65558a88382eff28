"""The declarations in .d.ts files, by their names: where each is, to be read on demand."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import field

from tree_sitter import Node

from noderepl.javascript.syntax import parse, typescript_parser
from noderepl.lazy_dataclasses import dataclass

# Namespaces in namespaces, and characters of a signature.
DEEPEST, LONGEST = 12, 1500
_WRAPPERS = frozenset(["export_statement", "ambient_declaration", "expression_statement"])
_TYPES = frozenset(
    ["class_declaration", "abstract_class_declaration", "interface_declaration", "class"]
)
_SPACES = frozenset(["internal_module", "module"])
_MEMBERS = {
    "function_signature": "function",
    "function_declaration": "function",
    "method_signature": "method",
    "abstract_method_signature": "method",
    "property_signature": "property",
    "public_field_definition": "property",
    "variable_declarator": "variable",
    "type_alias_declaration": "type",
    "enum_declaration": "enum",
}
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(
    r"""("(?:[^"\\\n]|\\.)*+"?|'(?:[^'\\\n]|\\.)*+'?)|/\*(?:[^*]|\*(?!/))*+(?:\*/)?|//[^\n]*""",
    re.DOTALL,
)
_OPENED, _CLOSED = re.compile(r"([(<]) "), re.compile(r",? ([)>])(?!=)")
_NONE = (0, 0)
_DOTTED = re.compile(r"[\w$.]+")
_LAST_NAME = re.compile(r"[\w$]+(?=\s*(?:<|\[|$))")


@dataclass(frozen=True, slots=True)
class Declared:
    """One declaration. container: the class, interface or namespace that it is in, "" for none.
    kind: function, method, property, variable, class, interface, namespace, type or enum.
    signature: on one line. comment: its JSDoc, with its delimiters. of_type: the name of its type,
    "" if it has none.
    """

    name: str
    container: str
    kind: str
    signature: str
    comment: str
    of_type: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a declaration is: the text of its file, and there its signature, its comment and its
    type, each from a byte to another; (0, 0) for none. prefix: of the signature.
    """

    name: str
    container: str
    kind: str
    source: bytes
    span: tuple[int, int]
    comment: tuple[int, int]
    of_type: tuple[int, int]
    prefix: str = ""

    def type_name(self) -> str:
        """Returns the last name of the type."""
        found = _LAST_NAME.search(_part(self.source, self.of_type)[:LONGEST].strip())
        return found[0] if found else ""

    def read(self) -> Declared:
        """Returns the declaration."""
        text = _COMMENT.sub(lambda found: found[1] or " ", _part(self.source, self.span))
        signature = _cut(_SPACE.sub(" ", self.prefix + text).rstrip(" ;,"))
        comment = _part(self.source, self.comment)
        name, container, kind = self.name, self.container, self.kind
        return Declared(name, container, kind, signature, comment, self.type_name())


@dataclass
class Index:
    """The declarations of all files. members: the names of members that are recorded. aliases:
    exported names of other names. parents: of classes and interfaces. defaults: the names that
    stand for the whole module.
    """

    members: frozenset[str]
    named: dict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    aliases: dict[str, str] = field(default_factory=dict)
    parents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    defaults: list[str] = field(default_factory=list)


class File:
    """Adds the declarations of one file to an index. Raises TooHard."""

    def __init__(self, text: str, index: Index, *, is_entry: bool) -> None:
        self._source = text.encode("utf-8", "surrogatepass")
        self._tree = parse(typescript_parser(), self._source)
        self._index = index
        self._defaults = index.defaults if is_entry else []

    def collect(self) -> None:
        """Adds the declarations."""
        pending = [(self._tree.root_node, "", 0)]
        while pending:
            parent, container, depth = pending.pop()
            comment = _NONE
            inner: list[tuple[Node, str, int]] = []
            for child in parent.named_children:
                if child.type == "comment":
                    comment = (child.start_byte, child.end_byte)
                    continue
                node = None if child.type == "import_statement" else self._unwrapped(child)
                if node is not None:
                    body = self._add(node, container, comment)
                    if body is not None and depth < DEEPEST:
                        inner.append((*body, depth + 1))
                comment = _NONE
            pending += reversed(inner)

    def _unwrapped(self, node: Node) -> Node | None:
        """Returns the declaration in `export`, `declare` and the like; notes what they export."""
        while node.type in _WRAPPERS:
            if node.type == "export_statement":
                self._note_export(node)
            inner = [one for one in node.named_children if one.type != "comment"]
            if not inner or inner[0].type in ("export_clause", "identifier", "string"):
                return None
            node = inner[0]
        return node

    def _note_export(self, node: Node) -> None:
        words = [child.type for child in node.children[:3]]
        names = [child for child in node.named_children if child.type == "identifier"]
        if ("default" in words or "=" in words) and names:
            self._defaults.append(self._text(names[0]))
        elif "default" in words and node.named_children:
            declaration = node.child_by_field_name("declaration") or node.named_children[-1]
            name = declaration.child_by_field_name("name")
            self._defaults.append("default" if name is None else self._text(name))
        clause = next((one for one in node.named_children if one.type == "export_clause"), None)
        for one in clause.named_children if clause is not None else ():
            name, alias = (one.child_by_field_name(part) for part in ("name", "alias"))
            if name is not None and alias is not None:
                local, exported = self._text(name), self._text(alias)
                if exported == "default":
                    self._defaults.append(local)
                elif local != "default":
                    self._index.aliases.setdefault(exported, local)

    def _add(self, node: Node, container: str, comment: tuple[int, int]) -> tuple[Node, str] | None:
        """Adds a declaration. Returns its body and name if that has further ones."""
        if node.type == "statement_block":
            return node, container  # of `declare global`
        if node.type in _TYPES or node.type in _SPACES:
            return self._add_type(node, container, comment)
        if node.type in ("lexical_declaration", "variable_declaration"):
            word = self._text(node.children[0])
            for one in node.named_children:
                self._add_value(one, container, comment, f"{word} ")
        elif node.type == "call_signature":
            self._record((f"{container}()", "function"), node, container, comment)
        else:
            self._add_value(node, container, comment)
        return None

    def _add_type(
        self, node: Node, container: str, comment: tuple[int, int]
    ) -> tuple[Node, str] | None:
        body, name_node = (node.child_by_field_name(one) for one in ("body", "name"))
        name = self._text(name_node) if name_node is not None else ""
        is_space = node.type in _SPACES
        # `declare module "x"` adds to another file.
        is_file = name_node is not None and name_node.type == "string"
        if not is_file:
            kind = "namespace" if is_space else "interface" if "interface" in node.type else "class"
            self._record((name, kind), node, container, comment)
        if not is_space:
            self._index.parents[name] += self._parents(node)
        return None if body is None else (body, container if is_file else name)

    def _add_value(
        self, node: Node, container: str, comment: tuple[int, int], prefix: str = ""
    ) -> None:
        kind, name = _MEMBERS.get(node.type), node.child_by_field_name("name")
        if kind is None or name is None:
            return
        word = self._text(name).strip("'\"")
        if kind not in ("method", "property") or word in self._index.members:
            self._record((word, kind), node, container, comment, prefix)

    def _record(
        self,
        named: tuple[str, str],
        node: Node,
        container: str,
        comment: tuple[int, int],
        prefix: str = "",
    ) -> None:
        """Adds one declaration. named: its name in the index, and its kind."""
        name, kind = named
        body, of_type = (node.child_by_field_name(one) for one in ("body", "type"))
        span = (node.start_byte, node.end_byte if body is None else body.start_byte)
        annotation = _NONE if of_type is None else (of_type.start_byte, of_type.end_byte)
        word = name.removesuffix("()")
        place = Place(word, container, kind, self._source, span, comment, annotation, prefix)
        self._index.named[name].append(place)

    def _parents(self, node: Node) -> list[str]:
        """Returns the last names of what a class or an interface extends."""
        found: list[str] = []
        for clause in node.named_children:
            if clause.type in ("extends_type_clause", "class_heritage"):
                for part in clause.named_children:
                    inner = part.named_children if part.type.endswith("_clause") else [part]
                    words = (_DOTTED.match(self._text(one)) for one in inner)
                    found += [word[0].rpartition(".")[2] for word in words if word]
        return found

    def _text(self, node: Node) -> str:
        return _part(self._source, (node.start_byte, node.end_byte))


def _part(source: bytes, span: tuple[int, int]) -> str:
    return source[span[0] : span[1]].decode("utf-8", "replace")


def _cut(text: str) -> str:
    text = _OPENED.sub(r"\1", _CLOSED.sub(r"\1", text))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
