"""Garbage is collected seldom, but it is."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, weakref
from noderepl.garbage import YOUNG, collect_seldom

class Cycle:
    def __init__(self):
        self.itself = self

collect_seldom()
print(gc.get_freeze_count() > 1000)
before = gc.get_stats()[0]["collections"]
first, kept = weakref.ref(Cycle()), [[] for _ in range(YOUNG // 2)]
print(gc.get_stats()[0]["collections"] - before, first() is None)
kept += [[] for _ in range(YOUNG)]
print(gc.get_stats()[0]["collections"] > before, first() is None)
"""


def test_garbage_is_collected_seldom() -> None:
    """Present objects are never looked at again, and others only after thousands of new ones."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == ["True", "0 False", "True True"]
