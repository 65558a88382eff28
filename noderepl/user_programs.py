"""The user's pager and editor, which get the terminal from the prompt."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from noderepl.errors import NodeReplError
from noderepl.foreground import Foreground
from noderepl.outcome import Description, Failure, Outcome, Page, Text
from noderepl.terminal.console import Console
from noderepl.terminal.escapes import COLOUR

if TYPE_CHECKING:
    from prompt_toolkit.input import Input


class UserPrograms:
    """Runs the pager and the editor. input_: returns that of the prompt."""

    def __init__(
        self, input_: Callable[[], Input], console: Console, foreground: Foreground
    ) -> None:
        self._input = input_
        self._console = console
        self._foreground = foreground
        self._lacks_pager = False

    async def show(self, outcome: Outcome) -> None:
        """Shows an outcome. A page is shown in the user's pager, and so are a description and the
        text of a file that are longer than the screen; if there is no pager, as any other outcome.
        """
        if isinstance(outcome, Page):
            await self._page(outcome)
        elif not (_may_be_paged(outcome) and await self._is_paged(outcome)):
            (await self._console.drawn(outcome))()

    async def _page(self, shown: Page) -> None:
        from noderepl.terminal.programs import is_less

        parts = self._console.page(shown, is_coloured=is_less(os.environ))
        if not await self._has_paged(parts):
            await self._console.show_page(shown)

    async def _is_paged(self, shown: Outcome) -> bool:
        """Shows an outcome in the pager if it is longer than the screen. Returns whether it
        did.
        """
        from noderepl.terminal.programs import is_less

        painted = await self._console.painted(shown)
        columns, rows = self._console.size()
        bare = COLOUR.sub("", painted.decode(errors="replace"))
        height = sum(max(1, -(-len(line) // max(columns, 1))) for line in bare.splitlines())
        if not rows or height < rows:
            return False
        return await self._has_paged(
            [painted if is_less(os.environ) else bare.encode(errors="replace")]
        )

    async def _has_paged(self, parts: Iterable[bytes]) -> bool:
        """Shows a text in the pager, or the error of a pager that failed. Returns False if there is
        no pager, which is said once.
        """
        from noderepl.terminal.programs import page, pager

        try:
            async with self._elsewhere():
                is_started = await page(self._input(), parts, os.environ)
        except NodeReplError as error:
            self._console.show(Failure(str(error), error.exit_code))
            return True
        if not is_started and not self._lacks_pager:
            self._lacks_pager = True
            words = f"The pager {pager(os.environ)!r} cannot be started; set PAGER to another."
            self._console.words(words, warning=True)
        return is_started

    async def edit(self, text: str, suffix: str = ".js") -> str:
        """Returns the text as the editor saves it. suffix: of the editor's file. Raises
        LocalFileError.
        """
        from noderepl.terminal.programs import edit

        async with self._elsewhere():
            return await edit(self._input(), text, os.environ, suffix)

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
        self._console.end_status()
        await self._console.drained()
        with self._foreground.elsewhere():
            yield


def _may_be_paged(outcome: Outcome) -> bool:
    return isinstance(outcome, Description) or (isinstance(outcome, Text) and outcome.file != "")
