"""Rewrites a module's `import` and `export` statements for a snippet, which is not a module.

Only the program's own statements are rewritten; elsewhere they are errors, which the engine
reports. Positions are byte offsets of the source. Removed text leaves its line ends, and `export`
its width, so that the lines and most columns of an error are the user's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from tree_sitter import Node

from noderepl.javascript.analysis import Declaration, Edit
from noderepl.javascript.patterns import name_of
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern

EXPORT_NOTE = "`export` is ignored: a snippet is not a module."
DEFAULT_NOTE = "`export default` gives the snippet its value: a snippet is not a module."
VALUED = frozenset(
    [
        "function_declaration",
        "generator_function_declaration",
        "class_declaration",
        "abstract_class_declaration",
    ]
)
_EMPTY = frozenset(["comment", "html_comment", "empty_statement", "hash_bang_line"])
NAMELESS = frozenset(["function_expression", "generator_function", "class"])
LINE_END = lazy_pattern("\r\n|[\n\r\u2028\u2029]")


@dataclass(slots=True)
class Rewriting:
    """The rewritten statements. value: the name whose value is the snippet's, as its last statement
    exports it. hoisted: insertions, which must precede others in their position.
    """

    edits: list[Edit] = field(default_factory=list)
    declarations: list[Declaration] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    value: str | None = None
    hoisted: list[Edit] = field(default_factory=list)


def rewrite(
    root: Node,
    source: bytes,
    global_name: str,
    types: frozenset[str] = frozenset(),
    *,
    hoists: bool = False,
) -> Rewriting:
    """Rewrites a program's import and export statements.

    root: the tree, without errors. source: the parsed text. global_name: the identifier that has
    `load` in the session. types: names that may be types, which no module exports. hoists: whether
    modules are loaded before the other statements run, as those of a module are.
    """
    module = _Module(source, global_name, types)
    for place, node in enumerate(root.named_children):
        if node.type in _EMPTY:
            continue
        if node.type in ("import_statement", "import_alias"):
            module.import_(node, place > 0)
            continue
        if hoists and module.hoist_to is None:
            module.hoist_to = node.start_byte
        if node.type == "export_statement":
            module.export(node, place > 0)
        else:
            module.done.value = None
    return module.done


class _Module:
    def __init__(self, source: bytes, global_name: str, types: frozenset[str]) -> None:
        self._types = types
        self.done = Rewriting()
        self._source = source
        self._global_name = global_name
        # Where later imports run; None for each in its place.
        self.hoist_to: int | None = None

    def _text(self, start: int, end: int) -> str:
        return self._source[start:end].decode("utf-8", "surrogatepass")

    def _typed(self, node: Node) -> str:
        return self._text(node.start_byte, node.end_byte)

    def _replace(self, start: int, end: int, before: str, after: str = "") -> None:
        """Replaces a text by two others, with the line ends that would be lost between them."""
        lost = len(LINE_END.findall(self._text(start, end))) - len(LINE_END.findall(before + after))
        self.done.edits.append(Edit(start, end, before + "\n" * lost + after))

    def _remove(self, node: Node, parts: bool) -> None:
        """Removes a statement. parts: whether one precedes it, which must not run on."""
        self._replace(node.start_byte, node.end_byte, ";" if parts else "")

    def _hoist(self, node: Node, text: str, parts: bool) -> None:
        """Replaces a statement by a text where the imports run."""
        assert self.hoist_to is not None
        self.done.hoisted.append(Edit(self.hoist_to, self.hoist_to, text, node.start_byte))
        self._remove(node, parts)

    def _blank(self, word: Node, text: str = "") -> None:
        width = word.end_byte - word.start_byte
        self.done.edits.append(Edit(word.start_byte, word.end_byte, text.rjust(width)))

    def import_(self, node: Node, parts: bool) -> None:
        self.done.value = None
        words = [child.type for child in node.children if not child.is_named]
        clause = _child(node, "import_clause")
        source = node.child_by_field_name("source")
        if "type" in words or "typeof" in words:
            self._remove(node, parts)
        elif node.type == "import_alias":
            self._bind(node, [node.named_children[0]])
        elif (required := _child(node, "import_require_clause")) is not None:
            self._bind(node, [required.named_children[0]])
        elif source is not None:
            self._import_from(node, clause, source, parts)

    def _bind(self, node: Node, bound: list[Node]) -> None:
        names = tuple(name_of(name, self._source) for name in bound)
        keyword = node.children[0]
        where = keyword.start_byte, keyword.end_byte, node.end_byte
        self.done.declarations.append(Declaration("const", names, *where))

    def _import_from(self, node: Node, clause: Node | None, source: Node, parts: bool) -> None:
        bound: list[Node] = []
        wanted: list[str] = []
        optional: list[str] = []
        pattern: list[str] = []
        namespace = None
        typed = False
        for name, local in _specifiers(clause):
            if local is None:
                typed = True
                continue
            bound.append(local)
            own = self._typed(local)
            if name is None:
                namespace = own
                if own in self._types:
                    optional.append("'*'")
                continue
            key = name if isinstance(name, str) else self._typed(name)
            names = optional if own in self._types else wanted
            names.append(key if key[0] in "'\"" else f"'{key}'")
            pattern.append(key if key == own else f"{key}: {own}")
        if typed and not bound:
            self._remove(node, parts)
            return
        attributes = _child(node, "import_attribute")
        last = source if attributes is None else attributes
        start = node.children[0].end_byte if bound else node.start_byte
        with_ = "" if attributes is None else f", {self._typed(attributes.named_children[-1])}"
        if optional:
            with_ = f"{with_ or ', undefined'}, [{', '.join(optional)}]"
        load, whole = (
            f"await {self._global_name}.load({self._typed(source)}, [{names}]{with_}"
            for names in (", ".join(wanted), "")
        )
        end = ")" if self._source.startswith(b";", node.end_byte - 1) else ");"
        members = f"{{{', '.join(pattern)}}}"
        if not bound:
            load = f"void {load}"
        elif namespace is None:
            load = f" {members} = {load}"
        else:
            end = f"), {members} = {load}{end}" if pattern else end
            load = f" {namespace} = {whole}"
        if self.hoist_to is not None:
            end = end.removesuffix(";")
            self._hoist(node, f"{'const' if bound else ''}{load}{end};", parts)
            return
        self._replace(start, last.end_byte, load, end)
        if bound:
            self._bind(node, bound)

    def export(self, node: Node, parts: bool) -> None:
        words = {child.type: child for child in node.children if not child.is_named}
        export, default = words["export"], words.get("default", words.get("="))
        declaration = node.child_by_field_name("declaration")
        named = declaration.child_by_field_name("name") if declaration is not None else None
        self.done.value = None
        if declaration is not None:
            self._blank(export)
            if default is not None:
                self._blank(default)
            if declaration.type == "import_alias":
                self._bind(declaration, [declaration.named_children[0]])
            if default is not None and declaration.type in VALUED and named is not None:
                self.done.value = self._typed(named)
        elif default is not None:
            self._blank(export)
            self._blank(default, ";0,")
            self._end_nameless(default)
        elif self.hoist_to is not None and (source := node.child_by_field_name("source")):
            self._hoist(node, f"await {self._global_name}.load({self._typed(source)}, []);", parts)
        else:
            self._remove(node, parts)
        is_value = default is not None and (declaration is None or declaration.type in VALUED)
        note = DEFAULT_NOTE if is_value else EXPORT_NOTE
        if note not in self.done.notes:
            self.done.notes.append(note)

    def _end_nameless(self, default: Node) -> None:
        """Ends `export default class {}` at its brace: the statement ends there, but the expression
        that replaces it might continue in the next line.
        """
        node = default.next_named_sibling
        while node is not None and node.type == "comment":
            node = node.next_named_sibling
        start = node.start_byte if node is not None else -1
        while node is not None and node.start_byte == start:
            if node.type in NAMELESS:
                if not self._source.startswith(b";", node.end_byte):
                    self.done.edits.append(Edit(node.end_byte, node.end_byte, ";"))
                return
            node = node.children[0] if node.children else None


def _child(node: Node, kind: str) -> Node | None:
    return next((child for child in node.named_children if child.type == kind), None)


def _specifiers(clause: Node | None) -> Iterator[tuple[Node | str | None, Node | None]]:
    """Yields the names of an import, in order: the exported name (None: the namespace) and the
    local one (None: a type).
    """
    for part in clause.named_children if clause is not None else ():
        if part.type == "identifier":
            yield "default", part
        elif part.type == "namespace_import":
            yield None, _child(part, "identifier")
        elif part.type == "named_imports":
            for one in part.named_children:
                if one.type != "import_specifier":
                    continue
                name = one.child_by_field_name("name")
                is_type = any(
                    child.type in ("type", "typeof") and not child.is_named
                    for child in one.children
                )
                yield name, None if is_type else one.child_by_field_name("alias") or name
