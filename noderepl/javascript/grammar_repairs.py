"""TypeScript that the grammar reads in another way than the compiler, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from noderepl.javascript.analysis import Edit
from noderepl.javascript.syntax import nodes

_GAP = re.compile(rb"(?<!\s)\s++[\[(`]")
_UNCALLED = frozenset(["as_expression", "satisfies_expression", "arrow_function"])
_STATIC_INDEX = re.compile(rb"\bstatic(?=\s+(?:readonly\s+)?\[\s*[\w$]+\s*:)")
_ACCESSOR = re.compile(rb"\b(static|override)(\s+)accessor(?=\s+[\w$#\[\"'\x80-\xff])")


def readable(root: Node, source: bytes) -> tuple[bytes, list[Edit]]:
    """Change what the grammar reads in another way than TypeScript; the length stays.

    What begins a line does not continue a type above. `static accessor` is a field, and an index
    signature may be static. root: the tree of the source. Returns what to parse, and the edits that
    this asks for where no types are.
    """
    changed = source
    repairs: list[Edit] = []
    if root.has_error and b"static" in source:
        changed = _ACCESSOR.sub(lambda found: found[1] + found[2] + b" " * 8, changed)
        for found in _STATIC_INDEX.finditer(source):
            repairs.append(Edit(found.start(), found.end(), " " * 6))
        changed = _STATIC_INDEX.sub(b" " * 6, changed)
    if any(b"\n" in gap or b"\r" in gap for gap in _GAP.findall(source)):
        ended = bytearray(changed)
        for place in _line_ends(root, source):
            ended[place] = ord(";")
            repairs.append(Edit(place, place, ";"))
        changed = bytes(ended)
    return changed, repairs


def _line_ends(root: Node, source: bytes) -> Iterator[int]:
    """The line ends that end a statement although the grammar reads on."""
    for node in nodes(root):
        if node.type in ("lookup_type", "array_type"):
            after = next((child for child in node.children if child.type == "["), None)
        elif node.type == "call_expression" and node.children[0].type in _UNCALLED:
            after = node.children[-1]
        else:
            continue
        end = node.children[0].end_byte
        if after is not None and source[end : end + 1].isspace():
            gap = source[end : after.start_byte]
            if b"\n" in gap or b"\r" in gap:
                yield end
