"""The difference of two texts, line by line, in a bounded time."""

from __future__ import annotations

import difflib
import time
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

from noderepl.errors import UsageError

COMPARING_SECONDS = 10.0
MOST_PAIRS = 2_000_000
"""Of equal lines, which difflib examines in each of its steps."""


class _Lines(difflib.SequenceMatcher[str]):
    """Compares lines in a bounded time. Lines that stand in both texts very often, such as an empty
    line, match only beside others. Raises UsageError after COMPARING_SECONDS.
    """

    def __init__(self, local: Sequence[str], remote: Sequence[str]) -> None:
        self._end = time.monotonic() + COMPARING_SECONDS
        there = Counter(remote)
        pairs = sorted((count * there[line], line) for line, count in Counter(local).items())
        sums = accumulate(count for count, _ in pairs)
        often = {line for (_, line), sum_ in zip(pairs, sums, strict=True) if sum_ > MOST_PAIRS}
        super().__init__(often.__contains__, local, remote, autojunk=False)

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        if time.monotonic() > self._end:
            raise UsageError("the files differ in too many places; compare them with another tool")
        return super().find_longest_match(alo, ahi, blo, bhi)


def difference(given: tuple[tuple[str, str], tuple[str, str]]) -> str:
    """Returns the unified difference of two texts. given: the texts, and their names. Raises
    UsageError if they differ in so many places that it takes longer than COMPARING_SECONDS.
    """
    texts, names = given
    local, remote = map(_lines, texts)
    here, there = (" ".join(name.split()) for name in names)
    found = [f"--- {here}", f"+++ {there}"]
    for group in _Lines(local, remote).get_grouped_opcodes():
        first, last = group[0], group[-1]
        found.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@")
        for kind, start, end, remote_start, remote_end in group:
            if kind == "equal":
                found += (f" {line}" for line in local[start:end])
                continue
            found += (f"-{line}" for line in local[start:end])
            found += (f"+{line}" for line in remote[remote_start:remote_end])
    return "".join(f"{line}\n" for line in found)


def _range(start: int, end: int) -> str:
    """Returns the place of lines, as POSIX's diff -u writes it."""
    length = end - start
    begin = start + 1 if length else start
    return f"{begin}" if length == 1 else f"{begin},{length}"


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines
