"""Gives the text of a program's file the scope that Node.js gives a file: that of a function,
instead of the session's global scope.

The function of a CommonJS file has the parameters of Node's own; that of a module is strict, and
asynchronous. A text that uses `import`, `export` or `await` at its top level is asynchronous too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from tree_sitter import Node

from noderepl.javascript.analysis import Declaration, Edit
from noderepl.javascript.syntax import nodes

_NAMES = "exports, require, module, __filename, __dirname"
_MODULES = frozenset([".mjs", ".mts"])
_IMPORTS = frozenset(["import_statement", "export_statement"])
_FUNCTIONS = frozenset(
    """arrow_function class_body function_declaration function_expression
    generator_function generator_function_declaration method_definition""".split()
)


def file_scope(
    root: Node,
    source: bytes,
    declarations: Sequence[Declaration],
    *,
    file: str,
    global_name: str,
) -> list[Edit]:
    """Returns the edits that make a file's text a function, which the session calls.

    root: the tree of the text, without errors. source: the parsed text. declarations: of its top
    level; the edits replace those of a session. file: its name. global_name: the identifier that
    has `main` in the session.
    """
    is_module = PurePosixPath(file).suffix in _MODULES
    is_strict = is_module or any(one.type in _IMPORTS for one in root.named_children)
    is_async = is_strict or any(map(_is_top_level_await, nodes(root)))
    head = "await " * is_async + f"{global_name}.main(" + "async " * is_async
    head += f"function ({'' if is_module else _NAMES}) {{" + '"use strict";' * is_strict
    # A shebang line is one only at the start.
    edits = [Edit(0, 2, f"{head}//") if source.startswith(b"#!") else Edit(0, 0, head)]
    for one in declarations:
        word = _keyword(one, source)
        if word is not None:
            edits.append(Edit(one.start, one.end, word))
    return [*edits, Edit(len(source), len(source), "\n})")]


def _keyword(one: Declaration, source: bytes) -> str | None:
    """Returns the keyword that a declaration lacks as text of a function, if any."""
    if one.kind == "enum":
        return "var"
    if source[one.start : one.end] == b"import":
        return "const"
    # A class with decorators.
    return "let" if one.kind == "let" and one.start == one.end else None


def _is_top_level_await(node: Node) -> bool:
    if node.type != "await":
        return False
    parent = node.parent
    while parent is not None and parent.type not in _FUNCTIONS:
        parent = parent.parent
    return parent is None
