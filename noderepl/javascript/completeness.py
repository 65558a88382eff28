"""Whether further lines can complete a text, or it runs as it is.

The rule is that of Node's REPL: a text is incomplete if its first syntax error is at its end. If
the grammar cannot decide, the text is complete and the engine reports the error.
"""

from __future__ import annotations

from enum import Enum, auto

from tree_sitter import Language, Node, Parser, Tree

from noderepl.javascript.first_error import FirstError, accepted, first_error
from noderepl.javascript.syntax import (
    CLOSERS,
    OPENERS,
    TooHard,
    parse,
    parser,
    typescript_parser,
)
from noderepl.javascript.validity import FOREIGN, TEXTS
from noderepl.lazy_patterns import lazy_pattern

_OBJECT = lazy_pattern(rb"\s*\{")
_TAG = lazy_pattern(rb"<\s*[A-Za-z_$>]")
# What begins a generic function of TypeScript, which the grammar of JavaScript reads as JSX.
_GENERIC_FUNCTION = lazy_pattern(rb"<[^<>]*>\s*\(")
_UNESCAPED_BACKTICK = lazy_pattern(rb"(?<!\\)(?:\\\\)*`")
_TEXTS = frozenset(["comment", "html_comment", "string_fragment", "escape_sequence", "jsx_text"])
_JUMPS = frozenset("return return_statement break_statement continue_statement".split())
_EXTRAS = frozenset(["comment", "html_comment"])
# A function or a class without a name, which can begin no statement.
_NAMELESS = lazy_pattern(rb"\s*(?:(?:async\s+)?function[\s*]*\(|class\s*\{)")


class _Verdict(Enum):
    WHOLE = auto()
    MORE = auto()
    BROKEN = auto()


def is_incomplete(text: str) -> bool:
    """Returns whether a snippet needs more lines before it can run, as JavaScript or TypeScript.

    text: the snippet. A string or a regular expression that its line does not end makes it
    complete: no further line can mend it.
    """
    try:
        return _is_incomplete(_encoded(text)) and not _has_foreign_code(text)
    except TooHard:
        return False


def _encoded(text: str) -> bytes:
    return (text.rstrip("\n") + "\n").encode("utf-8", "surrogatepass")


def _has_foreign_code(text: str) -> bool:
    """Whether the first character that no engine reads as code, such as a curly quote, is code."""
    found = FOREIGN.search(text)
    if found is None:
        return False
    before = text[: found.start()].encode("utf-8", "surrogatepass")
    root = parse(parser(), _encoded(text)).root_node
    node = root.descendant_for_byte_range(len(before), len(before) + 1)
    is_text = node is not None and node.type in TEXTS
    return not is_text and _line_end(before) is not LineEnd.TEXT


class LineEnd(Enum):
    """Where a line ends: in a template, a block comment or a string, behind an opening bracket, or
    elsewhere in code.
    """

    TEXT = auto()
    OPENER = auto()
    CODE = auto()


def line_end(text: str) -> LineEnd:
    """Returns where a text ends, from which the indentation of a next line follows."""
    try:
        return _line_end(_encoded(text))
    except TooHard:
        return LineEnd.CODE


def _line_end(source: bytes) -> LineEnd:
    for language in (parser(), typescript_parser()):
        tree = parse(language, source)
        if _open_comment(source, tree.root_node) is not None:
            return LineEnd.TEXT
        if not tree.root_node.has_error:
            break
        log = first_error(language, source, tree)
        if log.is_done and language.language is not None:
            expected = accepted(language.language, log.state)
            if "string_fragment" in expected and not _is_closed(log, expected):
                return LineEnd.TEXT
        if not log.is_done or log.is_at_end:
            break
    code = source.rstrip()
    at = len(code) - 1
    if not code.endswith((b"{", b"(", b"[")):
        return LineEnd.CODE
    last = tree.root_node.descendant_for_byte_range(at, at + 1)
    is_bracket = last is None or last.type in OPENERS or last.is_error
    return LineEnd.OPENER if is_bracket else LineEnd.CODE


def _is_closed(log: FirstError, expected: frozenset[str]) -> bool:
    """Whether the string or template in which the first error is ends before the text does."""
    if "${" in expected:
        return _UNESCAPED_BACKTICK.search(log.rest()) is not None
    return not log.is_at_end


def _is_incomplete(source: bytes) -> bool:
    tree = parse(parser(), source)
    start = _open_comment(source, tree.root_node)
    if start is not None:
        source = source[:start]
        tree = parse(parser(), source)
    verdict, is_jsx = _verdict(parser(), source, tree)
    if verdict is _Verdict.BROKEN and _OBJECT.match(source):
        verdict = _as_object(source)
    if _NAMELESS.match(source):
        return False
    if verdict is _Verdict.BROKEN and (not is_jsx or _GENERIC_FUNCTION.search(source)):
        verdict, _ = _verdict(typescript_parser(), source)
    return verdict is not _Verdict.BROKEN if start is not None else verdict is _Verdict.MORE


