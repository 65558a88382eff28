"""Splits a snippet's lines into pieces of one colour; fast enough for every key in a long paste."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Literal

from tree_sitter import Node, Tree

from noderepl.javascript.line_states import PART, LineStates, around
from noderepl.javascript.syntax import TooHard, parse, parser
from noderepl.lazy_patterns import lazy_pattern

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

Piece = tuple[Kind, str]
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
# Words that name nothing. Where the grammar does not know the syntax around, as of types, it takes
# some for names.
RESERVED = frozenset(
    b"break case catch class const continue debugger default delete do else export extends finally"
    b" for function if import in instanceof new return switch throw try typeof var void while with"
    b" enum interface".split()
)
SECONDS = 0.02
"""Processor time that a block may take to parse, as it holds up a key."""
LINES, BLOCKS = 16, 64
"""Lines of a block on average; blocks that are remembered."""
COLOURED_AT_MOST = 200_000
"""Characters; in a longer text, each key would take longer than a person notices."""
LINE_COLOURED_AT_MOST = 5_000
"""Characters; a longer line is plain, except for a part of it."""
# A line that goes on with the statement of the line above, or has no statement.
_CONTINUES = lazy_pattern(r"\s*(?:$|[.?:,;+*/%&|^<>=!)\]}-]|(?:else|catch|finally)\b)")
CALLS = frozenset(
    ["call_expression", "function_declaration", "function_expression", "method_definition"]
)


class Highlighter:
    """Splits the input into coloured pieces. It parses blocks of a few lines, each alone, and only
    those with requested lines; a block that is as before is not parsed again.
    """

    def __init__(self) -> None:
        self._states = LineStates()
        self._lines: Sequence[str] = []
        self._is_plain = False
        self._firsts: dict[int, int] = {}
        self._here: tuple[range, _Block] | None = None
        self._blocks: OrderedDict[tuple[str, str, str], _Block] = OrderedDict()

    def pieces(self, text: str) -> Callable[[int], list[Piece]]:
        """Splits a snippet, line by line and only requested lines.

        text: the snippet, lines ended by "\\n". Returns a function from a line's number (0 is the
        first) to its pieces: their kinds and texts, whose concatenation is the line.
        """
        lines = text.split("\n")
        self._take(text, lines)

        def line(number: int) -> list[Piece]:
            if self._lines is not lines:
                self._take(text, lines)
            return self._line(number)

        return line

    def _take(self, text: str, lines: Sequence[str]) -> None:
        self._lines, self._is_plain = lines, len(text) >= COLOURED_AT_MOST
        self._firsts, self._here = {}, None
        if not self._is_plain:
            self._states.take(text, lines)

    def part(self, number: int, start: int, end: int) -> list[Piece]:
        """Returns the pieces of a part of a line of the latest text.

        start, end: its offsets in the line, which may be of any length.
        """
        line = self._lines[number]
        if self._is_plain:
            return [("plain", line[start:end])]
        low = max(start // PART - 1, 0) * PART
        high = min((end // PART + 2) * PART, len(line))
        before, behind = (self._states.inside(number, at) for at in (low, high))
        pieces = self._block(line[low:high], before, behind).line(0)
        return _cut(pieces, start - low, end - low)

    def _plain(self, number: int) -> list[Piece]:
        return [("plain", self._lines[number])] if self._lines[number] else []

    def _line(self, number: int) -> list[Piece]:
        if not 0 <= number < len(self._lines):
            return []
        length = len(self._lines[number])
        if self._is_plain or length > LINE_COLOURED_AT_MOST:
            return self._plain(number)
        if length > PART:
            return self.part(number, 0, length)
        if self._here is None or number not in self._here[0]:
            start, end = self._extent(number)
            text = "\n".join(self._lines[start:end])
            before, behind = self._states.before(start), self._states.before(end)
            self._here = range(start, end), self._block(text, before, behind)
        numbers, block = self._here
        return block.line(number - numbers.start)

    def _extent(self, number: int) -> tuple[int, int]:
        """Returns the first line of the block of a line, and the line behind its last one. They
        depend on nothing but the text.
        """
        at = number // LINES
        if self._first(at + 1) <= number:
            at += 1
        start, end = self._first(at), self._first(at + 1)
        for line in range(number - 1, start - 1, -1):
            if len(self._lines[line]) > PART:
                start = line + 1
                break
        return start, next(
            (line for line in range(number, end) if len(self._lines[line]) > PART), end
        )

    def _first(self, at: int) -> int:
        """Returns the first line of a block: one at which few brackets are open. at: its number."""
        last = min(at * LINES, len(self._lines))
        if last == len(self._lines):
            return last
        if at not in self._firsts:
            self._firsts[at] = min(
                range(last, max(last - LINES // 2, 0), -1),
                key=lambda number: (
                    _CONTINUES.match(self._lines[number]) is not None,
                    len(self._states.before(number)),
                ),
                default=0,
            )
        return self._firsts[at]

    def _block(self, text: str, before: str, behind: str) -> _Block:
        key = text, before, behind
        block = self._blocks.get(key) or _Block(*key)
        self._blocks[key] = block
        self._blocks.move_to_end(key)
        if len(self._blocks) > BLOCKS:
            self._blocks.popitem(last=False)
        return block


class _Block:
    """Lines that are parsed alone. before, behind: the states at their beginning and end."""

    def __init__(self, text: str, before: str, behind: str) -> None:
        lines = text.split("\n")
        opened, closed = around(lines[0], before, behind)
        self._lines = [line.encode("utf-8", "surrogatepass") for line in lines]
        self._starts = list(
            accumulate((len(line) + 1 for line in self._lines), initial=len(opened))
        )
        self._known: dict[int, list[Piece]] = {}
        self._source = source = b"%b%b\n%b\n" % (
            opened.encode(),
            b"\n".join(self._lines),
            closed.encode(),
        )
        try:
            self._tree: Tree | None = parse(parser(), source, seconds=SECONDS)
        except TooHard:
            self._tree = None

    def line(self, number: int) -> list[Piece]:
        """Returns the pieces of a line; number: 0 is the first."""
        if number not in self._known:
            line = self._lines[number]
            self._known[number] = (
                _line_pieces(self._tree, self._source, line, self._starts[number])
                if self._tree is not None
                else [("plain", _text(line))]
                if line
                else []
            )
        return self._known[number]


def _cut(pieces: Sequence[Piece], start: int, end: int) -> list[Piece]:
    """Returns the pieces between two offsets."""
    found: list[Piece] = []
    at = 0
    for kind, text in pieces:
        if part := text[max(start - at, 0) : max(end - at, 0)]:
            found.append((kind, part))
        at += len(text)
    return found


def _line_pieces(tree: Tree, source: bytes, line: bytes, start: int) -> list[Piece]:
    found: list[Piece] = []
    done = 0
    for begin, end, kind in _spans(tree, source, start, start + len(line)):
        low = max(_boundary(line, begin - start), done)
        high = _boundary(line, min(end - start, len(line)))
        if high > low:
            found += [("plain", _text(line[done:low])), (kind, _text(line[low:high]))]
            done = high
    return [piece for piece in [*found, ("plain", _text(line[done:]))] if piece[1]]


def _boundary(line: bytes, at: int) -> int:
    """Returns the offset of the character at an offset: some nodes end inside a lone surrogate."""
    while 0 < at < len(line) and line[at] & 0xC0 == 0x80:
        at -= 1
    return at


def _text(piece: bytes) -> str:
    return piece.decode("utf-8", "surrogatepass")


def _spans(tree: Tree, source: bytes, start: int, end: int) -> list[tuple[int, int, Kind]]:
    """Returns the coloured leaves between two byte offsets, in order; skips branches outside."""
    spans: list[tuple[int, int, Kind]] = []
    cursor = tree.walk()
    # To find a node's parent, tree-sitter walks down from the root.
    above: list[Node] = []
    while True:
        node = cursor.node
        assert node is not None
        begin, stop = node.start_byte, node.end_byte
        if begin >= end > start:
            return spans
        if stop > start:
            kind = _kind(node, above, source)
            if kind is not None:
                spans.append((begin, stop, kind))
            elif node.child_count and cursor.goto_first_child_for_byte(start) is not None:
                above.append(node)
                continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return spans
            above.pop()


def _kind(node: Node, above: Sequence[Node], source: bytes) -> Kind | None:
    """Returns the kind of a whole node. above: the nodes that contain it, the innermost last.
    source: of the tree.
    """
    name = node.type
    kind = WHOLE.get(name)
    if kind == "property" or name in IDENTIFIERS:
        text = source[node.start_byte : node.end_byte]
        if kind is None and text in RESERVED:
            return "keyword"
        if _is_called(node, above):
            return "function"
        return kind or ("class" if text[:1].isupper() else "plain")
    if kind is not None:
        return kind
    if name in CONSTANTS:
        return "constant"
    return "keyword" if name.isalpha() and not node.is_named else None


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
