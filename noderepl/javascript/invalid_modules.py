"""Rewrites a text with an error so that the engine, which must report the error, parses up to it.

The engine parses a script, in which `import` and `export` are errors before any other. Therefore
the valid statements of a module are rewritten for a script, as in any snippet, and the valid part
of the first invalid one is replaced by `do{}`: after that the engine accepts nothing that could
follow, and so reports the next token. If the engine accepts the text nevertheless, it runs.
Positions are byte offsets.

V8's own module parser would report the error too, without running anything: `import('data:…')` of
the text and of an import that fails after it, measured on Node.js 20 and 24. It does not replace
this module: a text that only the grammar rejects must still run, and with_ends() reads the
statements of texts without errors by the same table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from noderepl.javascript.analysis import Edit
from noderepl.javascript.modules import Rewriting, rewrite
from noderepl.javascript.syntax import CLOSERS, OPENERS, leaves, parse, parser
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

_TOKEN = lazy_pattern(
    rb"""(?P<gap>(?:\s|//[^\n]*|/\*.*?\*/)*+)
    (?:(?P<name>[\w$\\\x80-\xff]+)|(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(?P<sign>.|\Z))""",
    re.VERBOSE | re.DOTALL,
)
_DECLARING = ("const", "let", "var", "function", "async", "class")
# The tokens, or kinds of tokens, that may follow in an import or export statement in each state,
# and the states they lead to.
_STEPS: dict[str, dict[str, str]] = {
    "import": {"a name": "default", "a string": "end", "*": "namespace", "{": "list", ".": "dot"},
    "dot": {"meta": "meta"},
    "meta": {},
    "export": {
        "*": "all",
        "{": "list",
        "default": "value",
        **dict.fromkeys(_DECLARING, "declaration"),
    },
    "declaration": {},
    "value": {},
    "default": {"from": "from", ",": "second"},
    "second": {"*": "namespace", "{": "list"},
    "namespace": {"as": "alias"},
    "all": {"as": "alias", "from": "from"},
    "alias": {"a name": "bound", "a string": "bound"},
    "list": {"a name": "listed", "a string": "listed", "}": "names"},
    "listed": {"as": "renamed", ",": "list", "}": "names"},
    "renamed": {"a name": "named", "a string": "named"},
    "named": {",": "list", "}": "names"},
    "names": {"from": "from"},
    "bound": {"from": "from"},
    "from": {"a string": "end"},
    "end": {"with": "with", "assert": "with"},
    "with": {"{": "attributes"},
    "attributes": {"a name": "key", "a string": "key", "}": "whole"},
    "key": {":": "colon"},
    "colon": {"a string": "pair"},
    "pair": {",": "attributes", "}": "whole"},
    "whole": {},
}


@dataclass(frozen=True, slots=True)
class _Statement:
    """An import or export statement, or the valid part of one.

    kind: "sound" or "broken"; "export" and "value" are `export` and `export default` before more,
    "meta" is an `import.meta`. end: where it ends without its semicolon, or where it is invalid.
    """

    start: int
    end: int
    kind: str


def with_ends(root: Node, source: bytes) -> bytes:
    """Returns the source, in the same length, with a semicolon after each import and export
    statement.

    Otherwise the grammar continues in a next line that begins with a template, a regular
    expression, `+` or the like. Attributes of an export, which the grammar does not know, are
    removed.
    """
    ended = bytearray(source)
    for statement in _statements(root, source):
        start, end = statement.start, statement.end
        if statement.kind == "sound":
            if source.startswith(b"export", start):
                ended[start:end] = b"export{}" + b";".rjust(end - start - 8)[: end - start - 8]
            if source[end : end + 1].isspace():
                ended[end] = ord(";")
    return bytes(ended)


def rewrite_broken(root: Node, source: bytes, global_name: str) -> Rewriting:
    """Rewrites the statements of a module in a text with errors.

    root: its tree. source: the parsed text. global_name: the identifier that has `load` in the
    session.
    """
    ended = with_ends(root, source)
    sound = bytearray(re.sub(rb"[^\n]", b" ", source))
    edits: list[Edit] = []
    for statement in _statements(root, source):
        start, end = statement.start, statement.end
        if statement.kind == "sound":
            end += source.startswith(b";", end)
            sound[start:end] = ended[start:end]
            continue
        become = {"broken": "do{}", "export": "", "value": ";0,", "meta": f"{global_name}.meta"}[
            statement.kind
        ]
        edits.append(Edit(start, end, become + "\n" * source.count(b"\n", start, end)))
        if statement.kind == "broken":
            break
    done = rewrite(parse(parser(), bytes(sound)).root_node, source, global_name)
    done.edits += edits
    return done


def _statements(root: Node, source: bytes) -> Iterator[_Statement]:
    """Yields the program's own import and export statements, and every `import.meta`, in order."""
    depth = end = 0
    for leaf in leaves(root):
        depth += (leaf.type in OPENERS) - (leaf.type in CLOSERS)
        if leaf.type in ("import", "export") and leaf.start_byte >= end:
            statement = _statement(leaf, source)
            if statement is not None and (depth == 0 or statement.kind == "meta"):
                yield statement
                end = statement.end


def _statement(keyword: Node, source: bytes) -> _Statement | None:
    """Returns the statement that a keyword begins; None for `import(…)`."""
    start, at, state = keyword.start_byte, keyword.end_byte, keyword.type
    while True:
        found = _TOKEN.match(source, at)
        assert found is not None and found.lastgroup is not None
        token = found[found.lastgroup].decode("utf-8", "replace")
        steps = _STEPS[state]
        following = steps.get(token) or steps.get(f"a {found.lastgroup}")
        if following is None:
            break
        at, state = found.end(), following
    if state == "dot" or (state == "import" and token == "("):
        return None
    if state == "declaration":
        return _Statement(start, keyword.end_byte, "export")
    if state in ("value", "meta"):
        return _Statement(start, at, state)
    is_whole = state in ("end", "whole") or (state == "names" and keyword.type == "export")
    if is_whole and (token in ("", ";") or b"\n" in found["gap"]):
        return _Statement(start, at, "sound")
    return _Statement(start, found.end("gap"), "broken")