def _as_object(source: bytes) -> _Verdict:
    """The verdict on a text that begins with a brace, as an expression."""
    if not parse(parser(), b"(" + source + b")").root_node.has_error:
        return _Verdict.WHOLE
    return _verdict(parser(), b"(" + source)[0]


def _verdict(parser: Parser, source: bytes, tree: Tree | None = None) -> tuple[_Verdict, bool]:
    """The verdict on a text in the parser's language, and whether JSX is in it.

    tree: the text's tree, if there is one.
    """
    tree = tree or parse(parser, source)
    language = parser.language
    assert language is not None
    is_script = language.name == "javascript"
    is_jsx = is_script and _TAG.search(source) is not None and _has_jsx(tree.root_node)
    if not tree.root_node.has_error:
        lacks_more = not is_jsx and _lacks_its_end(tree.root_node)
        return (_Verdict.MORE if lacks_more else _Verdict.WHOLE), is_jsx
    log = first_error(parser, source, tree)
    if is_script:
        tags = (accepted(language, state) for state in log.tags)
        is_jsx = is_jsx or any("number" not in expected for expected in tags)
    if not log.is_done or is_jsx or _leaves_nothing(tree.root_node):
        return _Verdict.BROKEN, is_jsx
    return (_Verdict.MORE if _can_go_on(log, language) else _Verdict.BROKEN), is_jsx


def _can_go_on(log: FirstError, language: Language) -> bool:
    """Whether a text of which the first error is logged can go on after its end."""
    expected = accepted(language, log.state) - _EXTRAS
    if "${" in expected and "`" in expected:
        # The parser stops before the last piece of a template if the text ends in it.
        return _UNESCAPED_BACKTICK.search(log.rest()) is None
    if "string_fragment" in expected:
        bare = log.source.rstrip(b"\n")
        return log.is_at_end and (len(bare) - len(bare.rstrip(b"\\"))) % 2 == 1
    return log.is_at_end and not expected <= {"/", "regex_pattern"}


def _has_jsx(root: Node) -> bool:
    cursor = root.walk()
    while True:
        node = cursor.node
        assert node is not None
        if node.type.startswith("jsx_"):
            return True
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return False


def _open_comment(source: bytes, root: Node) -> int | None:
    """The offset of a block comment that the text does not close, which the grammar reads as a
    regular expression.
    """
    at = source.find(b"/*", max(source.rfind(b"*/") - 1, 0))
    while at >= 0:
        node = root.descendant_for_byte_range(at, at + 1)
        is_text = node is not None and (
            node.type in _TEXTS
            or (node.type == "regex_pattern" and node.start_byte <= at)
            or _ends_regex(node)
        )
        if node is None or not is_text:
            return at
        at = source.find(b"/*", max(node.end_byte, at + 1))
    return None


def _ends_regex(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "regex" and node.start_byte > parent.start_byte


def _leaves_nothing(root: Node) -> bool:
    """Whether a `return`, `break` or `continue` is outside of all brackets: an error there."""
    depth = 0
    pieces: list[Node] = []
    for child in root.children:
        pieces += child.children if child.is_error else [child]
    for piece in pieces:
        depth += (piece.type in OPENERS) - (piece.type in CLOSERS)
        if depth == 0 and piece.type in _JUMPS:
            return True
    return False


def _lacks_its_end(root: Node) -> bool:
    """Whether a text without an error ends in what the grammar accepts and no engine does: `const
    x`, `let {a}`, `try {}`, `export`, or a function of TypeScript without a body.
    """
    statements = [node for node in root.children if node.type not in _TEXTS]
    node = statements[-1] if statements else None
    while node is not None:
        match node.type:
            case "lexical_declaration" | "variable_declaration":
                return _lacks_a_value(node)
            case "try_statement":
                if not (
                    node.child_by_field_name("handler") or node.child_by_field_name("finalizer")
                ):
                    return True
            case "function_signature":
                return not (node.text or b"").endswith(b";")
            case "identifier":
                return node.text == b"export"
        node = node.children[-1] if node.children else None
    return False


def _lacks_a_value(declaration: Node) -> bool:
    last = declaration.children[-1]
    if last.type != "variable_declarator" or last.child_by_field_name("value"):
        return False
    name = last.child_by_field_name("name")
    is_pattern = name is not None and name.type in ("object_pattern", "array_pattern")
    return is_pattern or declaration.children[0].type == "const"
