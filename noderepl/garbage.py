"""Python's garbage collection in the process of a prompt or of a served pool."""

from __future__ import annotations

import gc

# Objects that are created before the young ones are looked at; Python's default is 700, which the
# requests of some sessions at a time exceed again and again.
YOUNG = 10_000


def collect_seldom() -> None:
    """Excludes the present objects, such as imported modules, from garbage collection, and collects
    others less often. It affects the whole process: only an application may call it.
    """
    gc.freeze()
    gc.set_threshold(YOUNG)
