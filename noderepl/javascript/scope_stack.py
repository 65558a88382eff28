"""The scopes of a snippet in the order of its text, and the assignments to global names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tree_sitter import Node

from noderepl.javascript.analysis import Assignment
from noderepl.javascript.patterns import name_of, plain_names


class Scope:
    """The names that a function, a block, a loop or a class binds; only the global scope has no
    parent.

    `.members`: the names that mean members of an object, and that object. `.others`: names that
    mean members of an object if the scope does not bind them, outermost object first.
    """

    __slots__ = ("_function", "is_opaque", "members", "names", "others", "parent")

    def __init__(
        self, parent: Scope | None, *, is_function: bool = False, is_opaque: bool = False
    ) -> None:
        self.parent = parent
        self.names: set[str] = set()
        self.members: dict[str, str] = {}
        self.others: list[tuple[set[str], str]] = []
        self.is_opaque = is_opaque
        self._function = None if parent is None or is_function else parent.function()

    def function(self) -> Scope:
        """Returns the scope of the enclosing function, or the global one."""
        return self if self._function is None else self._function


class ScopeStack:
    """The open scopes at a position of a snippet. `.present`: the innermost one."""

    def __init__(self, source: bytes) -> None:
        self.present = Scope(None)
        self._source = source
        # In order: each opened scope, None for the end of the innermost one, and targets of
        # assignments.
        self._events: list[Scope | Node | None] = []

    def open(self, *, is_function: bool, is_opaque: bool) -> None:
        """Opens a scope inside the present one. is_opaque: whether it may bind any name."""
        self.present = Scope(self.present, is_function=is_function, is_opaque=is_opaque)
        self._events.append(self.present)

    def close(self) -> None:
        """Closes the present scope."""
        assert self.present.parent is not None
        self.present = self.present.parent
        self._events.append(None)

    def assign(self, target: Node | None) -> None:
        """Records an assignment. target: a name or a pattern."""
        self._events += plain_names(target)

    def assignments(self) -> Iterator[Assignment]:
        """Yields the assignments to names that no enclosing scope binds, after the walk."""
        opened: list[Scope] = []
        bound: Counter[str] = Counter()
        opaque = 0
        for event in self._events:
            if isinstance(event, Scope):
                opened.append(event)
                bound.update(event.names)
                opaque += event.is_opaque
            elif event is None:
                scope = opened.pop()
                bound.subtract(scope.names)
                opaque -= scope.is_opaque
            elif not opaque and not bound[name := name_of(event, self._source)]:
                shorthand = event.type != "identifier"
                yield Assignment(name, event.start_byte, event.end_byte, shorthand)

    def members(self) -> Iterator[tuple[Node, str]]:
        """Yields the noted names that mean members of an object, each once, and that object."""
        opened: list[Scope] = []
        others: list[tuple[int, set[str], str]] = []
        binding: dict[str, list[int]] = {}
        seen: set[int] = set()
        for event in self._events:
            if isinstance(event, Scope):
                for name in event.names:
                    binding.setdefault(name, []).append(len(opened))
                others += [(len(opened), names, owner) for names, owner in event.others]
                opened.append(event)
            elif event is None:
                for name in opened.pop().names:
                    binding[name].pop()
                while others and others[-1][0] == len(opened):
                    others.pop()
            elif event.start_byte not in seen:
                seen.add(event.start_byte)
                name = name_of(event, self._source)
                place = (binding.get(name) or [-1])[-1]
                owner = opened[place].members.get(name) if place >= 0 else None
                for depth, names, other in reversed(others):
                    if depth <= place:
                        break
                    if name in names:
                        owner = other
                        break
                if owner:
                    yield event, owner
