"""Ctrl-C in the line editor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from line_editors import LineEditor, line_editor
from prompt_toolkit.completion import Completion
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import is_searching
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys

from noderepl.terminal.interrupt_key import MOST_BEFORE


def _mark(editor: LineEditor) -> None:
    editor.press("c-@")
    assert editor.buffer.selection_state


def _shift(editor: LineEditor) -> None:
    editor.press("s-right")
    assert editor.buffer.selection_state


def _search(editor: LineEditor) -> None:
    editor.press("c-r")
    assert is_searching()


def _menu(editor: LineEditor) -> None:
    editor.buffer._set_completions([Completion("one")])
    assert editor.buffer.complete_state


def _vi(mode: InputMode, *keys: str) -> Callable[[LineEditor], None]:
    def set_up(editor: LineEditor) -> None:
        editor.app.editing_mode = EditingMode.VI
        editor.app.vi_state.input_mode = mode
        editor.press(*keys)

    return set_up


MODES = [lambda _: None, _vi(InputMode.INSERT), _vi(InputMode.NAVIGATION)]
STATES = [
    _mark, _shift, _search, _menu, _vi(InputMode.INSERT, "c-k"), _vi(InputMode.REPLACE), _vi(InputMode.NAVIGATION, "V"),
    _vi(InputMode.NAVIGATION, "r"), _vi(InputMode.NAVIGATION, "d"), _vi(InputMode.NAVIGATION, "3"),
    _vi(InputMode.NAVIGATION, "q", "a"), _vi(InputMode.NAVIGATION, "c-v", "I"),
]  # fmt: skip


def test_an_interrupt_acts_at_once_after_any_keys(tmp_path: Path) -> None:
    """No key, and no beginning of a binding of several keys, takes the Ctrl-C after it, or delays it."""

    async def press() -> None:
        async with line_editor(tmp_path) as editor:
            starts = {keys[:length] for keys in editor.sequences for length in range(len(keys))}
            assert max(map(len, editor.sequences)) <= MOST_BEFORE + 1
            assert {(), (Keys.ControlSquareClose,), ("f",), ('"', Keys.Any)} <= starts
            pairs = [(set_up, keys) for set_up in MODES for keys in {*editor.sequences, *starts}]
            pairs += [(set_up, keys) for set_up in STATES for keys in starts]
            for set_up, keys in pairs:
                editor.open("rm_all()")
                set_up(editor)
                editor.press(*keys)
                if editor.end is None:
                    editor.press("c-c")
                    is_cleared = not is_searching() and editor.buffer.text == ""
                    if not isinstance(editor.end, KeyboardInterrupt) and not is_cleared:
                        late.append(keys)
                # The next line begins as usual.
                assert not editor.app.quoted_insert

    late: list[Sequence[Keys | str]] = []
    asyncio.run(press())
    assert late == []


def test_an_interrupt_behind_other_keys_is_the_users(tmp_path: Path) -> None:
    """A binding such as `ctrl-x ctrl-c` of the configuration file acts."""

    async def press() -> None:
        async with line_editor(tmp_path, {"ctrl-x ctrl-c": "leave"}) as editor:
            editor.open("1")
            editor.press("c-x", "c-c")
            assert isinstance(editor.end, EOFError)

    asyncio.run(press())


def test_an_interrupt_in_a_search_of_vi_leaves_insert_mode(tmp_path: Path) -> None:
    """The next line is typed, and is no command of vi."""

    async def press() -> None:
        async with line_editor(tmp_path) as editor:
            for keys in (("c-r", "n"), ("escape", "/", "n"), ("escape", "?", "n")):
                editor.open("rm_all()")
                editor.app.editing_mode = EditingMode.VI
                editor.app.vi_state.input_mode = InputMode.INSERT
                editor.press(*keys, "c-c")
                assert not is_searching()
                assert editor.app.vi_state.input_mode is InputMode.INSERT, keys

    asyncio.run(press())
