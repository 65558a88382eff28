"""Ctrl-C in a line editor: it acts at once, whatever was typed before it."""

from __future__ import annotations

from prompt_toolkit.application.current import get_app
from prompt_toolkit.filters import Condition, is_searching
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys
from prompt_toolkit.search import stop_search

from noderepl.terminal.key_actions import MOST_IN_SEQUENCE

MOST_BEFORE = 2 * MOST_IN_SEQUENCE - 1
"""The keys before the last one of the longest binding of a user: Alt adds one to each."""


def bind_interrupt(keys: KeyBindings, error: type[BaseException]) -> None:
    """Adds Ctrl-C, which leaves the search, or else ends the prompt with an error.

    It precedes the bindings of prompt_toolkit in which Ctrl-C is the first of several keys, or the
    character that another key waits for, such as Ctrl-], Ctrl-Q, and f of vi.
    """

    def interrupt(event: KeyPressEvent) -> None:
        event.app.quoted_insert = False
        if is_searching():
            stop_search()
            event.app.current_buffer.reset()
            event.app.vi_state.input_mode = InputMode.INSERT  # as after any other Ctrl-C
        else:
            event.app.exit(exception=error, style="class:aborting")

    for before in range(MOST_BEFORE + 1):
        keys.add(*[Keys.Any] * before, Keys.ControlC, filter=_is_interrupt, eager=True)(interrupt)


@Condition
def _is_interrupt() -> bool:
    """Whether the last key is Ctrl-C: otherwise no key waits for one after it."""
    return any(press.key == Keys.ControlC for press in get_app().key_processor.key_buffer[-1:])
