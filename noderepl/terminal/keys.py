"""What keys do at the prompt beyond prompt_toolkit's own bindings."""

from __future__ import annotations

from collections.abc import Callable

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    Condition,
    completion_is_selected,
    has_focus,
    is_searching,
    vi_insert_mode,
    vi_navigation_mode,
)
from prompt_toolkit.filters import emacs_insert_mode as emacs_insert
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent
from prompt_toolkit.keys import Keys

from noderepl.terminal.pasting import KEY, Pasting
from noderepl.terminal.stopping import stop

INDENT = "  "
OPENERS = ("{", "(", "[")
CLOSERS = ("}", ")", "]")


def bindings(is_whole: Callable[[str], bool], in_editor: Callable[[], bool], pasting: Pasting) -> KeyBindings:
    """The prompt's own keys.

    is_whole: whether a text runs at Enter. in_editor: whether the prompt is in `.editor` mode, where Enter always adds
    a line and Ctrl-D runs. pasting: takes what is pasted. Returns bindings to be merged over prompt_toolkit's.
    """
    keys = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER) & (emacs_insert | vi_insert_mode) & ~is_searching
    editing = Condition(in_editor)

    @keys.add("enter", filter=typing & ~completion_is_selected)
    @keys.add("enter", filter=has_focus(DEFAULT_BUFFER) & vi_navigation_mode)
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_whole(buffer.text) and not in_editor():
            _accept(buffer)
        else:
            add_line(buffer)

    @keys.add("escape", "enter", filter=typing)
    def _alt_enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_whole(buffer.text) and not in_editor():
            add_line(buffer)
        else:
            _accept(buffer)

    @keys.add("enter", filter=typing & completion_is_selected)
    def _take_completion(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("c-d", filter=typing & editing)
    def _run_editor(event: KeyPressEvent) -> None:
        _accept(event.current_buffer)

    @keys.add("tab", filter=typing & Condition(_only_blanks_before_cursor))
    def _indent(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(INDENT)

    @keys.add(Keys.BracketedPaste, filter=has_focus(DEFAULT_BUFFER))
    def _paste(event: KeyPressEvent) -> None:
        pasting.insert(event.current_buffer, event.data)

    @keys.add(KEY, filter=has_focus(DEFAULT_BUFFER))
    def _put_back(event: KeyPressEvent) -> None:
        pasting.put_back(event.current_buffer)

    @keys.add("c-z")
    def _stop(_: KeyPressEvent) -> None:
        run_in_terminal(stop)

    for closer in CLOSERS:
        keys.add(closer, filter=typing)(_close(closer))
    return keys


def add_line(buffer: Buffer) -> None:
    """Adds a line below the cursor, indented as deep as the code before it asks for."""
    line = buffer.document.current_line_before_cursor
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    if line.rstrip().endswith(OPENERS):
        indent += INDENT
    buffer.insert_text("\n" + indent)


def _accept(buffer: Buffer) -> None:
    buffer.complete_state = None
    # What is copied from a page mostly ends in a line break, which would stand there as an empty line.
    buffer.text = buffer.text.rstrip("\n")
    buffer.cursor_position = len(buffer.text)
    buffer.validate_and_handle()


def _close(closer: str) -> Callable[[KeyPressEvent], None]:
    def close(event: KeyPressEvent) -> None:
        """A closing bracket that is the first on its line moves one step to the left."""
        buffer = event.current_buffer
        before = buffer.document.current_line_before_cursor
        if buffer.document.line_count > 1 and before and not before.strip() and before.endswith(INDENT):
            buffer.delete_before_cursor(len(INDENT))
        buffer.insert_text(closer)

    return close


def _only_blanks_before_cursor() -> bool:
    return not get_app().current_buffer.document.current_line_before_cursor.strip()
