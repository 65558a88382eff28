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
_BODIES = frozenset(["class_body", "interface_body", "object_type", "statement_block"])
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
_OPENED, _CLOSED = re.compile(r"([(<]) "), re.compile(r",? ([)>])(?!=)")
_LAST_NAME = re.compile(r"[\w$]+(?=\s*(?:<|\[|$))")


@dataclass(frozen=True, slots=True)
class Declared:
    """One declaration. container: the class, interface or namespace that it is in, "" for none.
    kind: function, method, property, variable, class, interface, namespace, type or enum.
    signature: on one line. comment: its JSDoc, with its delimiters. of_type: the name of its type,
    "" if it has none. file: the index of its file.
    """

    name: str
    container: str
    kind: str
    signature: str
    comment: str
    of_type: str
    file: int


@dataclass
class _Index:
    """The declarations of all files. members: the names of members that are recorded. aliases:
    exported names of other names. parents: of classes and interfaces. defaults: the names that
    stand for the whole module.
    """

    members: frozenset[str]
    named: dict[str, list[Declared]] = field(default_factory=lambda: defaultdict(list))
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
            tree = parse(typescript_parser(), text.encode("utf-8", "surrogatepass"))
        except TooHard:
            continue
        _collect(tree.root_node, index, number)
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


def _called(index: _Index, found: Sequence[Declared]) -> Sequence[Declared]:
    """Returns the declarations, and how their type can be called if it is an interface."""
    if len(found) != 1 or found[0].kind not in ("variable", "property") or not found[0].of_type:
        return found
    one = found[0]
    of_type = one.container if one.of_type == "this" else one.of_type
    for name in _types(index, [of_type]):
        if calls := index.named.get(f"{name}()"):
            signatures = [replace(call, signature=one.name + call.signature) for call in calls]
            return [one, *signatures[:MOST_DECLARATIONS]]
    return found


def _local(index: _Index, name: str) -> str:
    return index.aliases.get(name, name)


def _top(index: _Index, names: Sequence[str]) -> Sequence[Declared]:
    """Returns the declarations outside of classes and interfaces."""
    for name in names:
        found = [one for one in index.named.get(name, ()) if one.kind not in ("method", "property")]
        values = [one for one in found if one.kind not in ("type", "namespace", "interface")]
        if found:
            return _together(values or found)
    return ()


def _member(
    index: _Index, name: str, outer: Sequence[str], owner: str
) -> Sequence[Declared]:
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
        types = [one.of_type for one in index.named.get(local, ()) if one.kind != "method"]
        for further in [local, *types, *index.parents.get(name, ())]:
            if further and further not in seen:
                seen.add(further)
                queue.append(further)


def _together(found: Sequence[Declared]) -> Sequence[Declared]:
    """Returns the declarations that belong to the first one."""
    first = next(iter(found), None)
    if first is None:
        return ()
    those = [
        one
        for one in found
        if one.container == first.container
        and (one.file == first.file or one.kind == "method" == first.kind)
    ]
    unique = {one.signature: one for one in reversed(those)}
    return [one for one in those if unique[one.signature] is one][:MOST_DECLARATIONS]


def _collect(root: Node, index: _Index, file: int) -> None:
    """Adds the declarations of a file."""
    pending = [(root, "", 0)]
    while pending:
        parent, container, depth = pending.pop()
        comment = ""
        inner: list[tuple[Node, str, int]] = []
        for child in parent.named_children:
            if child.type == "comment":
                comment = _text(child)
                continue
            if child.type in ("import_statement", "decorator"):
                comment = ""
                continue
            node = _unwrapped(child, index, file)
            if node is not None:
                body = _add(node, container, comment, index, file)
                if body is not None and depth < DEEPEST:
                    inner.append((*body, depth + 1))
            comment = ""
        pending += reversed(inner)


def _unwrapped(node: Node, index: _Index, file: int) -> Node | None:
    """Returns the declaration in `export`, `declare` and the like; notes what they export."""
    while node.type in _WRAPPERS:
        if node.type == "export_statement":
            _note_export(node, index, file)
        inner = [one for one in node.named_children if one.type != "comment"]
        if not inner or inner[0].type in ("export_clause", "identifier", "string"):
            return None
        node = inner[0]
    return node


