"""The edits by which a snippet becomes a part of a program, for script_text.py."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from tree_sitter import Node

from noderepl.javascript.script_parts import CLASSES, FUNCTIONS, VARIABLES, Declared, Part

Edit = tuple[int, int, str]


class PartEdits:
    """The edits of one snippet. Positions are byte offsets of its source."""

    def __init__(self, each: Part) -> None:
        self._part = each
        self._edits: list[Edit] = []
        self._moved: list[Node] = []

    def replace(self, start: int, end: int, text: str) -> None:
        """Replaces what is between two positions."""
        self._edits.append((start, end, text))

    def unexport(self, node: Node) -> None:
        """Removes `export`, as the prompt does."""
        declaration = node.child_by_field_name("declaration")
        value = node.child_by_field_name("value")
        if declaration is not None:
            self.replace(node.start_byte, declaration.start_byte, "")
        elif value is not None:
            self.replace(node.start_byte, value.start_byte, "(")
            self.replace(value.end_byte, value.end_byte, ")")
        else:
            self.replace(node.start_byte, node.end_byte, "")

    def name_value(self, node: Node, name: str) -> None:
        """Makes a constant of the value of the last statement."""
        value = node.child_by_field_name("value") or node.named_children[0]
        is_list = value.type == "sequence_expression"
        self.replace(node.start_byte, node.start_byte, f"const {name} = {'(' * is_list}")
        if is_list:
            self.replace(value.end_byte, value.end_byte, ")")

    def assign(self, one: Declared) -> None:
        """Makes an assignment of a declaration."""
        node, name = one.node, one.names[0]
        if node.type in FUNCTIONS:
            named = node.child_by_field_name("name")
            assert named is not None
            self.replace(named.start_byte, named.end_byte, "")
            self._moved.append(node)
        elif node.type in CLASSES:
            self.replace(node.start_byte, node.start_byte, f"{name} = ")
            self.replace(node.end_byte, node.end_byte, ";")
        elif node.type in VARIABLES:
            self._assign_variables(node)
        elif node.type == "for_in_statement":
            keyword, left = node.child_by_field_name("kind"), node.child_by_field_name("left")
            if keyword is not None and left is not None:
                self.replace(keyword.start_byte, left.start_byte, "")

    def _assign_variables(self, node: Node) -> None:
        declarators = [one for one in node.named_children if one.type == "variable_declarator"]
        first, last = declarators[0], declarators[-1]
        is_statement = node.parent is None or node.parent.type != "for_statement"
        is_let = node.type == "lexical_declaration"
        target = first.child_by_field_name("name")
        is_object = target is not None and target.type == "object_pattern" and is_statement
        is_array = target is not None and target.type == "array_pattern" and is_statement
        before = node.prev_sibling
        is_ended = before is None or self._part.source.startswith(b";", before.end_byte - 1)
        lead = ";" if (is_object or is_array) and not is_ended else ""
        self.replace(node.start_byte, first.start_byte, lead + "(" * is_object)
        for one in declarators:
            self._assign_one(one, is_let)
        if is_object:
            self.replace(last.end_byte, last.end_byte, ")")

    def _assign_one(self, one: Node, is_let: bool) -> None:
        name, value = one.child_by_field_name("name"), one.child_by_field_name("value")
        assert name is not None
        if value is None:
            self.replace(name.end_byte, one.end_byte, " = undefined" if is_let else "")
        elif (sign := value.prev_sibling) is not None:
            # Between them is a type.
            self.replace(name.end_byte, sign.start_byte, " ")

    def text(self) -> str:
        """Returns the text of the snippet; functions that are assigned come first."""
        self._edits.sort(key=_order)
        moved = [
            f"{self._part.text(name)} = {self._rendered(node.start_byte, node.end_byte)};"
            for node in self._moved
            if (name := node.child_by_field_name("name")) is not None
        ]
        for node in self._moved:
            self.replace(node.start_byte, node.end_byte, "")
        rest = self._rendered(0, None).strip()
        if self._part.brace is not None and "//" not in rest:
            rest = f"{rest.removesuffix(')').rstrip()})"
        return "\n".join(filter(str.strip, [*moved, rest]))

    def _rendered(self, start: int, end: int | None) -> str:
        """Returns the edited text between two positions. end: None for the end of the source."""
        edits, source = self._edits, self._part.source
        if end is not None:
            first_place, end_place = (start, 0, -len(source)), (end, 0, -len(source))
            stop = bisect_left(edits, end_place, key=_order)
            edits = edits[bisect_left(edits, first_place, key=_order) : stop]
        return edited(source[:end], sorted(edits, key=_order), start)


def edited(source: bytes, edits: Iterable[Edit], start: int = 0) -> str:
    """Returns a text with its edits.

    edits: start, end and new text of each, in order; one that begins inside another is left out.
    start: where the text begins in its source.
    """
    texts: list[bytes] = []
    for first, last, text in edits:
        if first >= start:
            texts += [source[start:first], text.encode("utf-8", "replace")]
            start = last
    return b"".join([*texts, source[start:]]).decode("utf-8", "replace")


def _order(edit: Edit) -> tuple[int, int, int]:
    """Insertions precede replacements, and longer ones shorter ones."""
    return edit[0], int(edit[1] > edit[0]), -edit[1]
