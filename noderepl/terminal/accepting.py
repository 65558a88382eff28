"""What begins at Enter, before the line editor paints its text for the last time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prompt_toolkit.application import Application
from prompt_toolkit.keys import Keys

# The turns of the event loop after which the line editor goes on: by then a snippet has been sent.
TURNS = 3


def begin_first(app: Application[str], begin: Callable[[str], None]) -> None:
    """Calls `begin` with the text that ends a line editor, some turns of the event loop before it
    paints that text and closes; not if Ctrl-C follows at once. Must be called when the line editor
    has opened.

    The line editor waits for a future, and takes no further keys once `app.future` is done: here,
    these become two.
    """
    loop, closing = asyncio.get_running_loop(), app.future
    assert closing is not None
    app.future = ended = loop.create_future()

    def close(turns: int) -> None:
        if turns:
            loop.call_soon(close, turns - 1)
        elif not closing.done():
            if (error := ended.exception()) is not None:
                closing.set_exception(error)
            else:
                closing.set_result(ended.result())

    def end(_: asyncio.Future[str]) -> None:
        if ended.cancelled():
            return
        has_text = ended.exception() is None
        try:
            keys = app.key_processor.input_queue
            is_interrupted = any(press.key == Keys.ControlC for press in keys)
            if has_text and not is_interrupted and not closing.done():
                begin(ended.result())
        finally:
            close(TURNS if has_text else 0)

    def cancel(_: asyncio.Future[str]) -> None:
        ended.cancel()  # no effect if the line editor has ended

    ended.add_done_callback(end)
    closing.add_done_callback(cancel)
