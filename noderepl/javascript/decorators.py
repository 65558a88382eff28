"""The JavaScript of decorators (TC39) and of the fields of classes with `accessor`.

A class with either becomes the result of a function, in which `decorations` of the session applies
the decorators (prelude/decorators.js). A decorated member has a computed key, which evaluates its
decorators where JavaScript evaluates them; a private one has a member with such a key beside it.
All typed code stays in its order.
"""

from __future__ import annotations

import json
import re
from dataclasses import field

from tree_sitter import Node

from noderepl.javascript.edit_list import EditList
from noderepl.javascript.patterns import name_of
from noderepl.lazy_dataclasses import dataclass

_FIELDS = frozenset(["public_field_definition", "field_definition"])
_WORDS = frozenset(["static", "async", "get", "set", "*", "accessor"])
_FUNCTIONS = frozenset(
    "function_declaration function_expression arrow_function generator_function statement_block"
    " generator_function_declaration method_definition".split()
)
_ACCESSOR = re.compile(rb"accessor\s*$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a class is.

    exported: the decorators before its `export`. is_global: whether it is a statement of the
    program. name: of the variable or the property that it is the value of.
    """

    exported: tuple[Node, ...] = ()
    is_global: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A class that decorations apply to.

    start: where it begins with its decorators. members: where the members begin that decorations
    apply to.
    """

    start: int
    members: tuple[int, ...]


@dataclass(slots=True)
class _Member:
    """A member that decorations apply to. words: its modifiers that JavaScript has."""

    node: Node
    name: Node
    decorators: list[Node]
    words: dict[str, Node] = field(default_factory=dict)
    is_accessor: bool = False

    @property
    def kind(self) -> str:
        if self.is_accessor:
            return "accessor"
        if self.node.type in _FIELDS:
            return "field"
        return {"get": "getter", "set": "setter"}.get(
            next((word for word in self.words if word in ("get", "set")), ""), "method"
        )


def rewrite(node: Node, place: Place, edits: EditList, global_name: str) -> Rewritten | None:
    """Rewrite a class that has decorations.

    node: the class. place: where it is. global_name: what holds `decorations` in the session.
    Returns None if it has no decorations.
    """
    if (body := node.child_by_field_name("body")) is None:
        return None
    own = [*place.exported, *(child for child in node.children if child.type == "decorator")]
    members = [*_members(body, edits.source)]
    if not own and not members:
        return None
    start = _Class(node, place, own, members, edits).rewrite(global_name)
    return Rewritten(start, tuple(member.node.start_byte for member in members))


def _members(body: Node, source: bytes) -> list[_Member]:
    found: list[_Member] = []
    before: list[Node] = []
    for child in body.named_children:
        if child.type == "decorator":
            before.append(child)
        elif child.type != "comment":
            decorators = [*before, *(one for one in child.children if one.type == "decorator")]
            before = []
            name = child.child_by_field_name("name") or child.child_by_field_name("property")
            if name is None:
                continue
            words = {one.type: one for one in child.children if one.type in _WORDS}
            words = {key: one for key, one in words.items() if one.end_byte <= name.start_byte}
            start = max([child.start_byte, *(one.end_byte for one in decorators)])
            hidden = _ACCESSOR.search(source, start, name.start_byte)
            is_field = child.type in _FIELDS
            is_accessor = is_field and ("accessor" in words or hidden is not None)
            if decorators or is_accessor:
                found.append(_Member(child, name, decorators, words, is_accessor))
    return found


class _Class:
    def __init__(
        self,
        node: Node,
        place: Place,
        own: list[Node],
        members: list[_Member],
        edits: EditList,
    ) -> None:
        self._node, self._place, self._own, self._members = node, place, own, members
        body = node.child_by_field_name("body")
        assert body is not None
        self._body = body
        self._edits = edits
        self._object = edits.unused("$d")

    def rewrite(self, global_name: str) -> int:
        edits, node = self._edits, self._node
        name_node = node.child_by_field_name("name")
        name = name_of(name_node, edits.source) if name_node is not None else None
        is_declaration = node.type != "class" and name is not None
        start = self._own[0].start_byte if self._own else node.start_byte
        head = f" {name}=" if is_declaration else ""
        if is_declaration and not self._place.is_global:
            head = f"let{head}"
        asynchronous = self._awaits()
        head += "await(async()=>{" if asynchronous else "(()=>{"
        head += f"const {self._object}={global_name}.decorations(["
        keyword = next(child for child in node.children if child.type == "class")
        if self._own:
            self._listed(self._own, head)
            edits.after(self._own[-1].end_byte, "]")
            middle = f",{json.dumps(name or self._place.name, ensure_ascii=False)});"
        else:
            middle = f"{head}]);"
        end = "})()" + ";" * is_declaration
        first = ""
        if self._own:
            inner = name or f"{self._object}c"
            text = json.dumps(name or self._place.name, ensure_ascii=False)
            edits.replace(
                keyword.start_byte, keyword.end_byte, f"{middle}let {inner};({{{text}:class"
            )
            if name_node is not None:
                edits.blank(name_node.start_byte, name_node.end_byte)
            end = f"}});return {inner}{end}"
            first = f"{inner}="
        elif name is None and self._place.name:
            text = json.dumps(self._place.name, ensure_ascii=False)
            edits.replace(keyword.start_byte, keyword.end_byte, f"{middle}return({{{text}:class")
            end = f"}})[{text}]{end}"
        else:
            edits.replace(keyword.start_byte, keyword.end_byte, f"{middle}return class")
        edits.after(node.end_byte, end)
        object_ = self._object
        begin = f"static{{{first}{object_}.apply(this)}}#{object_}={object_}.start(this);"
        edits.before(self._body.start_byte + 1, begin)
        if self._own:
            edits.before(self._body.end_byte - 1, f";static{{{self._object}.end({first[:-1]})}}")
        for index, member in enumerate(self._members):
            self._member(index, member)
        return start

    def _awaits(self) -> bool:
        node = self._node
        start = min([node.start_byte, *(one.start_byte for one in self._own)])
        if self._edits.source.find(b"await", start, node.end_byte) < 0:
            return False
        left = [*node.children, *self._own]
        while left:
            one = left.pop()
            if one.type == "await_expression":
                return True
            if one.type == "method_definition":
                left += [
                    child
                    for child in one.children
                    if child.type in ("computed_property_name", "decorator")
                ]
            elif one.type in _FIELDS:
                value = one.child_by_field_name("value")
                left += [child for child in one.children if child != value]
            elif one.type not in _FUNCTIONS:
                left += one.children
        return False

    def _listed(self, decorators: list[Node], head: str) -> None:
        """Writes decorators as the items of a list. head: the text before the first one."""
        for place, decorator in enumerate(decorators):
            at = decorator.start_byte
            self._edits.replace(at, at + 1, "," if place else head)

    def _member(self, index: int, member: _Member) -> None:
        edits, object_, kind = self._edits, self._object, member.kind
        name, words = member.name, member.words
        typed = edits.text(name)
        is_private = name.type == "private_property_identifier"
        static = "static " if "static" in words else ""
        storage = f"#{object_}s{index}"
        head = self._private_head(index, kind, typed, static) if is_private else ""
        has_placeholder = kind == "accessor" or (kind == "field" and is_private)
        if has_placeholder:
            head += "static "
        else:
            head += static + "".join(
                f"{word} " if word != "*" else word
                for word in ("async", "get", "set", "*")
                if word in words
            )
        head += f"[{object_}.add(["
        for word in words.values():
            edits.blank(word.start_byte, word.end_byte)
        if member.is_accessor and "accessor" not in words:
            at = edits.source.rindex(b"accessor", member.node.start_byte, name.start_byte)
            edits.blank(at, at + len("accessor"))
        if member.decorators:
            self._listed(member.decorators, head)
            edits.after(member.decorators[-1].end_byte, "]")
            head = ""
        else:
            head += "]"
        before = f'{head},{index},"{kind}",{"true" if static else "false"},'
        behind = self._accesses(kind, typed, storage, is_private) + ")]"
        if has_placeholder:
            behind += f"(){{}}{static}{storage if kind == 'accessor' else typed}"
        if name.type == "computed_property_name":
            last = name.children[-1]
            edits.replace(name.start_byte, name.start_byte + 1, f"{before}(")
            edits.replace(last.start_byte, last.end_byte, f"){behind}")
        else:
            key = typed
            if name.type == "property_identifier" or is_private:
                key = json.dumps(name_of(name, edits.source), ensure_ascii=False)
            edits.replace(name.start_byte, name.end_byte, before + key + behind)
        if member.node.type in _FIELDS:
            self._value(index, member, static)

    def _private_head(self, index: int, kind: str, typed: str, static: str) -> str:
        object_ = self._object
        read = f"{static}get {typed}(){{return {object_}"
        write = f"{static}set {typed}(v){{{object_}"
        return {
            "method": f"{read}.value({index})}}",
            "getter": f"{read}.get({index},this)}}",
            "setter": f"{write}.set({index},this,v)}}",
            "accessor": f"{read}.get({index},this)}}{write}.set({index},this,v)}}",
        }.get(kind, "")

    def _accesses(self, kind: str, typed: str, storage: str, is_private: bool) -> str:
        """The functions that reach a private member, and those that reach where an accessor keeps
        its value.
        """

        def access(name: str) -> str:
            parts = [f"has:o=>{name} in o"]
            if kind != "setter":
                parts.append(f"get:o=>o.{name}")
            if kind in ("field", "accessor", "setter"):
                parts.append(f"set:(o,v)=>{{o.{name}=v}}")
            return f"{{{','.join(parts)}}}"

        own = access(typed) if is_private else "null"
        if kind == "accessor":
            return f",{own},{access(storage)}"
        return f",{own}" if is_private else ""

    def _value(self, index: int, member: _Member, static: str) -> None:
        edits, object_, node = self._edits, self._object, member.node
        value = node.child_by_field_name("value")
        after = f";{static}#{object_}a{index}={object_}.after({index},this);"
        if value is None:
            edits.after(node.end_byte, f"={object_}.initial({index},this){after}")
        else:
            edits.before(value.start_byte, f"{object_}.initial({index},this,")
            edits.after(value.end_byte, f"){after}")
