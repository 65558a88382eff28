"""The screens that docs/reliability.md shows are those that tmux has, on the embedded pool and on the bare kernel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from bare_kernel import bare_kernel, installed_nel
from recordings import RECORDINGS, Recording, documented, record

from noderepl.service.node import Node


@pytest.fixture(params=["embedded", "bare"])
async def pool(
    request: pytest.FixtureRequest, node: Node, shared: Path
) -> AsyncIterator[Sequence[str]]:
    """The options of noderepl for a pool."""
    if request.param == "embedded":
        yield ["--node", str(node.path)]
        return
    async with bare_kernel(node, installed_nel(shared)) as url:
        yield ["--endpoint", url]


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.title.split()[0])
async def test_the_document_shows_what_a_terminal_shows(
    pool: Sequence[str], recording: Recording, tmux: str, home: Path
) -> None:
    """Ctrl-C ends a loop that leaves no turn, and what such a loop prints is seen while it runs."""
    assert await asyncio.to_thread(record, recording, tmux, home, *pool) == documented(recording)
