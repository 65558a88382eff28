"""The named actions of keys, and the table [keys] of the configuration file that binds them.

Data and text only: key_handlers.py carries the actions out. prompt_toolkit is imported only when a
key's name is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Section
from noderepl.settings import Settings
from noderepl.text_files import shown

LONGEST_TEXT = 10_000
"""Characters that a key may insert or run."""
MOST_IN_SEQUENCE = 3


@dataclass(frozen=True, slots=True)
class KeyAction:
    """Something that a key can do. keys: its default keys. takes_text: whether a text follows the
    name.
    """

    name: str
    summary: str
    keys: tuple[str, ...] = ()
    takes_text: bool = False


KEY_ACTIONS: tuple[KeyAction, ...] = (
    KeyAction("run", "Run the text, also if it is incomplete"),
    KeyAction("newline", "Add a line below the cursor", ("shift-enter",)),
    KeyAction("complete", "Complete the word, or choose the next completion", ("tab",)),
    KeyAction("accept-suggestion", "Insert the grey text behind the cursor", ("right", "ctrl-e")),
    KeyAction("previous-entry", "Go back in the history", ("ctrl-p", "up")),
    KeyAction("next-entry", "Go forward in the history", ("ctrl-n", "down")),
    KeyAction("search-history", "Search the history", ("ctrl-r",)),
    KeyAction("edit-in-editor", "Edit the text in $VISUAL or $EDITOR", ("ctrl-x ctrl-e",)),
    KeyAction("restore-paste", "Restore the original of a cleaned paste", ("f2",)),
    KeyAction("toggle-vi", "Switch between emacs and vi keys", ("f2",)),
    KeyAction("toggle-preview", "Turn previews on or off", ("f3",)),
    KeyAction("toggle-typescript", "Switch TypeScript: auto, on, off", ("f4",)),
    KeyAction("toggle-comment", "Comment out the line or the selected lines, or undo that"),
    KeyAction("page-last", "Show the complete last result in your pager"),
    KeyAction("clear-screen", "Clear the screen", ("ctrl-l",)),
    KeyAction("undo", "Undo the last change of the text", ("ctrl-_",)),
    KeyAction("redo", "Redo what was undone"),
    KeyAction("suspend", "Stop noderepl, until fg in the shell", ("ctrl-z",)),
    KeyAction("interrupt", "Clear the input; interrupt a running snippet", ("ctrl-c",)),
    KeyAction("leave", "Leave the prompt", ("ctrl-d",)),
    KeyAction("insert", "Insert TEXT at the cursor", takes_text=True),
    KeyAction("command", "Run TEXT, such as %files, and keep what is typed", takes_text=True),
    KeyAction("none", "Do nothing"),
)
_ENTER = (
    ("enter", "Run the text, or add a line if it is incomplete"),
    ("alt-enter", "Add a line to a complete text, run an incomplete one"),
)
_BY_NAME: Mapping[str, KeyAction] = {action.name: action for action in KEY_ACTIONS}

_MODIFIERS = {
    **dict.fromkeys(("ctrl", "control", "c", "^"), "c"),
    **dict.fromkeys(("shift", "s"), "s"),
    **dict.fromkeys(("alt", "meta", "option", "opt", "m", "a"), "m"),
}
_NAMES = {
    "esc": "escape",
    "return": "enter",
    "space": " ",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "page-up": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    "page-down": "pagedown",
    "backtab": "s-tab",
    "minus": "-",
    "plus": "+",
}
# Enter with Ctrl or Shift, which only some terminals report.
_ENTERS = ("c-enter", "s-enter", "c-s-enter")
_ADD_LINE = "f24"


@dataclass(frozen=True, slots=True)
class Binding:
    """A key that is bound. keys: as prompt_toolkit names them. text: what the action inserts or
    runs. typed: the key as the user writes it.
    """

    keys: tuple[str, ...]
    action: KeyAction
    typed: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The valid bindings of the user, and a sentence about each of the others."""

    bindings: tuple[Binding, ...]
    complaints: tuple[str, ...]


def own_keys(settings: Settings) -> OwnKeys:
    """Returns the bindings of the table [keys]."""
    bindings: dict[tuple[str, ...], Binding] = {}
    complaints = []
    for typed, value in settings.keys.items():
        try:
            keys = key_sequence(typed)
            if keys in bindings:
                raise ValueError(f"is the same key as {shown(bindings[keys].typed)}")
            action, text = _action(value)
            bindings[keys] = Binding(keys, action, typed, text)
        except ValueError as error:
            place = settings.places.get(f"keys.{typed}", "[keys]")
            complaints.append(f"{place}: the key {shown(typed)} {error}")
    return OwnKeys(tuple(bindings.values()), tuple(complaints))


