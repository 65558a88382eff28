"""The first syntax error of a text, as the parser's log tells it.

The trees of tree-sitter do not have it: they show how the parser went on.
"""

from __future__ import annotations

from dataclasses import field
from functools import cache
from time import thread_time

from tree_sitter import Language, LogType, Node, Parser, Tree

from noderepl.javascript.syntax import CHUNK, TooHard, end_of_parse, parse
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

_PROCESS = lazy_pattern(
    r"process version:\d+, version_count:\d+, state:(\d+), row:(\d+), col:(\d+)"
)
_ANGLE = lazy_pattern(r"lexed_lookahead sym:<, size:\d+|reuse_node symbol:<")
_STATEMENT = ("_statement", "_declaration")
# More of them in a row are left out of the second reading.
_MOST_STATEMENTS = 8
# Of a row of characters that no token has, at each of its ends.
_MOST_BYTES = 64
# The errors of the first reading around which the second one does not reuse it.
_MOST_ERRORS = 20


@dataclass
class FirstError:
    """Reads the parser's log up to the first syntax error.

    source: what was read. is_done: whether there is an error. is_at_end: whether the token at the
    error is the end of the text. state, place: of the parser there; place is a row and a column.
    tags: the states in which the parser was after a `<`.
    """

    source: bytes
    is_at_end: bool = False
    state: int = 0
    place: tuple[int, int] = (0, 0)
    is_done: bool = False
    tags: set[int] = field(default_factory=set)
    _has_angle: bool = False
    _at: tuple[int, tuple[int, int]] = (0, (0, 0))

    def __call__(self, _: LogType, message: str) -> None:
        # The parser sends a message for each character that it reads: the frequent ones are first.
        if self.is_done or message[:7] == "consume":
            return
        if message[:7] == "process":
            if found := _PROCESS.match(message):
                self._at = int(found[1]), (int(found[2]), int(found[3]))
        elif message[:12] == "detect_error":
            self.state, self.place = self._at
            self.is_at_end = message.endswith(":end")
        elif message[:6] == "resume":
            self.is_done = True
        elif message[:15] in ("lexed_lookahead", "reuse_node symb"):
            self._has_angle = _ANGLE.fullmatch(message) is not None
        elif self._has_angle and message[:12] == "shift state:":
            self.tags.add(int(message[12:]))
            self._has_angle = False

    def rest(self) -> bytes:
        """Returns the text from where the parser was at the error."""
        row, column = self.place
        at = 0
        for _ in range(row):
            at = self.source.find(b"\n", at) + 1
        return self.source[at + column :]


def _shortened(source: bytes, root: Node) -> bytes:
    """A text with the same first error: without most of the statements that have none, and of the
    characters in a row that no token has, for which the parser has no bound.
    """
    cuts: list[tuple[int, int, bytes]] = []
    broken = [root]
    while broken:
        node, run = broken.pop(), list[Node]()
        if not node.children and node.end_byte - node.start_byte > 2 * _MOST_BYTES:
            start, end = node.start_byte + _MOST_BYTES, node.end_byte - _MOST_BYTES
            cuts.append((_boundary(source, start), _boundary(source, end), b""))
        for child in [*node.children, None]:
            if child is not None and child.type.endswith(_STATEMENT) and not child.has_error:
                run.append(child)
                continue
            if len(run) > _MOST_STATEMENTS:
                cuts.append((run[0].end_byte, run[-3].end_byte, b";\n"))
            run = []
            if child is not None and (child.has_error or child.is_error):
                broken.append(child)
    kept, done = [], 0
    for start, end, instead in sorted(cuts):
        kept += [source[done:start], instead]
        done = end
    return b"".join([*kept, source[done:]])


def _boundary(source: bytes, at: int) -> int:
    """Returns the offset of the character that is there, in UTF-8."""
    while source[at] & 0xC0 == 0x80:
        at -= 1
    return at


def first_error(parser: Parser, source: bytes, tree: Tree) -> FirstError:
    """Returns the first error of a text, found by a second reading.

    tree: of the first reading, which has an error. The second one reuses its pieces that have none,
    and reads no long row of statements, because the parser logs each character that it reads.
    Raises TooHard.
    """
    shorter = _shortened(source, tree.root_node)
    if len(shorter) < len(source):
        source, tree = shorter, parse(parser, shorter)
    for node in _errors(tree.root_node):
        start = min(node.start_byte, len(source) - 1)
        tree.edit(start, start + 1, start + 1, node.start_point, node.start_point, node.start_point)
    log = FirstError(source)
    parser.logger = log
    end = end_of_parse(len(source))
    try:
        parser.parse(
            lambda offset, _: source[offset : offset + CHUNK],
            old_tree=tree,
            encoding="utf8",
            progress_callback=lambda *_: log.is_done or thread_time() > end,
        )
    except ValueError as error:
        parser.reset()
        if not log.is_done:
            raise TooHard from error
    finally:
        del parser.logger
    return log


def _errors(root: Node) -> list[Node]:
    """The first nodes of a tree that are errors or missing."""
    found: list[Node] = []
    cursor = root.walk()
    while len(found) < _MOST_ERRORS:
        node = cursor.node
        assert node is not None
        if node.is_error or node.is_missing:
            found.append(node)
        if node.has_error and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return found
    return found


@cache
def accepted(language: Language, state: int) -> frozenset[str]:
    """Returns the names of what a parser accepts in a state."""
    found = language.lookahead_iterator(state)
    return frozenset(found.names()) if found is not None else frozenset()
