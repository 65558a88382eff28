"""A snippet's declarations in the session's global scope, and its assignments that reach that
scope.

One walk over a tree without errors. Positions are byte offsets of the parsed source. If it is
uncertain which scope binds a name (inside `with`, beside a direct `eval`, in a namespace), an
assignment to it is omitted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from tree_sitter import Node

from noderepl.javascript.analysis import Assignment, Declaration, Kind
from noderepl.javascript.dynamic_imports import is_target, is_valid_call
from noderepl.javascript.patterns import declared, name_of, plain_names
from noderepl.javascript.scope_stack import ScopeStack
from noderepl.javascript.type_namespaces import is_types_alone
from noderepl.lazy_dataclasses import dataclass

# TypeScript that does not exist at run time, and statements that modules.py reads by itself.
SKIPPED = (
    "type_annotation type_parameters type_arguments type_predicate_annotation asserts_annotation"
    " type_query implements_clause interface_declaration type_alias_declaration ambient_declaration"
    " function_signature method_signature abstract_method_signature index_signature import_alias"
    " import_statement"
).split()
_KEYWORDS = frozenset(["enum", "namespace", "module"])


@dataclass(slots=True)
class Found:
    """The result of the walk.

    dynamic_imports: the words `import` of calls. metas: the `import.meta`s.
    """

    declarations: list[Declaration] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    dynamic_imports: list[tuple[int, int]] = field(default_factory=list)
    metas: list[tuple[int, int]] = field(default_factory=list)
    has_jsx: bool = False
    has_decorators: bool = False


def _has_all_values(node: Node) -> bool:
    """Returns whether all names that a statement declares have a value; otherwise it must remain a
    constant, so that the engine rejects it.
    """
    return all(
        one.child_by_field_name("value") is not None
        for one in node.named_children
        if one.type == "variable_declarator"
    )


def find(root: Node, source: bytes) -> Found:
    """Returns the result of one walk over a snippet.

    root: its tree, without errors. source: the parsed text.
    """
    walk = Walk(source)
    walk.run(root)
    return walk.found


class Walk:
    """One walk over a tree; subclasses read more."""

    def __init__(
        self, source: bytes, enter: dict[str, Callable[[Walk, Node], bool]] | None = None
    ) -> None:
        self._enter = ENTER if enter is None else enter
        self.found = Found()
        self._source = source
        self._scopes = ScopeStack(source)
        self._depth = 0
        self._opened: list[int] = []
        self._export_end = -1
        self._mergeable: set[str] = set()
        self._loop_ends: dict[int, int] = {}

    def run(self, root: Node) -> None:
        cursor = self._cursor = root.walk()
        opened = self._opened
        enter_of = self._enter.get
        done = False
        while not done:
            node = cursor.node
            assert node is not None
            enter = enter_of(node.type)
            if (enter is None or enter(self, node)) and cursor.goto_first_child():
                self._depth += 1
                continue
            while True:
                if opened and opened[-1] == self._depth:
                    opened.pop()
                    self._scopes.close()
                if cursor.goto_next_sibling():
                    break
                if not cursor.goto_parent():
                    done = True
                    break
                self._depth -= 1
        self.found.assignments += self._scopes.assignments()

    def _names(self, targets: Iterable[Node | None]) -> Iterator[str]:
        for target in targets:
            for node in plain_names(target):
                yield name_of(node, self._source)

    def _open(self, *, is_function: bool = False, is_opaque: bool = False) -> None:
        self._scopes.open(is_function=is_function, is_opaque=is_opaque)
        self._opened.append(self._depth)

    def _is_statement(self, node: Node) -> bool:
        """Returns whether a declaration is one of the program's own statements, exported or not."""
        return self._depth == 1 or (self._depth == 2 and node.start_byte < self._export_end)

    def _declare(self, kind: Kind, names: Iterable[str], node: Node) -> None:
        """Records a class, a function, an enum or a namespace in its scope."""
        if self._scopes.present.parent is not None:
            self._scopes.present.names.update(names)
        elif self._is_statement(node):
            self._declare_global(kind, tuple(names), node)

    def _declare_global(self, kind: Kind, names: tuple[str, ...], node: Node) -> None:
        """Note it for the session; an enum or a namespace only if it has no name of one above."""
        start = end = node.start_byte
        if kind == "enum":
            if self._mergeable.intersection(names):
                return
            keyword = next(child for child in node.children if child.type in _KEYWORDS)
            start, end = keyword.start_byte, keyword.end_byte
        self._mergeable.update(names)
        self.found.declarations.append(Declaration(kind, names, start, end, node.end_byte))

    def export(self, node: Node) -> bool:
        if self._depth == 1:
            self._export_end = node.end_byte
        return True

    def lexical(self, node: Node) -> bool:
        names = tuple(self._names(declared(node)))
        keyword = node.child_by_field_name("kind")
        if self._scopes.present.parent is not None or keyword is None:
            self._scopes.present.names.update(names)
        elif keyword.type == "let" or _has_all_values(node):
            kind: Kind = (
                "let" if keyword.type == "let" else "const" if keyword.type == "const" else "using"
            )
            last = node.children[1] if keyword.type == "await" else keyword
            where = keyword.start_byte, last.end_byte, node.end_byte
            self.found.declarations.append(Declaration(kind, names, *where))
        return True

    def variable(self, node: Node) -> bool:
        stop = self._loop_ends.pop(node.start_byte, node.end_byte)
        simple = _has_all_values(node) and all(
            (name := one.child_by_field_name("name")) is not None
            and name.type == "identifier"
            and one.child_by_field_name("type") is None
            for one in node.named_children
            if one.type == "variable_declarator"
        )
        self._var(
            node.children[0],
            tuple(self._names(declared(node))),
            stop,
            simple,
            not self._is_statement(node),
        )
        return True

    def _var(
        self, keyword: Node, names: tuple[str, ...], stop: int, simple: bool, nested: bool
    ) -> None:
        scope = self._scopes.present.function()
        if scope.parent is not None:
            scope.names.update(names)
            return
        where = keyword.start_byte, keyword.end_byte, stop
        self.found.declarations.append(Declaration("var", names, *where, nested, simple))

    def loop(self, node: Node) -> bool:
        self._open()
        head = node.child_by_field_name("initializer")
        if head is not None and head.type == "variable_declaration":
            self._loop_ends[head.start_byte] = node.end_byte
        return True

    def loop_over(self, node: Node) -> bool:
        self._open()
        left, keyword = node.child_by_field_name("left"), node.child_by_field_name("kind")
        if keyword is None:
            self._scopes.assign(left)
        elif keyword.type == "var":
            names = tuple(self._names([left]))
            # Without their keyword, `async of` and `let` have other meanings here, and so does a
            # value.
            simple = (
                left is not None
                and left.type == "identifier"
                and not {"async", "let"}.intersection(names)
            )
            simple = simple and node.child_by_field_name("value") is None
            self._var(keyword, names, node.end_byte, simple, True)
        else:
            self._scopes.present.names.update(self._names([left]))
        return True

    def function(self, node: Node) -> bool:
        own = tuple(self._names([node.child_by_field_name("name")]))
        if node.type.endswith("_declaration"):
            self._declare("function", own, node)
            nearest = self._scopes.present.function()
            # A sloppy-mode function in a block is also a `var` of the enclosing function.
            if nearest.parent is not None:
                nearest.names.update(own)
            own = ()
        self._open(is_function=True)
        self._scopes.present.names.update(own)
        if node.type != "arrow_function":
            self._scopes.present.names.add("arguments")
        parameters = node.child_by_field_name("parameters")
        self._scopes.present.names.update(
            self._names(
                parameters.named_children if parameters else [node.child_by_field_name("parameter")]
            )
        )
        return True

    def class_(self, node: Node) -> bool:
        if not node.is_named:
            return True
        found = node.child_by_field_name("name")
        names = [] if found is None else [name_of(found, self._source)]
        if node.type != "class":
            self._declare("class", names, node)
        self._open()
        self._scopes.present.names.update(names)
        return True

    def enum(self, node: Node) -> bool:
        self._declare("enum", list(self._names([node.child_by_field_name("name")])), node)
        return True

    def namespace(self, node: Node) -> bool:
        if not node.is_named:
            return True
        name = node.child_by_field_name("name")
        # The grammar calls only the outermost pair of `A.B.C` nested; inner ones are members of an
        # object.
        while name is not None and name.type in ("nested_identifier", "member_expression"):
            name = name.child_by_field_name("object")
        names = list(self._names([name]))
        # A string as a name is an error.
        if not names or is_types_alone(node):
            return False
        # Without `export` it is parsed as an expression, one level deeper.
        if self._depth == 2 and self._scopes.present.parent is None:
            self._declare_global("enum", tuple(names), node)
        else:
            self._declare("enum", names, node)
        self._open(is_function=True, is_opaque=True)
        return True

    def block(self, node: Node) -> bool:
        self._open(
            is_function=node.type == "class_static_block", is_opaque=node.type == "with_statement"
        )
        return True

    def catch(self, node: Node) -> bool:
        self._open()
        self._scopes.present.names.update(self._names([node.child_by_field_name("parameter")]))
        return True

    def assignment(self, node: Node) -> bool:
        self._scopes.assign(
            node.child_by_field_name("left") or node.child_by_field_name("argument")
        )
        return True

    def call(self, node: Node) -> bool:
        called = node.child_by_field_name("function")
        if called is not None and called.type == "identifier" and called.text == b"eval":
            self._scopes.present.function().is_opaque = True
        return True

    def dynamic_import(self, node: Node) -> bool:
        if is_valid_call(node.parent):
            self.found.dynamic_imports.append((node.start_byte, node.end_byte))
        return False

    def meta(self, node: Node) -> bool:
        if self._source.startswith(b"import", node.start_byte) and not is_target(node):
            self.found.metas.append((node.start_byte, node.end_byte))
        return False

    def decorator(self, node: Node) -> bool:
        self.found.has_decorators = True
        return True

    def jsx(self, node: Node) -> bool:
        self.found.has_jsx = True
        return True

    def type_follows(self, node: Node) -> bool:
        """`as` and `satisfies`: a type follows, in which `import(…)` is not a call."""
        self._cursor.goto_next_sibling()
        return False

    def skip(self, node: Node) -> bool:
        return False


