"""Keys while text is selected, or while Ctrl-Space has set a mark."""

from __future__ import annotations

from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    Filter,
    emacs_mode,
    has_focus,
    has_selection,
    shift_selection_mode,
)
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.keys import Keys

# Keys that prompt_toolkit ignores while there is a selection, in emacs mode.
ENDING_SELECTION = (
    *("tab", "s-tab", "c-d", "c-delete", "c-k", "c-q", "c-t", "c-u", "c-_", "pageup", "pagedown"),
    *("c-x c-e", "c-x c-u", "c-x r y"),
    *("escape #", "escape *", "escape .", "escape /", "escape <", "escape >", "escape \\"),
    *("escape _", "escape c", "escape d", "escape l", "escape t", "escape u", "escape y"),
    *("escape c-h", "escape c-y", "escape enter"),
)
# Those that replace, delete or extend a selection made with Shift, and are ignored after a mark.
ENDING_MARK = (
    *("backspace", "c-y", Keys.Any.value),
    *("s-left", "s-right", "s-up", "s-down", "s-home", "s-end"),
    *("c-s-left", "c-s-right", "c-s-home", "c-s-end"),
)


def bind_selections(keys: KeyBindings) -> None:
    """Adds the keys that end a selection and then act as without it, so that no key is without
    effect. They are all keys except those that move the cursor, and those that replace, copy or
    delete the selected text.
    """
    is_selected = has_focus(DEFAULT_BUFFER) & has_selection

    def end(event: KeyPressEvent) -> None:
        event.current_buffer.exit_selection()
        event.key_processor.feed_multiple(event.key_sequence, first=True)

    def add(sequence: str, filter_: Filter) -> None:
        keys.add(
            *sequence.split(), filter=filter_, save_before=lambda _: False, record_in_macro=False
        )(end)

    add("enter", is_selected)
    for sequence in ENDING_SELECTION:
        add(sequence, is_selected & emacs_mode)
    for sequence in ENDING_MARK:
        add(sequence, is_selected & emacs_mode & ~shift_selection_mode)
