"""Time of the prelude's functions: four times the input takes about four times as long, whatever the input is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from noderepl.javascript import prelude
from noderepl.service.node import Node

LIMIT = 6.0
"""How many times as long four times the input may take; quadratic time makes 16 of it."""


def test_time_is_linear_in_the_session(node: Node, tmp_path: Path) -> None:
    """Errors with many places, many declarations, displays and writes take time in proportion to their number."""
    parts = Path(prelude.__file__).with_name("prelude")
    program = Path(__file__).with_name("prelude_time.js")
    # Processor time counts that of all threads, so there is only one, and it collects garbage only when asked to.
    line = [
        node.path,
        "--single-threaded",
        "--expose-gc",
        "--min-semi-space-size=512",
        "--max-semi-space-size=512",
    ]
    ran = subprocess.run(
        [*line, program, parts, tmp_path], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    ratios = json.loads(ran.stdout)
    assert len(ratios) > 20
    assert {name: ratio for name, ratio in ratios.items() if ratio >= LIMIT} == {}
