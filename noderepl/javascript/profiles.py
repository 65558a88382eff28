"""Computes the times of the functions in a profile."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from noderepl.javascript.reports import Node, Profile
from noderepl.lazy_dataclasses import dataclass

IDLE = "(idle)"
START = "start"
"""The function of the prelude that evaluates a snippet."""
_NO_FUNCTIONS = ("(root)", IDLE)


@dataclass(frozen=True, slots=True)
class Hot:
    """A function. place: where it is, "" for the engine's own. own, total: the seconds in itself,
    and with what it called.
    """

    name: str
    place: str
    own: float
    total: float


@dataclass(frozen=True, slots=True)
class Times:
    """functions: by their own time, longest first, without those of noderepl and of the kernel.
    busy, idle: seconds.
    """

    functions: tuple[Hot, ...]
    busy: float
    idle: float


def times(profile: Profile) -> Times:
    """Returns the times of a profile. A call of a function by itself counts once in its total."""
    nodes = {node[0]: node for node in profile.nodes}
    hidden = set(_hidden(profile.nodes, nodes))
    own: defaultdict[tuple[str, str], float] = defaultdict(float)
    total: defaultdict[tuple[str, str], float] = defaultdict(float)
    idle = sum(node[4] for node in profile.nodes if node[1] == IDLE)
    for identifier, node in nodes.items():
        if identifier not in hidden and node[1] not in _NO_FUNCTIONS:
            own[node[1], node[2]] += node[4]
    for key, time in _totals(profile.nodes, nodes):
        total[key] += time
    found = [
        Hot(name, place, time / 1e6, total[name, place] / 1e6)
        for (name, place), time in sorted(own.items(), key=lambda item: -item[1])
        if time > 0
    ]
    return Times(tuple(found), sum(own.values()) / 1e6, idle / 1e6)


def _hidden(all_nodes: list[Node], nodes: dict[int, Node]) -> Iterator[int]:
    """Yields the nodes of noderepl, of what it calls in Node.js, of the inspector that measures,
    and of the kernel that called it.
    """
    parents = {child: node[0] for node in all_nodes for child in node[5]}
    waiting = [node[0] for node in all_nodes if node[3] or node[2].startswith("node:inspector")]
    seen = set(waiting)
    callers: set[int] = set()
    while waiting:
        node = nodes[waiting.pop()]
        yield node[0]
        caller = parents.get(node[0]) if node[3] and node[1] == START else None
        while caller is not None and caller not in callers:
            callers.add(caller)
            yield caller
            caller = parents.get(caller)
        for child in node[5]:
            is_inner = child in nodes and (
                not nodes[child][2] or nodes[child][2].startswith("node:")
            )
            if is_inner and child not in seen:
                seen.add(child)
                waiting.append(child)


def _totals(
    all_nodes: list[Node], nodes: dict[int, Node]
) -> Iterator[tuple[tuple[str, str], float]]:
    """Yields the time of each function's outermost calls, with what they called."""
    called = {child for node in all_nodes for child in node[5]}
    sums: dict[int, float] = {}
    active: Counter[tuple[str, str]] = Counter()
    waiting = [(node[0], False) for node in all_nodes if node[0] not in called]
    while waiting:
        identifier, is_left = waiting.pop()
        node = nodes[identifier]
        key = node[1], node[2]
        if is_left:
            sums[identifier] = node[4] + sum(sums.get(child, 0) for child in node[5])
            active[key] -= 1
            if not active[key]:
                yield key, sums[identifier]
        elif identifier not in sums:
            sums[identifier] = 0
            active[key] += 1
            waiting.append((identifier, True))
            waiting += [(child, False) for child in node[5] if child in nodes]
