"""The times of functions in a profile."""

from __future__ import annotations

import time

from noderepl.javascript.profiles import Hot, times
from noderepl.javascript.reports import Node, Profile, read


def profile(*nodes: Node) -> Profile:
    """A profile of these nodes."""
    return Profile(list(nodes), None, len(nodes))


def test_a_call_of_itself_counts_once() -> None:
    """The total of a recursive function is that of its outermost calls."""
    found = times(
        profile(
            (1, "(root)", "", False, 0, [2, 6]),
            (2, "f", "[1]:1:1", False, 1e6, [3]),
            (3, "f", "[1]:1:1", False, 2e6, [4]),
            (4, "g", "[1]:2:1", False, 4e6, []),
            (6, "(idle)", "", False, 8e6, []),
        )
    )
    assert found.functions == (Hot("g", "[1]:2:1", 4, 4), Hot("f", "[1]:1:1", 3, 7))
    assert (found.busy, found.idle) == (7, 8)


def test_frames_of_noderepl_are_left_out() -> None:
    """So are the kernel that called it and what it calls in Node.js, but not what the snippet calls."""
    found = times(
        profile(
            (1, "(root)", "", False, 0, [2]),
            (2, "onMessage", "/kernel.js:1:1", False, 5e6, [3]),
            (3, "start", "prelude:1:1", True, 5e6, [4]),
            (4, "post", "node:inspector:1:1", False, 5e6, [5]),
            (5, "", "[1]:1:1", False, 1e6, [6]),
            (6, "log", "node:console:1:1", False, 2e6, [7]),
            (7, "write", "prelude:2:1", True, 5e6, [8]),
            (8, "inspect", "node:util:1:1", False, 5e6, []),
        )
    )
    assert [hot.name for hot in found.functions] == ["log", ""]
    assert found.busy == 3


def test_a_tree_that_is_none_ends() -> None:
    """A session may send nodes in a circle, or without their children."""
    circle = times(
        profile(
            (1, "a", "x", True, 1, [2, 9]),
            (2, "start", "x", True, 1, [1]),
            (3, "b", "", False, 2e6, [3]),
        )
    )
    assert [hot.name for hot in circle.functions] == ["b"]
    assert read(Profile, '{"nodes": [[1]], "profile": null}') is None
    assert read(Profile, None) is None


def test_a_deep_tree_takes_no_recursion() -> None:
    """A profile may be as deep as the stack of the engine."""
    depth = 20_000
    nodes: list[Node] = [(one, "f", "x", False, 1, [one + 1]) for one in range(depth)]
    (hot,) = times(profile(*nodes, (depth, "f", "x", False, 1, []))).functions
    assert hot.total == hot.own


def test_a_chain_of_forged_frames_takes_linear_time() -> None:
    """Each of them claims to have been called by all others."""
    count = 30_000
    forged: list[Node] = [
        (number, "start", "prelude:1:1", True, 1, [number + 1]) for number in range(count)
    ]
    began = time.process_time()
    assert times(profile(*forged)).functions == ()
    assert time.process_time() - began < 10
