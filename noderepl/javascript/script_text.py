"""Makes one program of the steps of a session. This module does no I/O.

At the prompt a name can be declared again, is a property of the global object if it is assigned
without a declaration, and `_3` is a value; a program has none of these. A name that is declared
twice, or is assigned before it is declared, is declared once at the top, and its declarations
become assignments.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Literal

from noderepl.errors import UsageError
from noderepl.javascript.completion_names import BUILTIN_MODULES, GLOBALS
from noderepl.javascript.script_edits import PartEdits, edited
from noderepl.javascript.script_parts import Import, Part, Step, is_pure, part
from noderepl.javascript.statements import separated
from noderepl.javascript.syntax import TooHard
from noderepl.lazy_dataclasses import dataclass

_RESULT = re.compile(r"_(\d*)|_error")
# Node.js defines these itself, or a module has another meaning of them.
_OWN = frozenset("console process crypto module test".split())
_MODULES = frozenset(name for name in BUILTIN_MODULES if "/" not in name) - _OWN
_DIRECTORY = {"__dirname": "import.meta.dirname", "__filename": "import.meta.filename"}


@dataclass(frozen=True, slots=True)
class Script:
    """A program. javascript: the same lines without TypeScript, for a check of the syntax.
    is_module: whether it is an ES module; otherwise it is a CommonJS one. needs_transform: whether
    it has TypeScript that is more than types. needs_session: whether it uses `$$`.
    """

    text: str
    javascript: str
    is_module: bool
    is_typescript: bool
    needs_transform: bool
    needs_session: bool


def script(
    steps: Sequence[Step],
    *,
    typescript: Literal["auto", "on", "off"],
    is_module: bool | None = None,
) -> Script:
    """Returns the program of steps that succeeded.

    steps: in the order in which they ran. typescript: as for analyze(). is_module: whether it must
    be an ES module; None: only if its code needs that. Raises UsageError if a program cannot have
    what a snippet uses.
    """
    parts = [part(step, typescript) for step in steps]
    needs_module = any(one.is_module for one in parts)
    program = _Program(parts, needs_module if is_module is None else is_module)
    text = program.text()
    is_typescript = any(one.is_typescript for one in parts)
    javascript = _stripped(program.text(with_types=False)) if is_typescript else text
    needs_transform = any(one.needs_transform for one in parts)
    return Script(
        text,
        javascript,
        program.is_module,
        is_typescript,
        needs_transform,
        needs_session="$$" in program.free,
    )


def _stripped(text: str) -> str:
    """Returns a program without its types; a program with an error as it is."""
    from noderepl.javascript.analyze import choose
    from noderepl.javascript.type_stripping import strip

    source = text.encode("utf-8", "replace")
    with suppress(TooHard):
        if (reading := choose(source, "on", may_be_object=False)) is not None:
            edits = strip(reading.root, source, "globalThis", reading.repairs).edits
            return edited(source, [(one.start, one.end, one.text) for one in edits])
    return text


class _Program:
    def __init__(self, parts: list[Part], is_module: bool) -> None:
        self.is_module = is_module
        self._parts = _without_superseded(parts)
        self._used = {one.name for each in self._parts for one in each.references}
        self._declared = {
            name for each in self._parts for one in each.declarations for name in one.names
        } | {
            one.local for each in self._parts for _, names in each.imports.values() for one in names
        }
        self._hoisted = self._hoist()
        self._declared |= self._hoisted
        self._aliases: dict[Import, str] = {}
        self._results: dict[int, str] = {}
        self._references = self._find_results()

    @property
    def free(self) -> set[str]:
        """The names that no snippet declares."""
        return self._used - self._declared

    def text(self, *, with_types: bool = True) -> str:
        bodies = [self._body(at) for at in range(len(self._parts))]
        top = [*self._imports(with_types), *self._builtins()]
        if self._hoisted:
            top.append(f"let {', '.join(sorted(self._hoisted))};")
        lines = [one for one in bodies if one.strip()]
        head = "\n".join(top)
        body = "".join(f"{one}\n" for one in separated(lines))
        return f"{head}\n{body}" if top else body

    def _hoist(self) -> set[str]:
        """Returns the names that need one declaration at the top."""
        count: Counter[str] = Counter()
        lexical: Counter[str] = Counter()
        assigned: set[str] = set()
        hoisted: set[str] = set()
        imported: set[Import] = set()
        for each in self._parts:
            own = {name for one in each.declarations for name in one.names}
            hoisted |= {name for name in each.assigned - own if not count[name]}
            for one in each.declarations:
                count.update(one.names)
                if not one.is_hoisted:
                    lexical.update(one.names)
            for _, names in each.imports.values():
                for name in {one for one in names if not one.is_type} - imported:
                    imported.add(name)
                    count[name.local] += 1
                    lexical[name.local] += 1
            assigned |= each.assigned
        # CommonJS accepts assignments without any declaration, as the prompt does.
        hoisted = {one for one in hoisted if one not in GLOBALS and (self.is_module or count[one])}
        hoisted |= {name for name, times in count.items() if times > 1 and lexical[name]}
        # Names that are declared together become assigned together.
        while (
            more := {
                name
                for each in self._parts
                for one in each.declarations
                if hoisted.intersection(one.names)
                for name in one.names
            }
            - hoisted
        ):
            hoisted |= more
        return hoisted

    def _find_results(self) -> dict[int, dict[int, str]]:
        """Returns the new texts of references to results, by part and position; notes which parts
        have them.
        """
        own: set[str] = set()
        numbers: dict[str, int] = {}
        last: int | None = None
        found: dict[int, dict[int, str]] = {}
        for at, each in enumerate(self._parts):
            own |= each.assigned | {name for one in each.declarations for name in one.names}
            own |= {one.local for _, names in each.imports.values() for one in names}
            for one in each.references:
                if one.name in own or not (meaning := _RESULT.fullmatch(one.name)):
                    continue
                if meaning[1] is None:
                    raise UsageError(f"{_place(each)} uses _error, which a program does not have")
                source = numbers.get(one.name) if meaning[1] else last
                if source is not None:
                    name = self._name_result(source)
                    text = f"{one.name}: {name}" if one.shorthand else name
                    found.setdefault(at, {})[one.start] = text
            if each.step.has_value and each.step.number is not None:
                numbers[f"_{each.step.number}"] = last = at
        return found

    def _name_result(self, at: int) -> str:
        if at not in self._results:
            step, statements = self._parts[at].step, self._parts[at].statements
            last = statements[-1] if statements else None
            if last is None or last.type not in ("expression_statement", "export_statement"):
                raise UsageError(
                    f"{_place(self._parts[at])} ends with a statement, whose value _{step.number} a"
                    " program cannot have: declare a variable instead"
                )
            taken = self._declared | set(self._results.values())
            self._results[at] = _free(f"_{step.number}", taken)
        return self._results[at]

    def _imports(self, with_types: bool) -> Iterator[str]:
        """Yields the import statements. with_types: whether to import types; a line stays empty
        otherwise.
        """
        seen: set[Import] = set()
        texts: set[str] = set()
        for each in self._parts:
            for node, names in each.imports.values():
                left = [one for one in names if one not in seen]
                seen.update(left)
                plain = not any(one.local in self._hoisted or one.is_type for one in left)
                if not names or (plain and len(left) == len(names)):
                    text = each.text(node).rstrip(";") + ";"
                    if text not in texts:
                        is_type = any(one.type == "type" for one in node.children)
                        yield "\n" * text.count("\n") if is_type and not with_types else text
                    texts.add(text)
                elif left:
                    values = [one for one in left if with_types or not one.is_type]
                    yield self._import(values) if values else ""

    def _import(self, names: Sequence[Import]) -> str:
        clauses: list[str] = []
        members: list[str] = []
        for one in names:
            local = self._alias(one) if one.local in self._hoisted else one.local
            if one.is_type:
                members.append(f"type {_renamed(one.exported, local)}")
            elif one.exported == "*":
                clauses.append(f"* as {local}")
            elif one.exported == "default":
                clauses.insert(0, local)
            else:
                members.append(_renamed(one.exported, local))
        braces = [f"{{ {', '.join(members)} }}"] if members else []
        # A namespace and members need two statements.
        has_namespace = any(one.startswith("*") for one in clauses)
        groups = [clauses, braces] if has_namespace and braces else [[*clauses, *braces]]
        return "\n".join(f"import {', '.join(one)} from {names[0].module};" for one in groups)

    def _alias(self, one: Import) -> str:
        if one not in self._aliases:
            taken = self._used | self._declared | set(self._aliases.values())
            self._aliases[one] = _free(f"{one.local}_1", taken)
        return self._aliases[one]

    def _builtins(self) -> Iterator[str]:
        """Yields the declarations of what the prompt has as global variables."""
        names = sorted(self.free)
        for name in names:
            if name in _MODULES and self.is_module:
                yield f'import {name} from "node:{name}";'
            elif name in _MODULES:
                yield f'const {name} = require("node:{name}");'
        if not self.is_module:
            return
        if "require" in names:
            yield 'import { createRequire } from "node:module";'
            yield "const require = createRequire(import.meta.url);"
        for name in names:
            if name in _DIRECTORY:
                yield f"const {name} = {_DIRECTORY[name]};"

    def _body(self, at: int) -> str:
        each = self._parts[at]
        if each.step.is_magic:
            return "".join(f"// {line}\n" for line in each.step.text.splitlines()).rstrip("\n")
        if each.root is None:
            return each.step.text.strip("\n")
        edits = PartEdits(each)
        for start, text in self._references.get(at, {}).items():
            edits.replace(start, start + _width(each.source, start), text)
        for line in each.root.named_children:
            if line.type == "hash_bang_line":
                edits.replace(line.start_byte, line.end_byte, "")
        for start in each.this:
            edits.replace(start, start + 4, "globalThis")
        for node, names in each.imports.values():
            ends = [f"{one.local} = {self._alias(one)};" for one in names if self._is_aliased(one)]
            edits.replace(node.start_byte, node.end_byte, " ".join(ends))
        for statement in each.statements:
            if statement.type == "export_statement":
                edits.unexport(statement)
        if at in self._results:
            edits.name_value(each.statements[-1], self._results[at])
        for one in each.declarations:
            if self._hoisted.intersection(one.names):
                edits.assign(one)
        return edits.text()

    def _is_aliased(self, one: Import) -> bool:
        return one.local in self._hoisted and not one.is_type


def _width(source: bytes, start: int) -> int:
    found = re.compile(rb"_\w*").match(source, start)
    return found.end() - start if found else 1


def _place(each: Part) -> str:
    return "a snippet" if each.step.number is None else f"snippet {each.step.number}"


def _renamed(exported: str, local: str) -> str:
    return exported if local == exported else f"{exported} as {local}"


def _free(name: str, taken: set[str]) -> str:
    """Returns the name, or one with a number that is not taken."""
    number, found = 1, name
    while found in taken:
        number, found = number + 1, f"{name}_{number}"
    return found


def _without_superseded(parts: list[Part]) -> list[Part]:
    """Returns the parts without definitions that a later one replaces before anything uses them."""
    places: dict[str, list[int]] = {}
    uses: dict[str, int] = {}
    for at, each in enumerate(parts):
        for one in each.declarations:
            for name in one.names:
                places.setdefault(name, []).append(at)
        only = each.declarations[0] if _is_only(each) else None
        for reference in each.references:
            inside = only is not None and reference.name == only.names[0]
            if not inside:
                uses.setdefault(reference.name, at)
    dropped = {
        at
        for name, all_of in places.items()
        for at, later in pairwise(all_of)
        if _is_only(parts[at]) and uses.get(name, len(parts)) > later
    }
    return [each for at, each in enumerate(parts) if at not in dropped]


def _is_only(each: Part) -> bool:
    """Returns whether a part is one definition without an effect."""
    return (
        len(each.declarations) == 1
        and len(each.statements) == 1
        and not each.imports
        and len(each.declarations[0].names) == 1
        and is_pure(each.declarations[0])
    )
