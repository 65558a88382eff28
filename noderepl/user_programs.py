"""The user's pager and editor, which get the terminal from the prompt."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from noderepl.errors import NodeReplError
from noderepl.foreground import Foreground
from noderepl.outcome import Description, Failure, Page
from noderepl.terminal.console import Console
from noderepl.terminal.escapes import COLOUR, slices, visible

if TYPE_CHECKING:
    from prompt_toolkit.input import Input


class UserPrograms:
    """Runs the pager and the editor. input_: of the prompt."""

    def __init__(self, input_: Input, console: Console, foreground: Foreground) -> None:
        self._input = input_
        self._console = console
        self._foreground = foreground

    async def page(self, shown: Page | Description) -> None:
        """Shows a text in the user's pager, or like any other text if there is none. A description
        comes there only if it is longer than the screen.
        """
        from noderepl.terminal.programs import page

        if isinstance(shown, Description):
            await self._describe(shown)
            return
        async with self._elsewhere():
            is_shown = await page(self._input, _safe_parts(shown), os.environ)
        if not is_shown:
            await self._console.show_page(shown)

    async def _describe(self, shown: Description) -> None:
        from noderepl.terminal.programs import page

        painted = await self._console.painted(shown)
        columns, rows = self._console.size()
        bare = COLOUR.sub("", painted.decode(errors="replace"))
        height = sum(max(1, -(-len(line) // max(columns, 1))) for line in bare.splitlines())
        if rows and height >= rows:
            async with self._elsewhere():
                parts = [bare.encode(errors="replace")]
                if await page(self._input, parts, os.environ, coloured=[painted]):
                    return
        (await self._console.drawn(shown))()

    async def edit(self, text: str) -> str:
        """Returns the text as the editor saves it. Raises LocalFileError."""
        from noderepl.terminal.programs import edit

        async with self._elsewhere():
            return await edit(self._input, text, os.environ)

    async def edit_typed(self, text: str) -> str:
        """Returns the text as the editor saves it; if that fails, shows the error and returns the
        text unchanged.
        """
        try:
            return await self.edit(text)
        except NodeReplError as error:
            self._console.show(Failure(str(error), error.exit_code))
            return text

    @asynccontextmanager
    async def _elsewhere(self) -> AsyncIterator[None]:
        """Lets another program use the terminal inside the block, after the terminal has accepted
        what was shown.
        """
        await self._console.drained()
        with self._foreground.elsewhere():
            yield


def _safe_parts(page: Page) -> Iterator[bytes]:
    for part in page.parts:
        for text in slices(part.decode(errors="replace")):
            yield visible(text, colour=False).encode(errors="replace")
