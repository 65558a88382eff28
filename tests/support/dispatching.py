"""The prompt's own way to a session, without a prompt, and what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from noderepl.dispatcher import Dispatcher
from noderepl.display import open_console
from noderepl.outcome import Outcome, Prefill
from noderepl.sessions.backend import Backend
from noderepl.settings import read_settings
from noderepl.terminal.render import render

WIDTH = 80


@asynccontextmanager
async def opened(
    place: Path,
    *,
    environ: Mapping[str, str] | None = None,
    show: Callable[[Outcome], None] | None = None,
    at_prompt: bool = False,
    **options: object,
) -> AsyncIterator[Dispatcher]:
    """A dispatcher with these options, in a home with nothing in it.

    environ: the user's variables. show: called with what comes beside answers. at_prompt:
    whether snippets see a terminal.
    """
    settings = read_settings({"quiet": True, **options}, environ=environ or {}, directory=place)
    backend = Backend(settings)

    async def no_editor(text: str) -> str:
        return text

    try:
        console = open_console(settings)
        console.value_columns = lambda: WIDTH  # type: ignore[method-assign]
        dispatcher = Dispatcher(
            backend,
            settings,
            console,
            entries=tuple,
            edit=no_editor,
            show=show,
            at_prompt=at_prompt,
        )
        try:
            yield dispatcher
        finally:
            await dispatcher.close()
    finally:
        await backend.close()


async def shown(dispatcher: Dispatcher, line: str) -> str:
    """What the prompt shows of a line, without colours; nothing for undefined."""
    outcomes = await dispatcher.run_line(line)
    text = "".join(_text(outcome) for outcome in outcomes if not isinstance(outcome, Prefill))
    return "" if text == "undefined\n" else text.strip("\n")


def rendered(outcome: Outcome) -> str:
    """What the prompt shows of an outcome, without colours."""
    return _text(outcome).strip("\n")


def _text(outcome: Outcome) -> str:
    parts = render(outcome, width=WIDTH, styled=False).parts
    return "".join(piece.text for part in parts for piece in part.pieces)
