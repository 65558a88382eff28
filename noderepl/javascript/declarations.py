"""The declarations of a package in TypeScript (.d.ts): finds those of one name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from noderepl.javascript.syntax import TooHard, parse, typescript_parser

# Namespaces in namespaces; declarations and characters of one that are returned.
DEEPEST, MOST_DECLARATIONS, LONGEST = 12, 40, 1500
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
    r"""("(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')|/\*.*?\*/|//[^\n]*""", re.DOTALL
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
class _Place:
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
class _Index:
    """The declarations of all files. members: the names of members that are recorded. aliases:
    exported names of other names. parents: of classes and interfaces. defaults: the names that
    stand for the whole module.
    """

    members: frozenset[str]
    named: dict[str, list[_Place]] = field(default_factory=lambda: defaultdict(list))
    aliases: dict[str, str] = field(default_factory=dict)
    parents: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    defaults: list[str] = field(default_factory=list)


def declared(
    files: Sequence[tuple[str, str]], exported: str, keys: Sequence[str], owner: str, name: str
) -> Sequence[Declared]:
    """Returns the declarations of a value, its overloads together; none if there are none.

    files: paths and texts, the first of the package's entry. exported: the name that the expression
    begins with in the module, `default` or `*`, "" if unknown. keys: of the members behind it.
    owner: the class of the value that has the last member. name: the function's own name.
    """
    names = (*keys[-2:], name, exported, owner)
    index = _Index(frozenset(names))
    for number, (_, text) in enumerate(files):
        if number > 0 and not any(one and one in text for one in names):
            continue
        try:
            _File(text, index, is_entry=number == 0).collect()
        except TooHard:
            continue
    whole = [*index.defaults, "default"]
    first = whole if exported in ("default", "*", "") else [_local(index, exported)]
    if not keys:
        own = [_local(index, name)] if name else []
        return _called(index, _top(index, [*first, *own] if exported else [*own, *first]))
    outer = [*keys[-2:-1], *([owner] if owner else []), *(first if len(keys) == 1 else ())]
    for word in _local(index, keys[-1]), _local(index, name):
        if found := _member(index, word, outer, owner):
            return _called(index, found)
    return ()


def _called(index: _Index, places: Sequence[_Place]) -> Sequence[Declared]:
    """Returns the declarations, and how their type can be called if it is an interface."""
    found = [place.read() for place in places]
    if len(found) != 1 or found[0].kind not in ("variable", "property") or not found[0].of_type:
        return found
    one = found[0]
    of_type = one.container if one.of_type == "this" else one.of_type
    for name in _types(index, [of_type]):
        if calls := index.named.get(f"{name}()"):
            read = [call.read() for call in calls[:MOST_DECLARATIONS]]
            return [one, *(replace(call, signature=one.name + call.signature) for call in read)]
    return found


def _local(index: _Index, name: str) -> str:
    return index.aliases.get(name, name)


def _top(index: _Index, names: Sequence[str]) -> Sequence[_Place]:
    """Returns the declarations outside of classes and interfaces."""
    for name in names:
        found = [one for one in index.named.get(name, ()) if one.kind not in ("method", "property")]
        values = [one for one in found if one.kind not in ("type", "namespace", "interface")]
        if found:
            return _together(values or found)
    return ()


def _member(index: _Index, name: str, outer: Sequence[str], owner: str) -> Sequence[_Place]:
    found = index.named.get(name, [])
    for container in _types(index, outer):
        if those := [one for one in found if one.container == container]:
            return _together(those)
    if top := [one for one in found if one.kind == "function"]:
        return _together(top)
    start = owner.lower()
    near = [one for one in found if len(start) > 2 and one.container.lower().startswith(start)]
    callable_ = [one for one in found if one.kind == "method"]
    return _together(near or callable_ or found)


def _types(index: _Index, names: Sequence[str]) -> Iterator[str]:
    """Yields the names of types that may have a member: these, the types of variables, and the
    parents of each.
    """
    queue, seen = list(names), set(names)
    for name in queue:
        yield name
        local = _local(index, name)
        types = [one.type_name() for one in index.named.get(local, ()) if one.kind != "method"]
        for further in [local, *types, *index.parents.get(name, ())]:
            if further and further not in seen:
                seen.add(further)
                queue.append(further)


def _together(found: Sequence[_Place]) -> Sequence[_Place]:
    """Returns the declarations that belong to the first one."""
    first = next(iter(found), None)
    if first is None:
        return ()
    those = [
        one
        for one in found
        if one.container == first.container
        and (one.source is first.source or one.kind == "method" == first.kind)
    ]
    return those[:MOST_DECLARATIONS]


class _File:
    """Adds the declarations of one file to an index. Raises TooHard."""

    def __init__(self, text: str, index: _Index, *, is_entry: bool) -> None:
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
        place = _Place(word, container, kind, self._source, span, comment, annotation, prefix)
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
