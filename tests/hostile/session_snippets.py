"""A hostile session: what code in it can do to noderepl, on the embedded pool; snippets.js has the code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attacks import RAW, Attack

_RAW = RAW.encode("unicode_escape").decode().replace("'", "\\'").replace("/", "")
_PARTS = re.compile(r"^//(//)? (.*)\n((?:(?!//).*\n)*)", re.MULTILINE)
# Of each group: when Ctrl-C is pressed where the prompt is not back by itself; whether the session may end.
HOW: Mapping[str, Mapping[str, Any]] = {
    "answers that a snippet forges": {"interrupt": 1.5, "seconds": 45, "is_lost": True},
    "files of the session": {"interrupt": 5, "seconds": 60, "spoils": True},
    "values": {"interrupt": 3},
    "errors": {"interrupt": 3},
    "replaced globals": {"interrupt": 1.5, "seconds": 45, "is_lost": True},
    "the process": {"interrupt": 1.5, "seconds": 45, "is_lost": True},
    "floods": {"interrupt": 1},
    "late output": {"spoils": True},
}
MORE: Mapping[str, Mapping[str, Any]] = {
    "the disk is filled": {"is_lost": True},
    "a text of 500 MB": {"is_lost": True},
}
# What does harm to the machine where nothing confines it.
NEEDS_SANDBOX = {"files of the session", "the process"}


def _rows() -> Iterator[Attack]:
    text = Path(__file__).with_name("snippets.js").read_text(encoding="utf-8")
    group = ""
    for is_group, name, code in _PARTS.findall(text.partition("\n\n")[2]):
        if is_group:
            group = name
        else:
            line = " ".join(code.split("\n")).strip().replace("@RAW@", _RAW)
            yield Attack(
                group, name, line=line, prompt="embedded", **(HOW[group] | MORE.get(name, {}))
            )  # type: ignore[operator]


ATTACKS = tuple(_rows())
