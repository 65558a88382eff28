"""%inspect, %page, %mode and %ts: how values are computed and shown; also the value that %save
--result writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.options import Mode, TypeScript
from noderepl.outcome import Execution, Media, Outcome, Page, Words

_DEEPEST = 1000
_MODES: tuple[Mode, ...] = get_args(Mode)
_TYPESCRIPT: tuple[TypeScript, ...] = get_args(TypeScript)


async def last_result(context: Context) -> str | Media:
    """Returns the last snippet's result without truncation: a picture or other bytes as such, any
    other value as text.

    Raises UsageError if there is none.
    """
    last = context.runner.last
    if last is None:
        raise UsageError("there is no result: no snippet has run yet")
    if last.media:
        return last.media[-1]
    if last.number is None:
        if last.value is None:
            raise UsageError("there is no result: the last snippet's value was undefined")
        return last.value.data if isinstance(last.value.data, str) else last.value.text
    whole = await context.runner.whole()
    if whole.media:
        return whole.media[0]
    if whole.error:
        raise UsageError(whole.error.message)
    if whole.value is None:
        raise UsageError("there is no result: no snippet of this session has returned a value yet")
    return str(whole.value.data)


async def _mode(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(_MODES)
    context.preferences.mode = next(
        (mode for mode in _MODES if mode == word), context.preferences.mode
    )
    if context.preferences.mode == "plain":
        return [Words("Plain mode: snippets are sent as typed.")]
    return [Words("Full mode: snippets run with await, import and redeclarations.")]


async def _ts(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(_TYPESCRIPT)
    context.preferences.typescript = next(
        (ts for ts in _TYPESCRIPT if ts == word), context.preferences.typescript
    )
    words = {
        "auto": "Snippets that parse only as TypeScript are type-stripped.",
        "on": "All snippets are type-stripped.",
        "off": "No snippets are type-stripped.",
    }
    return [Words(words[context.preferences.typescript])]


async def _inspect(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    words = arguments.parse(most=2).words
    if words:
        if len(words) != 2 or words[0] != "depth":
            raise arguments.wrong("the argument must be depth")
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
    if "output" in arguments.parse(most=0, flags=("output",)).flags:
        return await context.runner.output(_last(context))
    last = context.runner.last
    if last is not None and last.error is not None and last.error.stack:
        return [Page((last.error.stack.encode(errors="replace"),))]
    result = await last_result(context)
    if isinstance(result, Media):
        raise UsageError(f"the result is not text ({result.mime}): %save --result FILE writes it")
    return [Page((result.encode(errors="replace"),))]


def _last(context: Context) -> Execution:
    last = context.runner.last
    if last is None:
        raise UsageError("there is no output: no snippet has run yet")
    return last


MODE = Magic(
    name="mode",
    group="Settings",
    usage="%mode [full|plain]",
    summary="Show or set how snippets run",
    details=(
        "full: with await, import, TypeScript and redeclarations; see docs/javascript.md. plain:"
        " the text as\ntyped, in the session's bare kernel. Without an argument, shows the mode."
    ),
    run=_mode,
    completes="word",
    words=_MODES,
)

TS = Magic(
    name="ts",
    group="Settings",
    usage="%ts [auto|on|off]",
    summary="Show or set whether snippets are TypeScript",
    details=(
        "auto: only snippets that parse only as TypeScript. on: all. off: none. Types are removed"
        " and not\nchecked. Without an argument, shows the setting."
    ),
    run=_ts,
    completes="word",
    words=_TYPESCRIPT,
)

INSPECT = Magic(
    name="inspect",
    group="Look",
    usage="%inspect [depth N|depth all]",
    summary="Show or set how deep values are shown",
    details=(
        f"N is a whole number from 0 to {_DEEPEST}; the default is 2. Without an argument, shows"
        " the depth."
    ),
    run=_inspect,
    completes="word",
    words=("depth",),
)

PAGE = Magic(
    name="page",
    group="Look",
    usage="%page [--output]",
    summary="Show the complete last result in your pager",
    details=(
        "Nothing is truncated; after an error, shows its whole stack. The pager is $PAGER, or less."
        "\n%save --result FILE writes a file.\n"
        "--output: shows the last snippet's standard output, then its standard error, instead."
    ),
    run=_page,
)