def _note_export(node: Node, index: _Index, file: int) -> None:
    words = [child.type for child in node.children[:3]]
    defaults = index.defaults if file == 0 else []
    names = [child for child in node.named_children if child.type == "identifier"]
    if ("default" in words or "=" in words) and names:
        defaults.append(_text(names[0]))
    elif "default" in words:
        declaration = node.child_by_field_name("declaration") or node.named_children[-1]
        name = declaration.child_by_field_name("name")
        defaults.append("default" if name is None else _text(name))
    clause = next((one for one in node.named_children if one.type == "export_clause"), None)
    for one in clause.named_children if clause is not None else ():
        name, alias = (one.child_by_field_name(part) for part in ("name", "alias"))
        if name is not None and alias is not None:
            if _text(alias) == "default":
                defaults.append(_text(name))
            elif _text(name) != "default":
                index.aliases.setdefault(_text(alias), _text(name))


def _add(
    node: Node, container: str, comment: str, index: _Index, file: int
) -> tuple[Node, str] | None:
    """Adds a declaration. Returns its body and name if that has further ones."""
    body = node.child_by_field_name("body")
    name_node = node.child_by_field_name("name")
    name = _text(name_node) if name_node is not None else ""
    if node.type == "statement_block":
        return node, container  # of `declare global`
    if node.type in _TYPES or node.type in _SPACES:
        is_space = node.type in _SPACES
        kind = "namespace" if is_space else "interface" if "interface" in node.type else "class"
        is_file = name_node is not None and name_node.type == "string"
        if not is_file:
            signature = _head(node, body)
            index.named[name].append(Declared(name, container, kind, signature, comment, "", file))
        if not is_space:
            index.parents[name] += _parents(node)
        return None if body is None else (body, container if is_file else name)
    if node.type in ("lexical_declaration", "variable_declaration"):
        word = _text(node.children[0])
        for one in node.named_children:
            _add_member(one, container, comment, index, file, f"{word} ")
        return None
    if node.type in ("call_signature", "construct_signature"):
        signature = _line(node)
        made = Declared(container, container, "function", signature, comment, "", file)
        index.named[f"{container}()"].append(made)
        return None
    _add_member(node, container, comment, index, file, "")
    return None


def _add_member(
    node: Node, container: str, comment: str, index: _Index, file: int, prefix: str
) -> None:
    kind, name = _MEMBERS.get(node.type), node.child_by_field_name("name")
    if kind is None or name is None:
        return
    word = _text(name).strip("'\"")
    if kind in ("method", "property") and word not in index.members:
        return
    annotation = node.child_by_field_name("type")
    of_type = ""
    if annotation is not None and (last := _LAST_NAME.search(_text(annotation)[:LONGEST])):
        of_type = last[0]
    signature = _cut(_SPACE.sub(" ", prefix + _line(node)))
    index.named[word].append(Declared(word, container, kind, signature, comment, of_type, file))


def _parents(node: Node) -> list[str]:
    """Returns the last names of what a class or an interface extends."""
    found: list[str] = []
    for clause in node.named_children:
        if clause.type in ("extends_type_clause", "class_heritage"):
            parts = clause.named_children
            parts = [
                inner
                for part in parts
                for inner in (part.named_children if part.type.endswith("_clause") else [part])
            ]
            for part in parts:
                word = re.match(r"[\w$.]+", _text(part))
                if word:
                    found.append(word[0].rpartition(".")[2])
    return found


def _head(node: Node, body: Node | None) -> str:
    source = node.text or b""
    end = len(source) if body is None else body.start_byte - node.start_byte
    return _cut(_SPACE.sub(" ", source[:end].decode("utf-8", "replace")).strip())


def _line(node: Node) -> str:
    body = node.child_by_field_name("body")
    return _head(node, body).rstrip(" ;,")


def _cut(text: str) -> str:
    text = _OPENED.sub(r"\1", _CLOSED.sub(r"\1", text))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
