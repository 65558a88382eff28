"""Whether a text is JavaScript or TypeScript, as an engine would parse it.

Stricter than the grammar if that accepts a curly quote as a letter or skips an invisible character.
"""

from __future__ import annotations

from tree_sitter import Node

from noderepl.javascript.syntax import parse, parser, typescript_parser
from noderepl.lazy_patterns import lazy_pattern

# Characters that only the grammar accepts outside strings, comments and the like.
FOREIGN = lazy_pattern(
    "[\u00ad\u00b4\u180e\u200b\u200e\u200f\u2010-\u201f\u2026\u202a-\u202e\u2032\u2033\u2060-\u2069\u2190\u2212\u275b-\u276f]"
)
TEXTS = frozenset(
    "comment html_comment hash_bang_line string string_fragment escape_sequence template_string"
    " regex regex_pattern jsx_text".split()
)
# Spaces that engines know and the grammar does not, each three bytes long; the offsets must not
# change.
_WIDE_SPACES = lazy_pattern(rb"\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xaf]|\xe2\x81\x9f|\xe3\x80\x80")


def parses(text: str) -> bool:
    """Returns whether a text has no error as JavaScript or TypeScript; an empty one has none.
    Raises TooHard.
    """
    source = encoded(text)
    if _is_sound(parse(parser(), source).root_node, text):
        return True
    return _is_sound(parse(typescript_parser(), source).root_node, text)


def tree_of(text: str) -> Node:
    """Returns the syntax tree of a text as JavaScript. Raises TooHard."""
    return parse(parser(), encoded(text)).root_node


def encoded(text: str) -> bytes:
    """Returns the bytes to parse, as long as the text's own."""
    return _WIDE_SPACES.sub(b"   ", text.encode("utf-8", "surrogatepass"))


def node_at(root: Node, text: str, index: int) -> Node | None:
    """Returns the smallest node of a text's tree that covers the character at an index."""
    start = len(text[:index].encode("utf-8", "surrogatepass"))
    return root.descendant_for_byte_range(
        start, start + len(text[index].encode("utf-8", "surrogatepass"))
    )


def _is_sound(root: Node, text: str) -> bool:
    if root.has_error:
        return False
    offset = done = 0
    for found in FOREIGN.finditer(text):
        offset += len(text[done : found.start()].encode("utf-8", "surrogatepass"))
        done = found.start()
        node = root.descendant_for_byte_range(offset, offset + 1)
        if node is None or node.type not in TEXTS:
            return False
    return True
