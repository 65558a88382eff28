"""The benchmark of Tab and of values that are shown while one types."""

from __future__ import annotations

import re

from tests.bench import look


def test_each_figure_is_printed(capsys):
    """For both distances: Tab, the value, and keys meanwhile, with their targets."""
    look.main(times=2, keys=2)
    printed = capsys.readouterr().out
    for where in ("locally", "100 ms away"):
        for what in ("Tab on a live object", "the value of what is typed"):
            assert (
                len(re.findall(rf"^{what}, {where}.*, p(?:50|95) +[\d.]+ ms", printed, re.M)) == 2
            )
        for what in ("previews", "Tab"):
            assert re.search(
                rf"^keys during {what}, {where}: times .* ×   target 2 ×: (met|MISSED)$",
                printed,
                re.M,
            )
    assert len(re.findall("target (?:150|400) ms: (?:met|MISSED)", printed)) == 2
