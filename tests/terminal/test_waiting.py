"""Waits of completion end when the text changes."""

from __future__ import annotations

import asyncio

import pytest
from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.input import DummyInput
from prompt_toolkit.layout import BufferControl, Layout, Window
from prompt_toolkit.output import DummyOutput

from noderepl.terminal.waiting import while_unchanged


@pytest.mark.parametrize("change", [lambda one: one.insert_text("b"), Buffer.cursor_left])
async def test_a_change_ends_the_wait(change) -> None:  # type: ignore[no-untyped-def]
    """A key that types or moves is not followed by an answer for another text."""
    buffer = Buffer()
    buffer.insert_text("a")
    app: Application[None] = Application(
        Layout(Window(BufferControl(buffer))), input=DummyInput(), output=DummyOutput()
    )
    never = asyncio.Event()

    async def work() -> None:
        await never.wait()

    with set_app(app):
        waiting = asyncio.create_task(while_unchanged(work()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
        change(buffer)
        async with asyncio.timeout(10):
            await waiting


async def test_work_that_ends_ends_the_wait() -> None:
    """Without a change."""
    done = []

    async def work() -> None:
        done.append(1)

    await while_unchanged(work())
    assert done == [1]
