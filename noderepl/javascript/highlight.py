"""Splits a snippet's lines into pieces of one colour; fast enough for every key in a long paste."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal

from tree_sitter import Node, Tree

from noderepl.javascript.syntax import TooHard, parse, parser

Kind = Literal[
    "comment",
    "string",
    "regexp",
    "number",
    "keyword",
    "constant",
    "function",
    "class",
    "property",
    "plain",
]

CONSTANTS = frozenset(["true", "false", "null", "undefined", "this", "super"])
WHOLE: dict[str, Kind] = {
    "comment": "comment",
    "html_comment": "comment",
    "hash_bang_line": "comment",
    "string": "string",
    "string_fragment": "string",
    "escape_sequence": "string",
    "`": "string",
    "'": "string",
    '"': "string",
    "regex": "regexp",
    "regex_pattern": "regexp",
    "number": "number",
    "property_identifier": "property",
    "private_property_identifier": "property",
}
IDENTIFIERS = frozenset(
    ["identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern"]
)
SECONDS = 0.1
"""Processor time that colouring may take to parse, as it holds up a key."""
COLOURED_AT_MOST = 200_000
"""Characters; in a longer text, each key would take longer than a person notices."""
LINE_COLOURED_AT_MOST = 5_000
"""Bytes; a longer line stays plain, as each key takes time for each of its tokens."""
CALLS = frozenset(
    ["call_expression", "function_declaration", "function_expression", "method_definition"]
)


class Highlighter:
    """Splits the input into coloured pieces; parses each text from its first difference to the
    last.
    """

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._tree: Tree | None = None
        self._known: dict[int, list[tuple[Kind, str]]] = {}
        self._most = COLOURED_AT_MOST

    def pieces(self, text: str) -> Callable[[int], list[tuple[Kind, str]]]:
        """Splits a snippet, line by line and only requested lines.

        text: the snippet, lines ended by "\\n". Returns a function from a line's number (0 is the
        first) to its pieces: their kinds and texts, whose concatenation is the line.
        """
        if len(text) >= self._most:
            return self._plain(text)
        lines = [line.encode("utf-8", "surrogatepass") for line in text.split("\n")]
        starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        try:
            tree, same = self._parse(lines)
        except TooHard:
            # A text that is hard to parse stays so with the next key, but not once most of it is
            # gone.
            self._most = len(text) // 2 + 1
            return self._plain(text)
        self._most = COLOURED_AT_MOST
        known = self._known = {
            number: line for number, line in self._known.items() if number < same
        }
        self._lines, self._tree = lines, tree

        def line_pieces(number: int) -> list[tuple[Kind, str]]:
            if not 0 <= number < len(lines):
                return []
            if number not in known:
                known[number] = _line_pieces(tree, lines[number], starts[number])
            return known[number]

        return line_pieces

    def _plain(self, text: str) -> Callable[[int], list[tuple[Kind, str]]]:
        self._lines, self._tree, self._known = [], None, {}
        lines = text.split("\n")
        return lambda number: (
            [("plain", lines[number])] if 0 <= number < len(lines) and lines[number] else []
        )

    def _parse(self, lines: Sequence[bytes]) -> tuple[Tree, int]:
        """Returns the tree of the lines, and how many lines from the first have the same pieces as
        before.
        """
        source = b"\n".join(lines)
        if self._tree is None:
            return parse(parser(), source, seconds=SECONDS), 0
        head = _edit(self._tree, self._lines, lines)
        tree = parse(parser(), source, self._tree, seconds=SECONDS)
        return tree, min(
            [head, *(changed.start_point.row for changed in self._tree.changed_ranges(tree))]
        )


def _edit(tree: Tree, old: Sequence[bytes], new: Sequence[bytes]) -> int:
    """Edits the tree of `old` to match `new`. Returns how many lines from the first are equal."""
    same = min(len(old), len(new))
    head = next((n for n in range(same) if old[n] != new[n]), same)
    tail = next((n for n in range(same - head) if old[-1 - n] != new[-1 - n]), same - head)

    def end(lines: Sequence[bytes]) -> tuple[int, tuple[int, int]]:
        rows = len(lines) - tail
        size = sum(len(line) + 1 for line in lines[:rows])
        return (
            (size, (rows, 0))
            if tail
            else (size - 1, (rows - 1, len(lines[rows - 1]) if rows else 0))
        )

    start = sum(len(line) + 1 for line in new[:head])
    (old_end, old_point), (new_end, new_point) = end(old), end(new)
    tree.edit(
        start_byte=min(start, old_end, new_end),
        old_end_byte=old_end,
        new_end_byte=new_end,
        start_point=(head, 0) if start <= min(old_end, new_end) else min(old_point, new_point),
        old_end_point=old_point,
        new_end_point=new_point,
    )
    return head


def _line_pieces(tree: Tree, line: bytes, start: int) -> list[tuple[Kind, str]]:
    if len(line) > LINE_COLOURED_AT_MOST:
        return [("plain", _text(line))]
    found: list[tuple[Kind, str]] = []
    done = 0
    for begin, end, kind in _spans(tree, start, start + len(line)):
        low, high = max(begin - start, done), min(end - start, len(line))
        if high > low:
            found += [("plain", _text(line[done:low])), (kind, _text(line[low:high]))]
            done = high
    return [piece for piece in [*found, ("plain", _text(line[done:]))] if piece[1]]


def _text(piece: bytes) -> str:
    return piece.decode("utf-8", "surrogatepass")


def _spans(tree: Tree, start: int, end: int) -> list[tuple[int, int, Kind]]:
    """Returns the coloured leaves between two byte offsets, in order; skips branches outside."""
    spans: list[tuple[int, int, Kind]] = []
    cursor = tree.walk()
    # To find a node's parent, tree-sitter walks down from the root.
    above: list[Node] = []
    while True:
        node = cursor.node
        assert node is not None
        if node.start_byte >= end > start:
            return spans
        kind = _kind(node, above) if node.end_byte > start else None
        if kind is not None:
            spans.append((node.start_byte, node.end_byte, kind))
        descend = kind is None and node.end_byte > start
        if descend and cursor.goto_first_child_for_byte(start) is not None:
            above.append(node)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return spans
            above.pop()


def _kind(node: Node, above: Sequence[Node]) -> Kind | None:
    """Returns the kind of a whole node. above: the nodes that contain it, the innermost last."""
    kind = WHOLE.get(node.type)
    if kind == "property" or node.type in IDENTIFIERS:
        if _is_called(node, above):
            return "function"
        return kind or ("class" if (node.text or b"")[:1].isupper() else "plain")
    if kind is not None:
        return kind
    if node.type in CONSTANTS:
        return "constant"
    return "keyword" if not node.is_named and node.type.isalpha() else None


def _is_called(node: Node, above: Sequence[Node]) -> bool:
    """Returns whether a name is called, or declared as a function."""
    target, parent = node, above[-1] if above else None
    if (
        parent is not None
        and parent.type == "member_expression"
        and parent.child_by_field_name("property") == node
    ):
        target, parent = parent, above[-2] if len(above) > 1 else None
    if parent is None or parent.type not in CALLS:
        return False
    return (
        parent.child_by_field_name("function" if parent.type == "call_expression" else "name")
        == target
    )
