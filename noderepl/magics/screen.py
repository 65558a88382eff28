"""The magics of the prompt: %history, %rerun, %theme, %tty, %preview, %clear, %exit and Node's own
.break, .clear, .editor.

They return outcomes that the prompt carries out.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import get_args

from noderepl.history_entry import HistoryEntry
from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.options import Preview, Tty
from noderepl.outcome import (
    ClearScreen,
    EditorMode,
    Leave,
    Outcome,
    Prefill,
    Table,
    Text,
    UseTheme,
    Words,
)

_TTY: tuple[Tty, ...] = get_args(Tty)
HERE = "--here"
_PREVIEW: tuple[Preview, ...] = get_args(Preview)
_MANY = 999_999_999
_NUMBERS = lazy_pattern(r"-n\s+([0-9]{1,9}(?:-[0-9]{1,9})?)", re.ASCII)
_RANGE = lazy_pattern(r"([0-9]{1,9})-([0-9]{1,9})")
_KEPT = "The history records what you type."
_NOT_KEPT = "The history does not record what you type; %history on makes it do so again."


async def _history(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    if arguments.text in ("on", "off"):
        context.preferences.keeps_history = arguments.text == "on"
        return [Words(_KEPT if context.preferences.keeps_history else _NOT_KEPT)]
    entries = context.screen.entries()
    shown = _selected(entries, arguments, context.sessions.label)
    if not entries:
        return [Words("The history is empty.")]
    if not shown:
        of = "is of this endpoint" if arguments.text == HERE else f"contains {arguments.text!r}"
        return [Words(f"No entry of the history {of}.")]
    width = len(str(len(entries)))
    results = {text: f"_{number}" for text, number in context.state.numbers.items()}
    column = max(map(len, results.values()), default=0)
    indent = "\n" + " " * (width + 2 + column + bool(column) * 2)
    numbered = []
    for number in shown:
        entry = entries[number - 1]
        result = f"{results.get(entry, ''):<{column}}  " if column else ""
        numbered.append(f"{number:>{width}}  {result}{indent.join(entry.splitlines())}")
    return [Text("\n".join(numbered))]


def _selected(entries: Sequence[str], arguments: Arguments, label: str) -> Sequence[int]:
    """Returns the numbers of the entries that the arguments ask for. label: of the present
    endpoint. Raises UsageError.
    """
    text, count = arguments.text.strip(), len(entries)
    if (with_option := _NUMBERS.fullmatch(text)) is not None:  # as IPython writes it
        text = with_option[1]
    if text == HERE:
        labels = [one.label if isinstance(one, HistoryEntry) else None for one in entries]
        return [number for number, one in enumerate(labels, 1) if one == label]
    if text.isdecimal() or not text:
        last = count if not text else _last(text, arguments)
        return range(max(count - last, 0) + 1, count + 1)
    if (numbers := _history_range(text)) is not None:
        return _within(numbers, entries, arguments)
    wanted = text.casefold()
    search = f"%history {text}".casefold().split()
    return [
        number
        for number, entry in enumerate(entries, 1)
        if wanted in (folded := entry.casefold()) and folded.split() != search
    ]


def _last(text: str, arguments: Arguments) -> int:
    if not 1 <= len(text) <= 9 or int(text) == 0:
        raise arguments.wrong(f"{text} must be a number from 1 to {_MANY}")
    return int(text)


def _history_range(text: str) -> tuple[int, int] | None:
    """Returns the numbers of `N-M`, None for another text."""
    found = _RANGE.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def _within(
    numbers: tuple[int, int], entries: Sequence[str], arguments: Arguments
) -> Sequence[int]:
    first, last = numbers
    if not 1 <= first <= last <= len(entries):
        count = len(entries)
        has = f"entries 1 to {count}" if count > 1 else "one entry" if count else "no entries"
        raise arguments.wrong(f"the history has {has}")
    return range(first, last + 1)


def entry_of(word: str, context: Context, arguments: Arguments) -> str:
    """Returns the entry of the history with a number. word: the number. Raises UsageError."""
    entries = context.screen.entries()
    numbers = _history_range(f"{word}-{word}") or (0, 0)
    return entries[_within(numbers, entries, arguments)[0] - 1]


async def _rerun(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.parse(least=1, most=1).words[0]
    numbers = _history_range(word if "-" in word else f"{word}-{word}")
    if numbers is None:
        raise arguments.wrong(f"{word!r} is neither a number of the history nor N-M")
    entries = context.screen.entries()
    chosen = [entries[number - 1] for number in _within(numbers, entries, arguments)]
    return [Prefill("\n".join(chosen))]


async def _theme(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    name = arguments.optional()
    themes = context.screen.themes()
    if name is None:
        current, variant = context.screen.theme()
        shown = f"{current} ({variant})" if variant else current
        rows = tuple(
            ("*", shown, summary) if theme == current else ("", theme, summary)
            for theme, summary in themes.items()
        )
        return [Table(("", "theme", "summary"), rows)]
    if name not in themes:
        near = difflib.get_close_matches(name, themes, n=1)
        suggestion = f", did you mean {near[0]}?" if near else ";"
        raise arguments.wrong(f"there is no theme {name!r}{suggestion} %theme lists them all")
    return [UseTheme(name)]


async def _clear(_: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    return [ClearScreen()]


async def _exit(_: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    return [Leave()]


async def _fresh_line(_: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    return []


async def _editor(_: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    return [EditorMode()]


async def _tty(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(_TTY)
    for setting in _TTY:
        if setting == word:
            context.preferences.tty = setting
    size = context.screen.terminal()
    if size is None:
        return [Words("Snippets see no terminal: isTTY is undefined.")]
    columns, rows = size
    return [Words(f"Snippets see a terminal of {columns} columns and {rows} rows.")]


async def _preview(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(_PREVIEW)
    preferences = context.preferences
    preferences.preview = next((one for one in _PREVIEW if one == word), preferences.preview)
    words = {
        "auto": "The value of what is typed is shown if the session answers fast.",
        "on": "The value of what is typed is shown.",
        "off": "The value of what is typed is not shown.",
    }
    return [Words(words[preferences.preview])]


HISTORY = Magic(
    name="history",
    group="Run",
    usage="%history [N|N-M|TEXT|--here|on|off]",
    summary="Show or search the history, or turn it on or off",
    details=(
        "N: the last N entries. N-M: those with these numbers. TEXT: those that contain it, in"
        " upper or\nlower case. --here: those of the present endpoint. Entries are numbered from"
        " the oldest and include\nearlier runs. _3 beside a snippet is the name of its value in the"
        " session. A line that begins with a\nspace is not kept, and secrets of known forms are"
        " masked in the file."
    ),
    run=_history,
    completes="word",
    words=("--here", "on", "off"),
)

RERUN = Magic(
    name="rerun",
    group="Run",
    usage="%rerun N|N-M",
    summary="Put entries of the history at the prompt, to run again",
    details="N: their numbers in %history. Enter runs the text; it can be changed before.",
    run=_rerun,
)

THEME = Magic(
    name="theme",
    group="Settings",
    usage="%theme [NAME]",
    summary="List the themes, or switch to one",
    details=(
        "* marks the current theme. Your own themes are TOML files in the configuration directory."
    ),
    run=_theme,
    completes="theme",
)

CLEAR = Magic(
    name="clear",
    group="Look",
    usage="%clear",
    summary="Clear the screen",
    details="The session and the history stay as they are.",
    run=_clear,
)

TTY = Magic(
    name="tty",
    group="Settings",
    usage="%tty [auto|on|off]",
    summary="Show or set whether snippets see a terminal",
    details=(
        "auto: at the prompt, if the terminal can move its cursor. on: at the prompt. off: never."
        " Scripts\nsee none. Without an argument, shows what snippets see."
    ),
    run=_tty,
    completes="word",
    words=_TTY,
)

PREVIEW = Magic(
    name="preview",
    group="Settings",
    usage="%preview [auto|on|off]",
    summary="Show or set whether the value of what is typed is shown",
    details=(
        "auto: if a round trip to the session takes at most 200 ms. on: always. off: never. Only"
        " expressions\nwithout an effect have such a value. Without an argument, shows the setting."
    ),
    run=_preview,
    completes="word",
    words=_PREVIEW,
)

EXIT = Magic(
    name="exit",
    group="Session",
    usage="%exit",
    summary="Leave the prompt",
    details="Ctrl-D on an empty line does the same.",
    run=_exit,
    dot="exit",
)

NODE_COMMANDS: tuple[Magic, ...] = (
    Magic(
        name="break",
        usage=".break",
        summary="Start a new input",
        details="As in Node's REPL.",
        run=_fresh_line,
        dot="break",
    ),
    Magic(
        name="clear",
        usage=".clear",
        summary="The same as .break",
        details="As in Node's REPL.",
        run=_fresh_line,
        dot="clear",
    ),
    Magic(
        name="editor",
        usage=".editor",
        summary="Type several lines, then run them as one snippet",
        details="As in Node's REPL.",
        run=_editor,
        dot="editor",
    ),
)
"""The dot commands of Node's REPL that no magic provides."""
