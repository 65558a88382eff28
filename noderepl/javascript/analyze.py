"""Finds a snippet's declarations and assignments, and the edits that it needs to run in a session.

A snippet in which tree-sitter finds an error is not changed, except for module syntax
(invalid_modules.py): the engine must see the typed text to report it. JavaScript that its grammar
rejects although it is valid is parsed by the one for TypeScript, which accepts the older `import …
assert {…}`. Both reject: `yield` as a name; `for (async of => …;;)`; an invalid escape in a tagged
template (`\\u`). An `export` alone on its line is parsed as a name, and not changed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Literal

from tree_sitter import Node, Parser

from noderepl.javascript.analysis import (
    Analysis,
    Assignment,
    Declaration,
    Edit,
    Offsets,
    Refusal,
)
from noderepl.javascript.file_scope import file_scope
from noderepl.javascript.invalid_modules import rewrite_broken, with_ends
from noderepl.javascript.modules import rewrite
from noderepl.javascript.scopes import Found, find
from noderepl.javascript.syntax import TooHard, nodes, parse, parser, typescript_parser
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

if TYPE_CHECKING:
    from noderepl.javascript.type_stripping import Stripped

_TO_BRACE = lazy_pattern(
    rb"(?:\xef\xbb\xbf|\xc2\xa0|[ \t\n\v\f\r]|//[^\n\r]*|/\*.*?\*/)*+\{", re.DOTALL
)
# `{ if (a) {} }` is a block, though `({ if (a) {} })` is an object with a method.
_STATEMENTS = frozenset([b"if", b"for", b"while", b"with", b"switch"])
# Kinds of nodes that only the grammar for TypeScript has, although they are JavaScript.
_BOTH = frozenset(
    "assert extends_clause public_field_definition required_parameter type_identifier ?.".split()
)
_RESERVED = frozenset(
    [b"this", b"null", b"true", b"false", b"super", b"debugger", b"return", b"break", b"continue"]
)


# A syntax tree takes up to 100 bytes for each character.
MOST_CHARACTERS = 2_000_000
TOO_LONG = (
    f"A snippet above {MOST_CHARACTERS:,} characters runs as a plain script: without await, import"
    " and redeclarations."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as one grammar parsed it. brace: where the inserted parenthesis makes it an object, or
    None. repairs: see grammar_repairs.readable().
    """

    root: Node
    source: bytes
    found: Found
    is_typescript: bool
    brace: int | None
    repairs: tuple[Edit, ...] = ()


