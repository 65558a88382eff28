"""The event loop of one command: its signals, its console, and the connection to Azure."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from noderepl.display import open_console
from noderepl.errors import NodeReplError
from noderepl.internal_error import internal_error
from noderepl.settings import Settings
from noderepl.signals import ENDING, end_if_stuck
from noderepl.terminal.console import Console

# The seconds within which a reader must accept the rest.
REST_SECONDS = 2.0


def run_command(settings: Settings, main: Callable[[Console], Awaitable[int]]) -> int:
    """Runs `main` in an event loop, with a console. Returns its exit code, or 128 + N if signal N
    ended it. Raises NodeReplError.
    """
    stopped_by: list[int] = []
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        return asyncio.run(_guarded(settings, main, stopped_by))
    except asyncio.CancelledError:
        if not stopped_by:
            raise
        return 128 + stopped_by[0]


async def _guarded(
    settings: Settings, main: Callable[[Console], Awaitable[int]], stopped_by: list[int]
) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop(number: int, _: object) -> None:
        if not stopped_by:
            stopped_by.append(number)
            end_if_stuck(loop, number)
            loop.call_soon_threadsafe(task.cancel)

    before = {number: signal.getsignal(number) for number in ENDING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    console = open_console(settings)
    try:
        code = await main(console)
        await console.drained()
        return code
    except NodeReplError:
        raise
    except Exception as error:
        raise internal_error(error, {}) from error
    finally:
        with suppress(OSError):
            console.end_status()
        console.close(REST_SECONDS)
        # The prompt or a script may follow, after --pool was looked up.
        for number, handler in before.items():
            signal.signal(number, handler)
