"""What becomes of TypeScript in a snippet: types become blanks, and the rest becomes JavaScript.

Types are replaced by as many blanks, so that the positions of all other code stay. Where a line end
or a semicolon decides how JavaScript continues, the blanks contain what TypeScript has decided.
typescript_transforms.py and decorators.py make the code of what is more than a type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field

from tree_sitter import Node

from noderepl.javascript import decorators, typescript_transforms
from noderepl.javascript.analysis import Edit, Refusal
from noderepl.javascript.edit_list import EditList
from noderepl.javascript.patterns import name_of
from noderepl.javascript.references import qualified
from noderepl.javascript.type_namespaces import is_types_alone
from noderepl.lazy_dataclasses import dataclass

# Parts of a declaration or an expression.
_TYPES = (
    "type_annotation type_parameters type_arguments type_predicate_annotation asserts_annotation"
    " implements_clause accessibility_modifier override_modifier omitting_type_annotation"
    " adding_type_annotation opting_type_annotation"
).split()
# Whole statements, and members of classes.
_STATEMENTS = (
    "interface_declaration type_alias_declaration ambient_declaration function_signature"
    " method_signature abstract_method_signature index_signature"
).split()
_ENDING = (
    "expression_statement lexical_declaration variable_declaration return_statement throw_statement"
).split()
_MODIFIERS = frozenset(["accessibility_modifier", "override_modifier", "readonly", "accessor"])
# Names of fields that are modifiers of the next member where no type ends them.
_AMBIGUOUS = frozenset([b"get", b"set", b"static", b"async", b"accessor"])
# What continues the line above, and so needs a semicolon before it where only blanks are left.
_CONTINUING = tuple(bytes([code]) for code in b"([`+-*/<.,?")
_PARAMETER_DECORATOR = "Decorators of parameters are not part of JavaScript."
_QUOTED = "A module with a quoted name can only be declared: put `declare` before it."


@dataclass(slots=True)
class Stripped:
    """What a snippet's TypeScript and its decorators become.

    edits: in order. decorated: where a class begins that becomes a variable, and where it begins
    with its decorators. refusal: what cannot become JavaScript.
    """

    edits: list[Edit] = field(default_factory=list)
    decorated: dict[int, int] = field(default_factory=dict)
    refusal: Refusal | None = None


def strip(root: Node, source: bytes, global_name: str, repairs: Sequence[Edit] = ()) -> Stripped:
    """Find the edits that make JavaScript of a snippet.

    root: its tree, which may have errors. source: what was typed. global_name: what holds
    `decorations` in the session. repairs: those of grammar_repairs.py.
    """
    walk = _Walk(source, global_name)
    walk.run(root)
    walk.edits.add_outside(repairs)
    if walk.has_members and not root.has_error:
        qualified(root, walk.edits, walk.members.owners)
    edits = walk.edits.apart() if root.has_error else walk.edits.in_order()
    return Stripped(edits, walk.decorated, walk.refusal)


class _Walk:
    def __init__(self, source: bytes, global_name: str) -> None:
        self.edits = EditList(source)
        self.decorated: dict[int, int] = {}
        self.refusal: Refusal | None = None
        self.has_members = False
        self._source = source
        self._global_name = global_name
        self._ends: set[int] = set()
        self._ended: set[int] = set()
        self._done: set[int] = set()
        self._exported: dict[int, tuple[Node, ...]] = {}
        self._globals: set[int] = set()
        self._values: dict[int, str] = {}
        self._decorated: set[int] = set()
        self.members = typescript_transforms.Members(self.edits)

    def run(self, root: Node) -> None:
        cursor = self._cursor = root.walk()
        more = True
        while more:
            node = cursor.node
            assert node is not None
            enter = _ENTER.get(node.type)
            more = (enter is None or enter(self, node)) and cursor.goto_first_child()
            while not more and not (more := cursor.goto_next_sibling()):
                if not cursor.goto_parent():
                    break

    def _blank(self, start: int, end: int) -> None:
        """Blank a part; with a semicolon where the statement ends with it and the next line would
        continue it.
        """
        ends = end in self._ends and self._continues(end)
        self.edits.blank(start, end, ";" if ends or start in self._ended else "")

    def _continues(self, end: int) -> bool:
        return self._source.startswith(_CONTINUING, self.edits.after_gap(end))

    def _refuse(self, node: Node, sentence: str) -> bool:
        if self.refusal is None:
            self.refusal = Refusal(sentence, node.start_byte)
        return False

    def _refuse_error(self, node: Node) -> bool:
        while (inner := next((one for one in node.children if one.has_error), None)) is not None:
            node = inner
        return self._refuse(node, f"Unexpected '{self.edits.text(node)}'")

    def part(self, node: Node) -> bool:
        if node.is_named and node.start_byte not in self._done:
            self._blank(node.start_byte, node.end_byte)
        return False

    def export(self, node: Node) -> bool:
        declaration = node.child_by_field_name("declaration")
        before = [child for child in node.children if child.type == "decorator"]
        if declaration is not None and before:
            self._exported[declaration.start_byte] = tuple(before)
        return self.ending(node)

    def whole(self, node: Node) -> bool:
        self._ends.add(node.end_byte)
        self._blank(node.start_byte, node.end_byte)
        return False

    def ending(self, node: Node) -> bool:
        self._ends.add(node.end_byte)
        return True

    def skip(self, node: Node) -> bool:
        return False

    def block(self, node: Node) -> bool:
        self.members.note(node)
        if node.type == "program":
            for child in node.named_children:
                inner = child.child_by_field_name("declaration") or child
                self._globals.add(inner.start_byte)
        return True

    def value(self, node: Node) -> bool:
        """A class without a name has the name of what it is the value of."""
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if value is not None and value.type == "class":
            for key in ("name", "left", "key", "property"):
                named = node.child_by_field_name(key)
                if named is not None and named.type in ("identifier", "property_identifier"):
                    self._values[value.start_byte] = name_of(named, self._source)
        return True

    def cast(self, node: Node) -> bool:
        """`x as T`, `x satisfies T`."""
        word = next((one for one in node.children if one.type in ("as", "satisfies")), None)
        if word is not None:
            self._blank(word.start_byte, node.end_byte)
        return True

    def type_follows(self, node: Node) -> bool:
        if not node.is_named:
            self._cursor.goto_next_sibling()
        return False

    def assertion(self, node: Node) -> bool:
        """`<T>x`; in parentheses where a line ends in the type, as `return` ends with a line."""
        type_, value = node.children[0], node.children[-1]
        if self.edits.lines(type_.start_byte, value.start_byte):
            self.edits.blank(type_.start_byte, type_.end_byte, "(")
            self.edits.after(node.end_byte, ")")
            self._done.add(type_.start_byte)
        return True

    def non_null(self, node: Node) -> bool:
        mark = node.children[-1]
        self._blank(mark.start_byte, mark.end_byte)
        return True

    def marks(self, node: Node) -> bool:
        """`x?` and `x!` of a parameter, a variable or a member, and words before it."""
        self.value(node)
        for child in node.children:
            if child.type in ("?", "!", "readonly", "abstract") and not child.is_named:
                self._blank(child.start_byte, child.end_byte)
            if child.type in ("=", "name"):
                break
        return True

    def parameter(self, node: Node) -> bool:
        for child in node.children:
            if child.type == "decorator":
                return self._refuse(child, _PARAMETER_DECORATOR)
        pattern = node.child_by_field_name("pattern")
        if pattern is not None and pattern.type == "this":
            after = self.edits.after_gap(node.end_byte)
            comma = self._source.startswith(b",", after)
            self.edits.blank(node.start_byte, after + 1 if comma else node.end_byte)
            return False
        return self.marks(node)

    def member(self, node: Node) -> bool:
        """A field or a method of a class."""
        kinds = {child.type for child in node.children}
        if node.type == "public_field_definition" and kinds & {"declare", "abstract"}:
            return self.whole(node)
        self._ends.add(node.end_byte)
        name, type_ = node.child_by_field_name("name"), node.child_by_field_name("type")
        if name and type_ and type_.end_byte == node.end_byte and name.text in _AMBIGUOUS:
            self._ended.add(type_.start_byte)
        rest = [child for child in node.children if child.type != "decorator"]
        first = next((one for one in rest if one.type not in _MODIFIERS), None)
        is_bare = node.start_byte not in self._decorated
        is_behind = first is not None and first is not rest[0] and is_bare
        if is_behind and first is not None and self._source[first.start_byte] in b"[*":
            self._ended.add(rest[0].start_byte)
        return self.marks(node)

    def arrow(self, node: Node) -> bool:
        """The line ends of types stand where an arrow function may have them."""
        types = node.child_by_field_name("type_parameters")
        parameters = node.child_by_field_name("parameters")
        result = node.child_by_field_name("return_type")
        arrow = next((child for child in node.children if child.type == "=>"), None)
        if parameters is None or arrow is None:
            return True
        spots = [(types, parameters.start_byte + 1)] if types else []
        if types and (lost := self.edits.lines(types.start_byte, parameters.start_byte)):
            self._flatten(types, types.start_byte, parameters.start_byte, spots[0][1], lost)
        if result and (lost := self.edits.lines(parameters.end_byte, arrow.start_byte)):
            self._flatten(result, parameters.end_byte, arrow.start_byte, arrow.end_byte, lost)
        return True

    def _flatten(self, type_: Node, start: int, end: int, place: int, lost: int) -> None:
        self._done.add(type_.start_byte)
        self.edits.edits.append(Edit(start, end, " " * (end - start)))
        self.edits.before(place, "\n" * lost)

    def comparison(self, node: Node) -> bool:
        """The grammar reads a template with type arguments, f<T>`a`, as two comparisons."""
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None or right.type != "template_string":
            return True
        sign = node.child_by_field_name("operator")
        inner = left.child_by_field_name("operator")
        if sign and inner and (inner.type, sign.type) == ("<", ">"):
            self.edits.blank(inner.start_byte, sign.end_byte)
        return True

    def class_(self, node: Node) -> bool:
        if not node.is_named:
            return True
        abstract = next((one for one in node.children if one.type == "abstract"), None)
        if abstract is not None:
            self.edits.blank(abstract.start_byte, abstract.end_byte)
        place = decorators.Place(
            self._exported.get(node.start_byte, ()),
            node.start_byte in self._globals,
            self._values.get(node.start_byte, ""),
        )
        if node.has_error:
            return True
        if done := decorators.rewrite(node, place, self.edits, self._global_name):
            self.decorated[node.start_byte] = done.start
            self._decorated.update(done.members)
        typescript_transforms.parameter_properties(node, self.edits)
        return True

    def enum(self, node: Node) -> bool:
        if node.has_error:
            return self._refuse_error(node)
        self.has_members = True
        self.members.enum(node)
        return True

    def namespace(self, node: Node) -> bool:
        if not node.is_named:
            return True
        if is_types_alone(node):
            return self.whole(node)
        name = node.child_by_field_name("name")
        if name is not None and name.type == "string":
            return self._refuse(name, _QUOTED)
        self.has_members = True
        self.members.namespace(node)
        return True


_ENTER: dict[str, Callable[[_Walk, Node], bool]] = {
    **dict.fromkeys(_TYPES, _Walk.part),
    **dict.fromkeys(_STATEMENTS, _Walk.whole),
    **dict.fromkeys(_ENDING, _Walk.ending),
    **dict.fromkeys(["import_statement", "export_clause"], _Walk.skip),
    **dict.fromkeys(["program", "statement_block", "switch_case"], _Walk.block),
    **dict.fromkeys(["as_expression", "satisfies_expression"], _Walk.cast),
    **dict.fromkeys(["as", "satisfies"], _Walk.type_follows),
    **dict.fromkeys(["required_parameter", "optional_parameter"], _Walk.parameter),
    **dict.fromkeys(["public_field_definition", "method_definition"], _Walk.member),
    **dict.fromkeys(["class_declaration", "abstract_class_declaration", "class"], _Walk.class_),
    **dict.fromkeys(["internal_module", "module"], _Walk.namespace),
    "export_statement": _Walk.export,
    "type_assertion": _Walk.assertion,
    "non_null_expression": _Walk.non_null,
    "variable_declarator": _Walk.marks,
    **dict.fromkeys(["assignment_expression", "assignment_pattern", "pair"], _Walk.value),
    "field_definition": _Walk.value,
    "arrow_function": _Walk.arrow,
    "binary_expression": _Walk.comparison,
    "enum_declaration": _Walk.enum,
}
