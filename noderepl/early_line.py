"""The line that was typed before the line editor is imported, which takes as long as the answer."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from importlib import import_module
from typing import Any

from noderepl.line_kinds import is_plain_snippet
from noderepl.settings import Settings
from noderepl.terminal.console import Console
from noderepl.terminal.early_prompt import ERASE_LINE, PROMPT, EarlyPrompt
from noderepl.terminal.key_actions import own_keys
from noderepl.terminal.pieces import Piece

# The seconds for which the line runs before the line editor is imported, unless a key is pressed.
SECONDS = 1.0
_IMPORTS = (
    "noderepl.javascript.highlight",
    "noderepl.javascript.analyze",
    "noderepl.execution.output_stream",
)


def is_there(early: EarlyPrompt, console: Console, settings: Settings) -> bool:
    """Returns whether a line was typed that runs without the line editor."""
    return early.typed(partial(_may_run, console, settings)) is not None


async def take(early: EarlyPrompt, console: Console, settings: Settings) -> str | None:
    """Returns the line, and shows it as the line editor does; None if nothing was typed, or only
    the line editor can read it.
    """
    text = early.line(partial(_may_run, console, settings))
    if text is None:
        return None
    # In a thread, so that Node.js gets the prelude meanwhile.
    for name in _IMPORTS:
        await asyncio.to_thread(import_module, name)
    from noderepl.javascript.highlight import Highlighter

    pieces = Highlighter().pieces(text)(0)
    code = (Piece(f"code-{kind}", piece) for kind, piece in pieces)
    console.screen().write(ERASE_LINE)
    console.data("\n", Piece("prompt", PROMPT), *code)
    return text


def _may_run(console: Console, settings: Settings, text: str) -> bool:
    is_short = len(PROMPT) + len(text) < console.size()[0]
    return is_short and not own_keys(settings).bindings and is_plain_snippet(text)


async def until_key(working: asyncio.Task[Any]) -> None:
    """Waits for the task, until a key is pressed or SECONDS have passed."""
    loop = asyncio.get_running_loop()
    pressed = asyncio.Event()
    loop.add_reader(sys.stdin, pressed.set)
    waiting = asyncio.create_task(pressed.wait())
    try:
        ways = [working, waiting]
        await asyncio.wait(ways, timeout=SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        loop.remove_reader(sys.stdin)
        waiting.cancel()