def analyze(
    text: str,
    *,
    global_name: str,
    typescript: Literal["auto", "on", "off"],
    file: str | None = None,
) -> Analysis:
    """Returns the edits, declarations and assignments of a snippet.

    text: the snippet; a byte order mark before it is removed. global_name: the identifier that has
    `load`, `import` and `meta` in the session. typescript: whether the snippet is TypeScript;
    "auto" is yes if it is an error as JavaScript and none, or a later one, as TypeScript. file: the
    name of a program's file, whose text gets a scope of its own; it has no declarations then. A
    text that takes too long to parse is not changed.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_CHARACTERS:
        return Analysis(text, (), (), (), typescript == "on", False, (TOO_LONG,))
    try:
        return _analyze(text, global_name, typescript, file)
    except TooHard:
        return Analysis(text, (), (), (), typescript == "on", False, ())


def _analyze(
    text: str, global_name: str, typescript: Literal["auto", "on", "off"], file: str | None
) -> Analysis:
    source = text.encode("utf-8", "surrogatepass")
    reading = choose(source, typescript, may_be_object=file is None)
    if reading is None:
        return _analyze_broken(text, source, global_name, typescript)
    declarations = reading.found.declarations
    edits: list[Edit] = []
    refusal = None
    types: frozenset[str] = frozenset()
    if reading.is_typescript or reading.found.has_decorators:
        # These modules take time to load, and most snippets do not need them.
        from noderepl.javascript.references import types_alone
        from noderepl.javascript.type_stripping import strip

        stripped = strip(reading.root, reading.source, global_name, reading.repairs)
        edits += stripped.edits
        declarations = [_variable(one, stripped) for one in declarations]
        refusal = _refusal(stripped, reading.source, reading.brace)
        if reading.is_typescript and b"import" in source:
            types = types_alone(reading.root, reading.source)
    edits += [
        Edit(start, end, f"{global_name}.import") for start, end in reading.found.dynamic_imports
    ]
    for start, end in reading.found.metas:
        edits.append(
            Edit(start, end, f"{global_name}.meta" + "\n" * reading.source.count(b"\n", start, end))
        )
    notes: list[str] = []
    hoisted: list[Edit] = []
    if reading.brace is None:
        hoists = file is not None
        module = rewrite(reading.root, reading.source, global_name, types, hoists=hoists)
        edits += module.edits
        declarations = declarations + module.declarations
        notes, hoisted = module.notes, module.hoisted
        if module.value is not None:
            start = len(source)
            edits.append(Edit(start, start, f"{_line_end(reading, start)};{module.value}"))
    else:
        edits.append(Edit(reading.brace, reading.brace, "("))
        end = len(source.rstrip()) + 1
        edits.append(Edit(end, end, f"{_line_end(reading, end)})"))
    is_jsx = reading.found.has_jsx and not reading.is_typescript
    assignments = reading.found.assignments
    if file is not None:
        head, *scope = file_scope(
            reading.root, source, declarations, file=file, global_name=global_name
        )
        edits, declarations, assignments, notes = [head, *hoisted, *scope, *edits], [], [], []
    placed = _placed(edits, declarations, assignments, source, reading.brace)
    return Analysis(text, *placed, reading.is_typescript, is_jsx, tuple(notes), refusal)


def _variable(one: Declaration, stripped: Stripped) -> Declaration:
    """A class becomes a variable where decorators apply to it."""
    start = stripped.decorated.get(one.start) if one.kind == "class" else None
    return one if start is None else replace(one, kind="let", start=start, end=start)


def _refusal(stripped: Stripped, source: bytes, brace: int | None) -> Refusal | None:
    found = stripped.refusal
    if found is None:
        return None
    start = Offsets(source)(found.start)
    return replace(found, start=start if brace is None or found.start <= brace else start - 1)


def _analyze_broken(
    text: str, source: bytes, global_name: str, typescript: Literal["auto", "on", "off"]
) -> Analysis:
    """Returns the analysis of a text with an error for the engine; empty for TypeScript."""
    root = parse(parser(), source).root_node
    has_jsx = typescript != "on" and _shows_jsx(root)
    if typescript == "on" or (
        typescript == "auto" and not has_jsx and _fails_later_as_typescript(root, source)
    ):
        return _analyze_broken_typescript(text, source, global_name)
    module = rewrite_broken(root, source, global_name)
    placed = _placed(module.edits, module.declarations, [], source, None)
    return Analysis(text, *placed, False, has_jsx, tuple(module.notes))


def _analyze_broken_typescript(text: str, source: bytes, global_name: str) -> Analysis:
    """The engine meets the error in a text without the types."""
    from noderepl.javascript.edit_list import EditList
    from noderepl.javascript.type_stripping import strip

    stripped = strip(parse(typescript_parser(), source).root_node, source, global_name)
    blanked = bytearray(source)
    for edit in stripped.edits:
        blanked[edit.start : edit.end] = re.sub(rb"[^\r\n]", b" ", source[edit.start : edit.end])
    javascript = bytes(blanked)
    root = parse(parser(), javascript).root_node
    module = rewrite_broken(root, javascript, global_name)
    edits = EditList(source, module.edits)
    edits.add_outside(stripped.edits)
    placed = _placed(edits.apart(), module.declarations, [], source, None)
    refusal = _refusal(stripped, source, None)
    return Analysis(text, *placed, True, False, tuple(module.notes), refusal)


def _fails_later_as_typescript(javascript: Node, source: bytes) -> bool:
    root = parse(typescript_parser(), source).root_node
    return _has_types(root) and _first_error(root) > _first_error(javascript)


def _first_error(root: Node) -> int:
    """Returns the end of the first error; an error may begin with what it leaves open."""
    return min(node.end_byte for node in nodes(root) if node.is_error or node.is_missing)


def choose(
    source: bytes, typescript: Literal["auto", "on", "off"], *, may_be_object: bool
) -> Reading | None:
    """Returns the text as parsed by its grammar; None if that finds an error.

    may_be_object: whether a text that is an object as a whole is one.
    """
    if typescript == "on":
        return _read(typescript_parser(), source, True, may_be_object)
    javascript = _read(parser(), source, False, may_be_object)
    if javascript is not None and (typescript == "off" or not javascript.found.has_jsx):
        return javascript
    other = _read(typescript_parser(), source, True, may_be_object)
    if other is not None and not _has_types(other.root):
        return javascript or replace(other, is_typescript=False)
    return javascript if other is None or typescript == "off" else other


def _read(
    parser: Parser, source: bytes, is_typescript: bool, may_be_object: bool
) -> Reading | None:
    opening = _TO_BRACE.match(source) if may_be_object else None
    if opening is not None and not source.rstrip().endswith(b";"):
        brace = opening.end() - 1
        wrapped = b"%b(%b\n)" % (source[:brace], source[brace:])
        root = parse(parser, wrapped).root_node
        if not root.has_error and _is_object(root, brace, wrapped):
            return Reading(root, wrapped, find(root, wrapped), is_typescript, brace)
    root = parse(parser, source).root_node
    changed, repairs = source, list[Edit]()
    if is_typescript:
        from noderepl.javascript.grammar_repairs import readable

        changed, repairs = readable(root, source)
    if changed != source:
        root = parse(parser, changed).root_node
    if root.has_error and (ended := with_ends(root, changed)) != source:
        root = parse(parser, ended).root_node
    if root.has_error:
        return None
    return Reading(root, source, find(root, source), is_typescript, None, tuple(repairs))


def _is_object(root: Node, brace: int, wrapped: bytes) -> bool:
    """Returns whether the parentheses contain the whole text, and an object at its start, not a
    block.
    """
    statements = [child for child in root.named_children if child.type != "comment"]
    whole = (
        statements[0].named_children[0]
        if len(statements) == 1 and statements[0].named_children
        else None
    )
    if whole is None or whole.type != "parenthesized_expression" or whole.start_byte != brace:
        return False
    if whole.end_byte != len(wrapped):
        return False
    node = whole.named_children[0]
    while node.type not in ("object", "object_pattern") and node.named_children:
        node = node.named_children[0]
    for member in node.named_children:
        name = member.children[0] if member.type == "method_definition" else member
        if wrapped[name.start_byte : name.end_byte] in (
            _RESERVED if name is member else _STATEMENTS
        ):
            return False
    return True


def _line_end(reading: Reading, end: int) -> str:
    """Returns the line break that a last comment needs, or "". end: where the last line ends."""
    last = reading.root.descendant_for_byte_range(end - 1, end)
    is_open = last is not None and (
        last.type == "html_comment" or (last.text or b"").startswith(b"//")
    )
    return "\n" if is_open else ""


def _placed(
    edits: list[Edit],
    declarations: list[Declaration],
    assignments: list[Assignment],
    source: bytes,
    brace: int | None,
) -> tuple[tuple[Edit, ...], tuple[Declaration, ...], tuple[Assignment, ...]]:
    """Returns the finds in order, with byte offsets of the parsed text converted to UTF-16 offsets
    of the typed text.
    """
    edits.sort(key=lambda edit: (edit.start, edit.end))
    declarations.sort(key=lambda declaration: declaration.start)
    if brace is None and source.isascii():
        return tuple(edits), tuple(declarations), tuple(assignments)
    offsets = Offsets(source)

    def at(place: int) -> int:
        return offsets(place if brace is None or place <= brace else place - 1)

    return (
        tuple(
            Edit(
                at(edit.start),
                at(edit.end),
                edit.text,
                None if edit.origin is None else at(edit.origin),
            )
            for edit in edits
        ),
        tuple(
            replace(one, start=at(one.start), end=at(one.end), stop=at(one.stop))
            for one in declarations
        ),
        tuple(replace(one, start=at(one.start), end=at(one.end)) for one in assignments),
    )


@cache
def _type_kinds() -> frozenset[str]:
    """Returns the kinds of nodes that only TypeScript has."""
    javascript, typescript = (
        {language.node_kind_for_id(kind) for kind in range(language.node_kind_count)}
        for language in (parser().language, typescript_parser().language)
        if language is not None
    )
    return frozenset(kind for kind in typescript - javascript if kind is not None) - _BOTH


def _has_types(root: Node) -> bool:
    """Returns whether a tree of the grammar for TypeScript is more than JavaScript."""
    kinds = _type_kinds()
    return any(node.type in kinds for node in nodes(root))


def _shows_jsx(root: Node) -> bool:
    """Returns whether a text with errors contains a whole JSX element nevertheless."""
    return any(
        node.type in ("jsx_element", "jsx_self_closing_element") and not node.has_error
        for node in nodes(root)
    )
