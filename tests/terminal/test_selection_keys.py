"""Keys in the line editor while text is selected."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from line_editors import line_editor
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys

MARK, SHIFT = ("c-@", "right"), ("s-right",)


def test_no_key_is_without_effect_while_text_is_selected(tmp_path: Path) -> None:
    """A key that does something does something with a selection too, as with a mark."""

    async def look() -> None:
        async with line_editor(tmp_path) as editor:
            for keys in editor.sequences:
                editor.open("aa bb", at=2)
                if not editor.handler(keys):
                    continue
                for selects in (("c-@",), MARK, SHIFT):
                    editor.open("aa bb", at=2)
                    editor.press(*selects)
                    assert editor.buffer.selection_state
                    if not editor.handler(keys):
                        ignored.append(keys)

    ignored: list[Sequence[Keys | str]] = []
    asyncio.run(look())
    assert ignored == []


@pytest.mark.parametrize("selects", [("c-@",), MARK, SHIFT])
def test_a_selection_blocks_no_key(tmp_path: Path, selects: tuple[str, ...]) -> None:
    """Enter runs the line; the keys that change text, or complete it, do so as without a selection."""

    async def press() -> None:
        async with line_editor(tmp_path) as editor:

            async def after(*keys: str, text: str = "1+1") -> str | BaseException:
                editor.open(text, at=1)
                editor.press(*selects, *keys, flush=True)
                await asyncio.sleep(0)
                return editor.end or editor.buffer.text

            moves = len(selects) > 1 or selects == SHIFT
            assert await after("enter") == "1+1"
            assert await after("enter", text="f(\n)") == "f(\n)"
            assert editor.end
            assert await after("escape", "enter") == ("1+\n1" if moves else "1\n+1")
            assert await after("c-d") == ("1+" if moves else "11")
            assert await after("c-k") == ("1+" if moves else "1")
            assert await after("c-u") == ("1" if moves else "+1")
            assert await after("escape", "d", text="1+11") == ("1+" if moves else "1")
            assert await after("2", "enter") == (
                "121" if selects == SHIFT else "1+21" if moves else "12+1"
            )
            assert await after("backspace") == ("11" if moves else "+1")
            assert await after("delete") == ("11" if moves else "1+1")
            assert await after("left", "2") == ("12+1" if moves else "21+1")
            editor.open("  a", at=1)
            editor.press(*selects, "tab")
            assert editor.buffer.text == "    a"
            # The key after a selection that the text has taken away is as any other.
            assert isinstance(await after("c-a", "c-@", "c-e", "c-w", "c-d"), EOFError)

    asyncio.run(press())


def test_a_paste_replaces_what_shift_has_selected(tmp_path: Path) -> None:
    """As a typed character does; after a mark it is inserted."""

    async def press() -> None:
        async with line_editor(tmp_path) as editor:
            for selects, text in ((SHIFT, "1a1"), (MARK, "1+a1")):
                editor.open("1+1", at=1)
                editor.press(*selects, "<bracketed-paste>", data="a")
                assert editor.buffer.text == text

    asyncio.run(press())


@pytest.mark.parametrize(
    ("mode", "selects"),
    [
        (InputMode.INSERT, ()),
        (InputMode.REPLACE, ()),
        (InputMode.INSERT_MULTIPLE, ()),
        (InputMode.NAVIGATION, ()),
        (InputMode.NAVIGATION, ("V",)),
        (InputMode.NAVIGATION, ("c-v",)),
    ],
)
def test_enter_runs_in_each_mode_of_vi(
    tmp_path: Path, mode: InputMode, selects: Sequence[str]
) -> None:
    """Also while lines are selected, and while characters are replaced."""

    async def press() -> None:
        async with line_editor(tmp_path) as editor:
            editor.open("1+1", EditingMode.VI)
            editor.app.vi_state.input_mode = mode
            editor.press(*selects)
            assert bool(editor.buffer.selection_state) == bool(selects)
            editor.press("enter")
            assert editor.end == "1+1"

    asyncio.run(press())
