"""The line below the input with the value of what is typed. It asks for a value after a pause in
the typing, and never shows one of an earlier text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import accumulate, takewhile
from typing import Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, is_done, is_searching
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import ConditionalContainer, FormattedTextControl, HSplit, Window
from prompt_toolkit.layout.containers import FloatContainer
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.utils import get_cwidth

from noderepl.internal_error import supervised
from noderepl.terminal.early_prompt import PROMPT
from noderepl.terminal.emoji import CLUSTER
from noderepl.terminal.escapes import plain
from noderepl.terminal.screen_output import ScreenOutput

PAUSE_SECONDS = 0.15
"""Since the last key, before a value is asked for."""
MOST_CHARACTERS = 1000
STYLE = "class:auto-suggestion"
# Below these, the terminal's rows are left to the input.
FEWEST_ROWS = 6


class Values(Protocol):
    """Where the values come from. is_on: whether there are any."""

    @property
    def is_on(self) -> bool: ...
    def toggle(self) -> None: ...
    async def of(self, text: str) -> str: ...


class PreviewLine:
    """The line of one prompt, if its terminal can move the cursor. is_magic: whether a text is a
    magic. output: where the prompt is painted.
    """

    def __init__(
        self, values: Values, is_magic: Callable[[str], bool], output: ScreenOutput
    ) -> None:
        self._values = values
        self._is_magic = is_magic
        self._output = output
        self._value = ""
        self._timer: asyncio.TimerHandle | None = None
        self._asking: asyncio.Task[None] | None = None
        self._is_due = False

    def attach(self, session: PromptSession[str]) -> None:
        """Puts the line below the input of a prompt, and follows what is typed there."""
        if self._output.term == "dumb":
            return
        session.default_buffer.on_text_changed += self._follow
        buffer = session.default_buffer
        is_shown = Condition(
            lambda: (
                self._values.is_on
                and buffer.complete_state is None
                and self._output.get_size().rows >= FEWEST_ROWS
            )
        )
        line = Window(
            FormattedTextControl(self._fragments),
            height=Dimension(min=0, max=1, preferred=1),
            dont_extend_height=True,
        )
        around = _input_container(session)
        around.children.append(ConditionalContainer(line, is_shown & ~is_done & ~is_searching))

    def toggle(self) -> None:
        """Turns previews on or off."""
        self._values.toggle()
        self._follow(get_app().current_buffer)

    def close(self) -> None:
        """Ends what waits, because the input is complete."""
        self._value, self._is_due = "", False
        if self._timer is not None:
            self._timer.cancel()

    def _follow(self, buffer: Buffer) -> None:
        self.close()
        text = buffer.text
        is_fit = text.strip() and len(text) <= MOST_CHARACTERS and "\n" not in text
        if is_fit and self._values.is_on and not self._is_magic(text):
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PAUSE_SECONDS, self._ask, buffer)

    def _ask(self, buffer: Buffer) -> None:
        if self._asking is not None and not self._asking.done():
            self._is_due = True
            return
        self._asking = supervised(asyncio.create_task(self._take(buffer)))

    async def _take(self, buffer: Buffer) -> None:
        """Asks for the value of the text, and again if the text has changed since."""
        self._is_due = True
        while self._is_due:
            self._is_due = False
            text = buffer.text
            value = await self._values.of(text)
            app = get_app()
            if value and text == buffer.text and app.is_running and not app.is_done:
                self._value = value
                app.invalidate()

    def _fragments(self) -> StyleAndTextTuples:
        if not self._value:
            return []
        columns = self._output.get_size().columns - len(PROMPT)
        return [("", " " * len(PROMPT)), (STYLE, self._cut(self._value, columns))]

    def _cut(self, value: str, columns: int) -> str:
        """Returns a value in a number of columns, with `…` for what is cut off."""
        shown = plain(CLUSTER.sub(lambda found: self._output.clusters.stand_in(found[0]), value))
        widths = list(accumulate(map(get_cwidth, shown)))
        if not widths or widths[-1] <= columns:
            return shown
        return shown[: sum(1 for _ in takewhile(lambda width: width < columns, widths))] + "…"


def _input_container(session: PromptSession[str]) -> HSplit:
    """Returns the container of the prompt and its input, over which the menu floats."""
    floating = next(one for one in session.app.layout.walk() if isinstance(one, FloatContainer))
    assert isinstance(floating.content, HSplit)
    return floating.content
