"""Carries out the actions of keys in the line editor, for the user's bindings and the F-keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Protocol, get_args

from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.application.current import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.enums import EditingMode as EditorKeys
from prompt_toolkit.filters import Always, Condition, has_focus, is_searching
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.key_binding.bindings.named_commands import get_by_name
from prompt_toolkit.key_binding.key_processor import KeyPressEvent

from noderepl.options import EditingMode, TypeScript
from noderepl.terminal.key_actions import KEY_ACTIONS, Binding, key_sequence
from noderepl.terminal.keys import accept, add_line, edited
from noderepl.terminal.pasting import KEY as PASTE_KEY
from noderepl.terminal.pasting import Pasting

_AT_PROMPT = has_focus(DEFAULT_BUFFER) & ~is_searching
# The preference of each action that switches, and its values in turn.
_TOGGLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "toggle-vi": ("editing_mode", get_args(EditingMode)),
    "toggle-typescript": ("typescript", get_args(TypeScript)),
}
_SWITCHES = frozenset([*_TOGGLES, "toggle-preview"])
_COMMENT = "// "
# prompt_toolkit's commands that do what an action does.
_COMMANDS = {
    "clear-screen": "clear-screen",
    "search-history": "reverse-search-history",
    "previous-entry": "previous-history",
    "next-entry": "next-history",
    "undo": "undo",
}


class Toggles(Protocol):
    """The preferences that keys change."""

    editing_mode: EditingMode
    typescript: TypeScript


class KeyHandlers:
    """The actions of one prompt.

    toggles: the preferences. pasting: handles pastes. stop: called to suspend. edit: opens an
    editor on a text and returns it. toggle_preview: turns previews on or off.
    """

    def __init__(
        self,
        toggles: Toggles,
        pasting: Pasting,
        stop: Callable[[], None],
        edit: Callable[[str], Awaitable[str]],
        toggle_preview: Callable[[], None],
    ) -> None:
        self._toggles = toggles
        self._toggle_preview = toggle_preview
        self._pasting = pasting
        self._stop = stop
        self._edit = edit
        self._unfinished = ""

    def bound(self, own: Iterable[Binding]) -> KeyBindings:
        """Returns the bindings of the F-keys, and those of the user over them."""
        keys = KeyBindings()
        restores = Condition(self._is_paste_cleaned)
        for action in KEY_ACTIONS:
            for key in action.keys if action.name in _SWITCHES else ():
                is_free = ~restores if key == PASTE_KEY else Always()
                handler = self._handler(action.name, "")
                keys.add(*key_sequence(key), filter=_AT_PROMPT & is_free)(handler)
        for binding in own:
            handler = self._handler(binding.action.name, binding.text)
            # Ctrl-C behind other keys of a user's binding belongs to it.
            keys.add(*binding.keys, filter=_AT_PROMPT, eager="c-c" in binding.keys)(handler)
        return keys

    def unfinished(self) -> str:
        """Returns the text that was typed before a key ran a command, once."""
        text, self._unfinished = self._unfinished, ""
        return text

    def editing_mode(self) -> EditorKeys:
        """Returns the editing mode of the preferences."""
        return EditorKeys.VI if self._toggles.editing_mode == "vi" else EditorKeys.EMACS

    def _is_paste_cleaned(self) -> bool:
        return bool(self._pasting.note(get_app().current_buffer, is_done=False))

    def _handler(self, name: str, text: str) -> Callable[[KeyPressEvent], object]:
        if name in _COMMANDS:
            return get_by_name(_COMMANDS[name]).call
        if name in _TOGGLES:
            return lambda _: self._toggle(name)
        in_buffer: Mapping[str, Callable[[Buffer], object]] = {
            "run": accept,
            "newline": _add_line,
            "complete": _complete,
            "accept-suggestion": _accept_suggestion,
            "restore-paste": self._pasting.put_back,
            "toggle-comment": toggle_comment,
            "page-last": partial(self._run, "%page"),
            "redo": Buffer.redo,
            "insert": partial(_insert, text),
            "command": partial(self._run, text),
        }
        if act := in_buffer.get(name):
            return lambda event: act(event.current_buffer)
        return partial(self._act, name)

    def _act(self, name: str, event: KeyPressEvent) -> None:
        app = event.app
        match name:
            case "edit-in-editor":
                app.create_background_task(edited(app, event.current_buffer, self._edit))
            case "toggle-preview":
                self._toggle_preview()
            case "suspend":
                run_in_terminal(self._stop)
            case "interrupt":
                app.exit(exception=KeyboardInterrupt, style="class:aborting")
            case "leave":
                app.exit(exception=EOFError, style="class:exiting")

    def _toggle(self, name: str) -> None:
        """Sets the next value of a preference."""
        attribute, values = _TOGGLES[name]
        now = values.index(getattr(self._toggles, attribute))
        setattr(self._toggles, attribute, values[(now + 1) % len(values)])
        app = get_app()
        if app.editing_mode != self.editing_mode():
            app.vi_state.reset()
            app.editing_mode = self.editing_mode()
        app.invalidate()

    def _run(self, command: str, buffer: Buffer) -> None:
        """Runs a command as if it had been typed; the text so far returns afterwards."""
        self._unfinished = buffer.text
        buffer.text = command
        accept(buffer)


def _add_line(buffer: Buffer) -> None:
    buffer.complete_state = None
    add_line(buffer, indented=True)


def _accept_suggestion(buffer: Buffer) -> None:
    if buffer.suggestion:
        buffer.insert_text(buffer.suggestion.text)


def _insert(text: str, buffer: Buffer) -> None:
    buffer.insert_text(text)


def _complete(buffer: Buffer) -> None:
    if buffer.complete_state:
        buffer.complete_next()
    else:
        buffer.start_completion(insert_common_part=True)


def toggle_comment(buffer: Buffer) -> None:
    """Puts `// ` before the selected lines, or the line of the cursor; if all of them have it,
    removes it.
    """
    document = buffer.document
    first, last = (
        document.selection_range() if document.selection else (document.cursor_position,) * 2
    )
    rows = range(
        document.translate_index_to_position(first)[0],
        document.translate_index_to_position(last)[0] + 1,
    )
    lines = list(document.lines)
    texts = [row for row in rows if lines[row].strip()] or [*rows]
    is_comment = all(lines[row].lstrip().startswith("//") for row in texts)
    indent = min(len(lines[row]) - len(lines[row].lstrip()) for row in texts)
    row, column = document.cursor_position_row, document.cursor_position_col
    before = len(lines[row])
    for number in texts:
        line = lines[number]
        at = len(line) - len(line.lstrip()) if is_comment else indent
        rest = line[at:]
        lines[number] = line[:at] + (
            rest.removeprefix("//").removeprefix(" ") if is_comment else _COMMENT + rest
        )
    buffer.save_to_undo_stack()
    text = "\n".join(lines)
    shift = len(lines[row]) - before if row in texts else 0
    place = Document(text).translate_row_col_to_index(row, max(column + shift, 0))
    buffer.document = Document(text, place)