ENTER: dict[str, Callable[[Walk, Node], bool]] = {
    **dict.fromkeys(SKIPPED, Walk.skip),
    **dict.fromkeys(["as", "satisfies"], Walk.type_follows),
    **dict.fromkeys(
        ["statement_block", "switch_body", "class_static_block", "with_statement"], Walk.block
    ),
    **dict.fromkeys(
        ["function_declaration", "generator_function_declaration", "function_expression"],
        Walk.function,
    ),
    **dict.fromkeys(["generator_function", "arrow_function", "method_definition"], Walk.function),
    **dict.fromkeys(["class_declaration", "abstract_class_declaration", "class"], Walk.class_),
    **dict.fromkeys(["internal_module", "module"], Walk.namespace),
    **dict.fromkeys(
        ["assignment_expression", "augmented_assignment_expression", "update_expression"],
        Walk.assignment,
    ),
    **dict.fromkeys(["lexical_declaration", "using_declaration"], Walk.lexical),
    **dict.fromkeys(["jsx_element", "jsx_self_closing_element", "jsx_fragment"], Walk.jsx),
    "decorator": Walk.decorator,
    "variable_declaration": Walk.variable,
    "for_statement": Walk.loop,
    "for_in_statement": Walk.loop_over,
    "catch_clause": Walk.catch,
    "enum_declaration": Walk.enum,
    "export_statement": Walk.export,
    "call_expression": Walk.call,
    "import": Walk.dynamic_import,
    "meta_property": Walk.meta,
}
