"""How values are shown and kept: %inspect, %page, and what %save --result writes. Also %mode and %ts, which say how
snippets become values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Media, Outcome, Page, Words
from noderepl.settings import Mode, TypeScript

_DEEPEST = 1000
_MODES: tuple[Mode, ...] = get_args(Mode)
_TYPESCRIPT: tuple[TypeScript, ...] = get_args(TypeScript)


async def last_result(context: Context) -> str | Media:
    """The last snippet's result, uncut: a picture or other bytes as they are, anything else as text.

    Raises UsageError where there is none.
    """
    last = context.last()
    if last is None:
        raise UsageError("there is no result: no snippet has run yet")
    if last.media:
        return last.media[-1]
    if last.number is None:
        if last.value is None:
            raise UsageError("there is no result: the last snippet gave undefined")
        return last.value.data if isinstance(last.value.data, str) else last.value.text
    whole = await context.whole()
    if whole.media:
        return whole.media[0]
    if whole.value is None:
        raise UsageError("there is no result: no snippet of this session has given a value yet")
    return str(whole.value.data)


async def _mode(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(_MODES)
    context.preferences.mode = next((mode for mode in _MODES if mode == word), context.preferences.mode)
    if context.preferences.mode == "plain":
        return [Words("Snippets run as they are typed: plain mode.")]
    return [Words("Snippets run with await, import and redeclarations: full mode.")]


async def _ts(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(_TYPESCRIPT)
    context.preferences.typescript = next((ts for ts in _TYPESCRIPT if ts == word), context.preferences.typescript)
    told = {
        "auto": "A snippet that is no JavaScript but TypeScript loses its types.",
        "on": "Every snippet is read as TypeScript.",
        "off": "No snippet is read as TypeScript.",
    }
    return [Words(told[context.preferences.typescript])]


async def _inspect(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    words = arguments.parse(most=2).words
    if words:
        if len(words) != 2 or words[0] != "depth":
            raise arguments.wrong("what is to be set is the depth")
        context.preferences.depth = _depth(words[1], arguments)
    depth = context.preferences.depth
    return [Words(f"Values are shown {'to any depth' if depth is None else f'to depth {depth}'}.")]


def _depth(word: str, arguments: Arguments) -> int | None:
    if word == "all":
        return None
    if not (word.isdecimal() and len(word) <= len(str(_DEEPEST)) and int(word) <= _DEEPEST):
        raise arguments.wrong(f"{word!r} is neither a whole number from 0 to {_DEEPEST} nor all")
    return int(word)


async def _page(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    arguments.parse(most=0)
    result = await last_result(context)
    if isinstance(result, Media):
        raise UsageError(f"the result is no text ({result.mime}): %save --result FILE writes it")
    return [Page(result)]


MODE = Magic(
    name="mode",
    usage="%mode [full|plain]",
    summary="Tell or set how snippets run",
    details=(
        "full: with await, import, TypeScript and redeclarations, as docs/javascript.md tells. plain: the text as it\n"
        "is typed, in the session's bare kernel. Without an argument the present mode is told."
    ),
    run=_mode,
    completes="word",
    words=_MODES,
)

TS = Magic(
    name="ts",
    usage="%ts [auto|on|off]",
    summary="Tell or set whether snippets are TypeScript",
    details=(
        "auto: those are that are no JavaScript but TypeScript. on: all are. off: none is. The session's own Node.js\n"
        "takes the types away, which needs version 22.13 or later. Without an argument the setting is told."
    ),
    run=_ts,
    completes="word",
    words=_TYPESCRIPT,
)

INSPECT = Magic(
    name="inspect",
    usage="%inspect [depth N|depth all]",
    summary="Tell or set how deep values are shown",
    details=f"N is a whole number from 0 to {_DEEPEST}; Node.js starts with 2. Without an argument the depth is told.",
    run=_inspect,
    completes="word",
    words=("depth",),
)

PAGE = Magic(
    name="page",
    usage="%page",
    summary="Show the last result whole, in your pager",
    details="Nothing is cut, however long it is. The pager is $PAGER, or less. %save --result FILE writes a file.",
    run=_page,
)
