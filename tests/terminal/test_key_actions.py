"""The table [keys]: names of keys, actions, and what is wrong with a binding."""

from __future__ import annotations

import pytest

from noderepl.settings import read_settings
from noderepl.terminal.key_actions import KEY_ACTIONS, key_sections, key_sequence, own_keys


def configured(place, lines: str):  # type: ignore[no-untyped-def]
    """The settings of a file with these bindings."""
    (place / "config.toml").write_text(f"[keys]\n{lines}\n")
    return read_settings({}, environ={}, directory=place)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("c-t", ("c-t",)),
        ("ctrl-t", ("c-t",)),
        ("Ctrl+T", ("c-t",)),
        ("control-t", ("c-t",)),
        ("^T", ("c-t",)),
        ("alt-enter", ("escape", "c-m")),
        ("M-x", ("escape", "x")),
        ("alt-X", ("escape", "X")),
        ("alt--", ("escape", "-")),
        ("Option-Left", ("escape", "left")),
        ("ctrl-alt-k", ("escape", "c-k")),
        ("alt-ctrl-k", ("escape", "c-k")),
        ("f5", ("f5",)),
        ("F12", ("f12",)),
        ("ctrl-f5", ("c-f5",)),
        ("shift-tab", ("s-tab",)),
        ("ctrl-shift-left", ("c-s-left",)),
        ("shift-ctrl-left", ("c-s-left",)),
        ("pgup", ("pageup",)),
        ("page-down", ("pagedown",)),
        ("ctrl-space", ("c-@",)),
        ("enter", ("c-m",)),
        ("tab", ("c-i",)),
        ("ctrl-_", ("c-_",)),
        ("c-\\", ("c-\\",)),
        ("shift-enter", ("f24",)),
        ("ctrl-x ctrl-e", ("c-x", "c-e")),
        ("c-x s", ("c-x", "s")),
        ("escape e", ("escape", "e")),
    ],
)
def test_names_of_keys(typed: str, keys: tuple[str, ...]) -> None:
    """Both the names of prompt_toolkit and those on a keyboard name a key."""
    assert key_sequence(typed) == keys


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("'ctrl-c' = 'run'", "the key 'ctrl-c' cannot be bound: it interrupts"),
        ("c-c = 'run'", "cannot be bound"),
        ("escape = 'run'", "other keys begin with it"),
        ("a = 'run'", "it types a character"),
        ("' ' = 'run'", "one to 3 keys"),
        ("space = 'run'", "it types a character"),
        ("'c-x a b c' = 'run'", "one to 3 keys"),
        ("ctrl-tt = 'run'", "is not known"),
        ("hyper-t = 'run'", "is not known"),
        ("ctlr-k = 'run'", "did you mean c-k"),
        ("'<any>' = 'run'", "is not known"),
        ("'<sigint>' = 'run'", "is not known"),
        ("ctrl- = 'run'", "is not known"),
        ("'' = 'run'", "one to 3 keys"),
        ("f99 = 'run'", "is not known; did you mean f9"),
        ("f5 = 'runn'", "the unknown action 'runn'; did you mean run?"),
        ("f5 = 'zzzz'", "the actions are run, newline"),
        ("f5 = ''", "needs the name of an action"),
        ("f5 = 5", "needs the name of an action, not 5"),
        ("f5 = ['run']", "needs the name of an action"),
        ("f5 = 'run now'", "needs run without a text"),
        ("f5 = 'insert'", "needs 'insert \"TEXT\"'"),
        ("f5 = 'insert \"a'", "a wrong quote"),
        ("f5 = 'run'\nF5 = 'undo'", "the key 'F5' is the same key as 'f5'"),
    ],
)
def test_a_wrong_binding_is_a_sentence(tmp_path, line: str, why: str) -> None:
    """It names the file, the line and the key, and the other bindings are taken."""
    own = own_keys(configured(tmp_path, f"c-t = 'undo'\n{line}"))
    (complaint,) = own.complaints
    assert why in complaint and "config.toml, line " in complaint and "\n" not in complaint
    assert own.bindings[0].keys == ("c-t",)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("insert console.log(", "console.log("),
        ('insert "a \\" b\\n"', 'a " b\n'),
        ("insert 'x '", "x "),
        ("INSERT x", "x"),
        ("command %files", "%files"),
        ('command ".load a.js"', ".load a.js"),
    ],
)
def test_texts_of_actions(tmp_path, value: str, text: str) -> None:
    """A text is in quotes or not; in double quotes it has the escapes of JSON."""
    (binding,) = own_keys(configured(tmp_path, f"f5 = '''{value}'''")).bindings
    assert (binding.action.name, binding.text) == (value.split(maxsplit=1)[0].lower(), text)


def test_keys_must_be_a_table(tmp_path) -> None:
    """Anything else under this name is an error of the file, with its line."""
    (tmp_path / "config.toml").write_text("\nkeys = 3\n")
    with pytest.raises(Exception, match=r"line 2: keys must be a table, \[keys\]"):
        read_settings({}, environ={}, directory=tmp_path)


def test_effective_keys(tmp_path) -> None:
    """The user's own stand below the defaults, of which those that they replace are left out."""
    keys, actions = key_sections(configured(tmp_path, ""))
    before = dict(keys.rows)
    assert before["ctrl-r"] == "Search the history" and before["enter"].startswith("Run")
    assert len(actions.rows) == len(KEY_ACTIONS)
    lines = "ctrl-r = 'undo'\nf6 = 'insert x'\nalt-enter = 'run'"
    keys, yours, _ = key_sections(configured(tmp_path, lines))
    after = dict(keys.rows)
    assert not {"ctrl-r", "alt-enter"} & set(after) and after["ctrl-l"] == before["ctrl-l"]
    assert dict(yours.rows) == {"ctrl-r": "undo ", "f6": "insert 'x'", "alt-enter": "run "}


def test_actions_are_described() -> None:
    """Names are unique, and each action has a sentence without its full stop."""
    assert len({action.name for action in KEY_ACTIONS}) == len(KEY_ACTIONS) >= 15
    assert all(
        action.summary and not action.summary.endswith(".") and len(action.summary) <= 60
        for action in KEY_ACTIONS
    )
