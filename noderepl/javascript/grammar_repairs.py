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
_VARIANCE = re.compile(
    rb"([<,](?:\s|//[^\n]{0,500}\n|/\*.{0,500}?\*/)*+)"
    rb"(in\s+out|in|out)(?=\s+[A-Za-z_$\x80-\xff])",
    re.DOTALL,
)
# A signature in a type below one whose own type could go on with `<`.
_SIGNATURE = re.compile(
    rb"(?<=[\w$>\])}'\"`])[ \t]*+[\r\n]"
    rb"(?=(?:\s|//[^\n]{0,500}\n|/\*.{0,5000}?\*/)*+<\s*+[\w$])",
    re.DOTALL,
)


def readable(root: Node, source: bytes) -> tuple[bytes, list[Edit]]:
    """Change what the grammar reads in another way than TypeScript; the length stays.

    What begins a line does not continue a type above. A name in a type may have more than two
    parts. `static accessor` is a field, an index signature may be static, and a type parameter may
    begin with `in` or `out`. root: the tree of the source. Returns what to parse, and the edits
    that this asks for where no types are.
    """
    changed = _with_whole_names(root, source)
    repairs: list[Edit] = []
    if root.has_error:
        changed = _SIGNATURE.sub(lambda found: found[0][:-1] + b";", changed)
        changed = _VARIANCE.sub(lambda found: found[1] + b" " * len(found[2]), changed)
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


def _with_whole_names(root: Node, source: bytes) -> bytes:
    """The grammar reads `a as B.C.D` as a member of `(a as B.C)`: dots become letters."""
    changed = bytearray(source)
    seen: set[int] = set()
    for node in nodes(root):
        dots: list[int] = []
        inner = node
        while inner.type == "member_expression" and inner.id not in seen:
            seen.add(inner.id)
            dots += [child.start_byte for child in inner.children if child.type == "."]
            inner = inner.children[0]
        if dots and inner.type in ("as_expression", "satisfies_expression"):
            for dot in [*dots, *_dots_at_end(inner)]:
                changed[dot] = ord("_")
    return bytes(changed)


def _dots_at_end(node: Node) -> Iterator[int]:
    """The dots of the name that a node ends with."""
    while node.children:
        is_name = node.type in ("nested_type_identifier", "nested_identifier")
        if is_name:
            yield from (child.start_byte for child in node.children if child.type == ".")
        node = node.children[0 if is_name else -1]


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