def key_sequence(typed: str) -> tuple[str, ...]:
    """Returns the keys of a name such as `c-t`, `ctrl-t`, `alt-enter`, `f5` or `ctrl-x ctrl-e`, as
    prompt_toolkit names them. Raises ValueError with the end of a sentence about the key.
    """
    words = typed.split()
    if not 1 <= len(words) <= MOST_IN_SEQUENCE:
        raise ValueError(f"must be one to {MOST_IN_SEQUENCE} keys, with spaces between them")
    keys = tuple(key for word in words for key in _key(word))
    if keys[0] == "c-c":
        raise ValueError("cannot be bound: it interrupts")
    if keys == ("escape",):
        raise ValueError("cannot be bound: other keys begin with it")
    if len(keys[0]) == 1:
        raise ValueError("cannot be bound: it types a character; add ctrl- or alt-")
    return keys


def _key(word: str) -> Sequence[str]:
    """Returns one key, with an Escape before it for Alt."""
    from prompt_toolkit.keys import ALL_KEYS, KEY_ALIASES

    modifiers, name = _split(word)
    name = _NAMES.get(name.lower(), name if len(name) == 1 else name.lower())
    if "c" in modifiers:
        name = name.lower()
    prefix = "".join(f"{modifier}-" for modifier in "cs" if modifier in modifiers)
    alone = prefix + ("space" if name == " " and prefix == "c-" else name)
    if alone in _ENTERS:
        alone = _ADD_LINE
    key = KEY_ALIASES.get(alone, alone)
    is_character = not prefix and len(name) == 1 and name.isprintable()
    if key.startswith("<") or not (is_character or key in ALL_KEYS):
        near = _nearest(alone, [*ALL_KEYS, *KEY_ALIASES])
        hint = f"did you mean {near[0]}" if near else "names are such as c-t, alt-enter and f5"
        raise ValueError(f"is not known; {hint}")
    return ("escape", key) if "m" in modifiers else (key,)


def _split(word: str) -> tuple[frozenset[str], str]:
    """Returns the modifiers and the name of a key such as `Ctrl+Shift-Left`."""
    modifiers = set()
    rest = word
    if len(rest) > 1 and rest.startswith("^"):
        rest = f"c-{rest[1:]}"
    while len(rest) > 2:
        ends = [at for at in (rest.find("-", 1), rest.find("+", 1)) if at > 0]
        end = min(ends, default=0)
        modifier = _MODIFIERS.get(rest[:end].lower()) if end else None
        if modifier is None or end + 1 == len(rest):
            break
        modifiers.add(modifier)
        rest = rest[end + 1 :]
    return frozenset(modifiers), rest


def _nearest(word: str, words: Sequence[str], cutoff: float = 0.6) -> Sequence[str]:
    from difflib import get_close_matches  # takes milliseconds, and few words are wrong

    return get_close_matches(word, words, n=1, cutoff=cutoff)


def _action(value: object) -> tuple[KeyAction, str]:
    """Returns the action and the text of a value such as `run` or `insert "TEXT"`. Raises
    ValueError.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"needs the name of an action, not {shown(value)}")
    name, _, rest = value.strip().partition(" ")
    action = _BY_NAME.get(name.lower())
    if action is None:
        near = _nearest(name.lower(), list(_BY_NAME), cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"the actions are {', '.join(_BY_NAME)}"
        raise ValueError(f"has the unknown action {shown(name)}; {hint}")
    text = _text(rest.strip())
    if bool(text) != action.takes_text or len(text) > LONGEST_TEXT:
        form = f"'{name} \"TEXT\"'" if action.takes_text else f"{name} without a text"
        raise ValueError(f"needs {form}")
    return action, text


def _text(written: str) -> str:
    """Returns a text, which may be in quotes, with the escapes of JSON in double quotes."""
    if len(written) > 1 and written[0] == written[-1] == "'":
        return written[1:-1]
    if not written.startswith('"'):
        return written
    try:
        # What begins with a quote is a string.
        return str(json.loads(written, strict=False)).encode("utf-8", "replace").decode()
    except ValueError:
        raise ValueError(f"has a text with a wrong quote: {shown(written)}") from None


def key_sections(settings: Settings) -> Sequence[Section]:
    """Returns the keys in force with what they do, and the actions that can be bound."""
    own = own_keys(settings).bindings
    taken = {binding.keys for binding in own}
    defaults = [(key, action.summary) for action in KEY_ACTIONS for key in action.keys]
    rows = [
        (key, summary)
        for key, summary in (*_ENTER, *defaults)
        if tuple(name for word in key.split() for name in _key(word)) not in taken
    ]
    yours = [(one.typed, f"{one.action.name} {shown(one.text) if one.text else ''}") for one in own]
    actions = [
        (f"{action.name} TEXT" if action.takes_text else action.name, action.summary)
        for action in KEY_ACTIONS
    ]
    sections = (("Keys", rows), ("Your keys", yours), ("Actions for [keys]", actions))
    return [Section(title, tuple(rows)) for title, rows in sections if rows]
