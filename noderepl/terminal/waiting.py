"""Waits that end when the user goes on typing."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer


async def while_unchanged(work: Coroutine[None, None, None]) -> None:
    """Does work; cancels it when the text of the current buffer or its cursor changes."""
    buffer = get_app().current_buffer
    task = asyncio.ensure_future(work)

    def end(_: Buffer) -> None:
        task.cancel()

    events = (buffer.on_text_changed, buffer.on_cursor_position_changed)
    for event in events:
        event.add_handler(end)
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
        for event in events:
            event.remove_handler(end)
