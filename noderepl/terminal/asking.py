"""Questions on the terminal, outside the prompt: a choice, a text, yes or no.

Arrow keys or typing choose; Enter accepts the default.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.data_structures import Size
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.validation import ValidationError, Validator

from noderepl.lazy_dataclasses import dataclass
from noderepl.terminal.console import Console
from noderepl.terminal.escapes import plain
from noderepl.terminal.interrupt_key import bind_interrupt
from noderepl.terminal.keyboard import Keyboard
from noderepl.terminal.selection_keys import bind_selections

MENU_ROWS = 8
# Seconds in which a slow terminal may accept what is before a question.
DRAIN_SECONDS = 2.0
_YES, _NO = ("y", "yes"), ("n", "no")


class Stopped(Exception):
    """The user has ended the questions: Ctrl-C, Ctrl-D."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several answers. text: what is shown and typed. meta: what is shown beside it."""

    text: str
    meta: str = ""


class _Choices(Completer):
    def __init__(self, choices: Sequence[Choice]) -> None:
        self._choices = choices

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Yields the choices that contain what is typed."""
        typed = document.text_before_cursor.strip().lower()
        for choice in self._choices:
            if typed in choice.text.lower():
                yield Completion(
                    choice.text,
                    start_position=-len(document.text_before_cursor),
                    display=plain(choice.text),
                    display_meta=plain(choice.meta),
                )


class _Checked(Validator):
    def __init__(self, check: Callable[[str], str], default: str) -> None:
        self._check, self._default = check, default

    def validate(self, document: Document) -> None:
        """Raises ValidationError, which the toolbar shows."""
        if why := self._check(document.text.strip() or self._default):
            raise ValidationError(len(document.text), why)


async def ask(
    console: Console,
    question: str,
    *,
    default: str = "",
    choices: Sequence[Choice] = (),
    check: Callable[[str], str] = lambda _: "",
) -> str:
    """Returns the answer to a question.

    console: of the terminal; its output so far is written first. default: the answer to Enter
    alone. choices: the answers in a menu, the default first; () for a free text. check: returns
    what is wrong with an answer, "" for nothing. Raises Stopped.
    """
    console.drain(DRAIN_SECONDS)
    bindings = KeyBindings()
    bind_selections(bindings)
    bind_interrupt(bindings, Stopped)
    if choices:

        @bindings.add("down", filter=Condition(lambda: session.default_buffer.text == ""))
        def _(event: KeyPressEvent) -> None:
            # The first choice is the default, which Enter accepts.
            state = event.current_buffer.complete_state
            if state and state.completions:
                event.current_buffer.go_to_completion(min(1, len(state.completions) - 1))

    session: PromptSession[str] = PromptSession(
        input=Keyboard(sys.stdin),
        output=_output(),
        key_bindings=bindings,
        completer=_Choices(choices) if choices else None,
        complete_while_typing=True,
        reserve_space_for_menu=MENU_ROWS if choices else 0,
        validator=_Checked(check, default),
        validate_while_typing=False,
        interrupt_exception=Stopped,
        eof_exception=Stopped,
        style=console.theme.style,
    )

    def open_menu() -> None:
        if choices:
            start = partial(session.default_buffer.start_completion, select_first=False)
            asyncio.get_running_loop().call_soon(start)

    answer = await session.prompt_async(
        FormattedText([("class:prompt", f"{question} ")]),
        placeholder=FormattedText([("class:suggestion", plain(default))]),
        pre_run=open_menu,
        handle_sigint=False,
    )
    return answer.strip() or default


def _output() -> Vt100_Output:
    """Returns the terminal, which is not asked for its cursor's position: not every one answers."""

    def size() -> Size:
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        return Size(rows=rows, columns=columns)

    term = os.environ.get("TERM")
    return Vt100_Output(sys.stdout, size, term=term, enable_cpr=False)


async def confirm(console: Console, question: str, *, default: bool = True) -> bool:
    """Returns whether the answer is yes. default: the answer to Enter alone. Raises Stopped."""

    def check(answer: str) -> str:
        return "" if answer.lower() in (*_YES, *_NO) else "y or n"

    shown = "[Y/n]" if default else "[y/N]"
    answer = await ask(
        console, f"{question} {shown}", default="", check=lambda one: check(one or "y")
    )
    return default if not answer else answer.lower() in _YES
