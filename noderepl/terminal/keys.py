"""The key bindings of the prompt that prompt_toolkit does not have."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from prompt_toolkit.application import Application, in_terminal, run_in_terminal
from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import (
    Condition,
    completion_is_selected,
    has_focus,
    is_searching,
    shift_selection_mode,
    vi_insert_mode,
    vi_insert_multiple_mode,
    vi_navigation_mode,
    vi_replace_mode,
)
from prompt_toolkit.filters import emacs_insert_mode as emacs_insert
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.key_processor import KeyPressEvent, KeyProcessor
from prompt_toolkit.keys import Keys

from noderepl.javascript.completeness import LineEnd, line_end
from noderepl.javascript.highlight import COLOURED_AT_MOST
from noderepl.javascript.syntax import limited
from noderepl.terminal.control_sequences import ADD_LINE
from noderepl.terminal.emoji import length_at_end, length_at_start
from noderepl.terminal.interrupt_key import bind_interrupt
from noderepl.terminal.pasting import KEY, Pasting
from noderepl.terminal.selection_keys import bind_selections
from noderepl.threaded import SHORT

INDENT = "  "
CLOSERS = ("}", ")", "]")
# The maximum number with which a key can be repeated.
MOST_REPEATS = 200
MOST_CHARACTERS = 10_000_000
"""Of the earlier texts that undo can restore, as each key stores one, and of what a key inserts."""
LONGEST_SEARCH = 200
"""Characters of a paste into the search: each key searches for the whole text."""
PARSE_SECONDS = 0.7
"""Processor time that Enter may take to parse the text: several times what the longest texts need
that are parsed, except the oddest."""
_VI_MODES = vi_navigation_mode | vi_replace_mode | vi_insert_multiple_mode
_TYPING = has_focus(DEFAULT_BUFFER) & (emacs_insert | vi_insert_mode) & ~is_searching


def bindings(
    is_whole: Callable[[str], bool],
    in_editor: Callable[[], bool],
    pasting: Pasting,
    stop: Callable[[], None],
    edit: Callable[[str], Awaitable[str]],
    *,
    is_burst: Callable[[], bool],
) -> KeyBindings:
    """Returns bindings to be merged over prompt_toolkit's.

    is_whole: whether a text runs at Enter. in_editor: whether the prompt is in `.editor` mode, in
    which Enter always adds a line and Ctrl-D runs. pasting: handles pastes. stop: called at Ctrl-Z.
    edit: opens an editor on a text and returns it. is_burst: whether the present key came
    faster than fingers type; its text then has its own indentation.
    """
    keys = KeyBindings()
    _bind_lines(keys, is_whole, in_editor, is_burst)
    _bind_emoji(keys)
    _bind_pastes(keys, pasting)
    bind_selections(keys)
    bind_interrupt(keys, KeyboardInterrupt)

    @keys.add(Keys.Vt100MouseEvent)
    def _ignore(_: KeyPressEvent) -> None:
        """Ignores reports of a mouse, which the prompt does not request; prompt_toolkit fails at
        some texts that resemble one.
        """

    @keys.add("c-z")
    def _stop(_: KeyPressEvent) -> None:
        run_in_terminal(stop)

    @keys.add("c-x", "c-e", filter=_TYPING & emacs_insert)
    @keys.add("v", filter=has_focus(DEFAULT_BUFFER) & vi_navigation_mode)
    def _edit(event: KeyPressEvent) -> None:
        event.app.create_background_task(edited(event.app, event.current_buffer, edit))

    for closer in CLOSERS:
        keys.add(closer, filter=_TYPING & ~Condition(is_burst))(_close(closer))

    @keys.add(Keys.CPRResponse, save_before=lambda _: False)
    def _take_position(event: KeyPressEvent) -> None:
        """Takes the position of the cursor if it was asked for."""
        if event.app.renderer.waiting_for_cpr:
            event.app.renderer.report_absolute_cursor_row(int(event.data[2:-1].split(";")[0]))

    return keys


def _bind_pastes(keys: KeyBindings, pasting: Pasting) -> None:
    """Adds pastes, and the key that restores the original of one."""

    @keys.add(Keys.BracketedPaste, filter=has_focus(DEFAULT_BUFFER))
    def _paste(event: KeyPressEvent) -> None:
        if shift_selection_mode():
            event.current_buffer.cut_selection()
        pasting.insert(event.current_buffer, event.data)

    @keys.add(Keys.BracketedPaste, filter=is_searching)
    def _paste_search(event: KeyPressEvent) -> None:
        """Inserts the first line of a paste: each key searches for the whole text."""
        first, *_ = event.data[:LONGEST_SEARCH].splitlines() or [""]
        event.current_buffer.insert_text(first)

    @keys.add(KEY, filter=has_focus(DEFAULT_BUFFER))
    def _put_back(event: KeyPressEvent) -> None:
        pasting.put_back(event.current_buffer)


def _bind_lines(
    keys: KeyBindings,
    is_whole: Callable[[str], bool],
    in_editor: Callable[[], bool],
    is_burst: Callable[[], bool],
) -> None:
    """Adds the keys that run a text, and those that add lines to it and indent them."""

    @keys.add("enter", filter=_TYPING & ~completion_is_selected)
    @keys.add("enter", filter=has_focus(DEFAULT_BUFFER) & _VI_MODES)
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_whole(buffer.text) and not in_editor():
            accept(buffer)
        else:
            add_line(buffer, indented=not is_burst())

    @keys.add("escape", "enter", filter=_TYPING)
    def _alt_enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_whole(buffer.text) and not in_editor():
            add_line(buffer, indented=not is_burst())
        else:
            accept(buffer)

    @keys.add(ADD_LINE, filter=has_focus(DEFAULT_BUFFER) & ~is_searching)
    def _add_line(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None
        add_line(event.current_buffer, indented=not is_burst())

    @keys.add("enter", filter=_TYPING & completion_is_selected)
    def _take_completion(event: KeyPressEvent) -> None:
        event.current_buffer.complete_state = None

    @keys.add("c-d", filter=_TYPING & Condition(in_editor))
    def _run_editor(event: KeyPressEvent) -> None:
        accept(event.current_buffer)

    @keys.add("tab", filter=_TYPING & Condition(_only_blanks_before_cursor))
    def _indent(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\t" if is_burst() else INDENT)


def _bind_emoji(keys: KeyBindings) -> None:
    """Adds the keys that move over an emoji of several code points, or delete it, as one."""

    def before() -> int:
        return length_at_end(get_app().current_buffer.document.current_line_before_cursor)

    def behind() -> int:
        return length_at_start(get_app().current_buffer.document.current_line_after_cursor)

    is_behind = _TYPING & Condition(lambda: before() > 1)
    is_before = _TYPING & Condition(lambda: behind() > 1)

    @keys.add("left", filter=is_behind)
    def _left(event: KeyPressEvent) -> None:
        event.current_buffer.cursor_position -= before()

    @keys.add("right", filter=is_before)
    def _right(event: KeyPressEvent) -> None:
        event.current_buffer.cursor_position += behind()

    @keys.add("backspace", filter=is_behind)
    def _backspace(event: KeyPressEvent) -> None:
        event.current_buffer.delete_before_cursor(before())

    @keys.add("delete", filter=is_before)
    def _delete(event: KeyPressEvent) -> None:
        event.current_buffer.delete(behind())


def add_line(buffer: Buffer, *, indented: bool) -> None:
    """Adds a line below the cursor. indented: whether to indent it as the code before it
    requires; a line inside a template, a comment or a string is never indented.
    """
    document = buffer.document
    end = LineEnd.TEXT
    if indented and len(document.text) <= COLOURED_AT_MOST:
        with limited(PARSE_SECONDS):
            end = line_end(document.text_before_cursor)
    indent = ""
    if end is not LineEnd.TEXT:
        line = document.current_line_before_cursor
        indent = line[: len(line) - len(line.lstrip(" \t"))]
    buffer.insert_text("\n" + indent + (INDENT if end is LineEnd.OPENER else ""))


def accept(buffer: Buffer) -> None:
    """Runs the text, whether or not it is complete."""
    buffer.complete_state = None
    # Text copied from a page often ends with a line end, which would appear as an empty line.
    buffer.text = buffer.text.rstrip("\n")
    buffer.cursor_position = len(buffer.text)
    buffer.validate_and_handle()


async def edited(
    app: Application[str], buffer: Buffer, edit: Callable[[str], Awaitable[str]]
) -> None:
    """Opens an editor on a text, while the prompt is off the screen. edit: returns the edited
    text.
    """
    task, reading = asyncio.current_task(), app.future
    assert task is not None and reading is not None

    def end(_: asyncio.Future[str]) -> None:
        task.cancel()

    async with in_terminal():
        # The prompt waits for this block before it ends, so a signal has to end the editor.
        # A cancellation before this, while the block begins, would leave the prompt waiting.
        reading.add_done_callback(end)
        try:
            text = (await edit(buffer.text)).rstrip("\n")
        finally:
            reading.remove_done_callback(end)
    buffer.document = Document(text, len(text))


def _close(closer: str) -> Callable[[KeyPressEvent], None]:
    def close(event: KeyPressEvent) -> None:
        """Moves a closing bracket that is the first on its line one step to the left."""
        buffer = event.current_buffer
        before = buffer.document.current_line_before_cursor
        if (
            buffer.document.line_count > 1
            and before
            and not before.strip()
            and before.endswith(INDENT)
            and len(buffer.text) <= SHORT
            and line_end(buffer.document.text_before_cursor) is not LineEnd.TEXT
        ):
            buffer.delete_before_cursor(len(INDENT))
        buffer.insert_text(closer)

    return close


def _only_blanks_before_cursor() -> bool:
    return not get_app().current_buffer.document.current_line_before_cursor.strip()


def limit_repeats(processor: KeyProcessor) -> None:
    """Limits the repetition of a key by a number, because signals are not handled meanwhile, and
    because a key can insert the longest text that was cut.
    """
    arg = processor.arg
    if arg is None or arg == "-":
        return
    app = get_app()
    registers = [one.text for one in app.vi_state.named_registers.values()]
    longest = max(map(len, [app.clipboard.get_data().text, *registers]))
    most = max(1, min(MOST_REPEATS, MOST_CHARACTERS // max(1, longest)))
    processor.arg = str(max(-most, min(most, int(arg))))
