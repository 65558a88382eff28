"""%inspect, %page, %mode and %ts: how values are computed and shown; also what %save --result and
--output write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from noderepl.errors import ServiceError, UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.options import Mode, TypeScript
from noderepl.outcome import Execution, Media, Outcome, Page, Words, is_failure

if TYPE_CHECKING:
    from noderepl.spool import Spooled

_DEEPEST = 1000
# The name of the error of a snippet without a value, in prelude/answers.js.
NO_RESULT = "NoResult"
_MODES: tuple[Mode, ...] = get_args(Mode)
_TYPESCRIPT: tuple[TypeScript, ...] = get_args(TypeScript)


def without_value(execution: Execution) -> Sequence[Outcome]:
    """Returns the outcomes of a snippet whose value is not shown: its output, errors and notes."""
    ran = replace(execution, value=None)
    shown = (ran.stdout, ran.stderr, ran.notes, ran.late, ran.media, ran.streamed)
    return [ran] if is_failure(ran) or any(shown) else []


async def last_result(context: Context) -> str | Media:
    """Returns the last snippet's result without truncation: a picture or other bytes as such, any
    other value as text.

    Raises UsageError if there is none.
    """
    last = _last(context, "result")
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
    return whole.value.text


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
            raise arguments.wrong("the arguments must be depth and a number or all")
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
    given = arguments.parse(most=1, flags=("output",))
    is_output = "output" in given.flags
    if given.words:
        return await _page_of(context, snippet_number(given.words[0], arguments), is_output)
    if is_output:
        return await context.runner.output(_last(context, "output"))
    stored, last = context.runner.stored(None), context.runner.last
    is_aside = stored is not None and stored.is_aside
    if last is not None and last.error is not None and last.error.stack and not is_aside:
        return [Page(stored or (), last.error.stack), *missing_parts(stored)]
    if stored is None:
        return await _last_page(context)
    if stored.is_aside or last is None or (last.value is None and not last.media):
        return [Page(stored), *missing_parts(stored)]
    if last.number is None:
        return [Page(stored, last.value.text if last.value else ""), *missing_parts(stored)]
    return await _page_of(context, last.number, is_output=False)


async def _last_page(context: Context) -> Sequence[Outcome]:
    """Returns the last value as a page, of a snippet without output."""
    last = _last(context, "result")
    if last.number is not None and not last.media:
        return _value_page(await _whole(context, 0), None)
    result = await last_result(context)
    if isinstance(result, Media):
        raise _no_text(result)
    return [Page((result.encode(errors="replace"),))]


async def _page_of(context: Context, number: int, is_output: bool) -> Sequence[Outcome]:
    """Returns the output of a snippet and its value as a page."""
    stored = context.runner.stored(number)
    if is_output:
        if stored is None:
            raise UsageError(f"there is no output of snippet {number}")
        return [Page(stored), *missing_parts(stored)]
    try:
        whole = await _whole(context, number) if context.state.has_prelude else None
    except ServiceError as error:
        if stored is None:
            raise
        return [Page(stored), *missing_parts(stored), Words(str(error), warning=True)]
    if whole is None or (whole.error is not None and whole.error.name == NO_RESULT):
        if stored is None:
            raise UsageError(f"snippet {number} has neither output nor a value that is stored")
        return [Page(stored), *missing_parts(stored)]
    return _value_page(whole, stored)


async def _whole(context: Context, number: int) -> Execution:
    """Returns a value to any depth; if it is too long, to that of values at the prompt."""
    whole = await context.runner.whole(number, is_deep=True)
    is_long = whole.error is not None and whole.error.name != NO_RESULT
    return await context.runner.whole(number) if is_long else whole


def _value_page(whole: Execution, stored: Spooled | None) -> Sequence[Outcome]:
    """Returns a page with a value below the output of its snippet."""
    parts, notes = stored or (), missing_parts(stored)
    if whole.media or whole.error:
        error = _no_text(whole.media[0]) if whole.media else UsageError(_message(whole))
        if stored is None:
            raise error
        return [Page(parts), *notes, Words(str(error), warning=True)]
    if whole.value is None:
        raise UsageError("there is no result: no snippet of this session has returned a value yet")
    if isinstance(whole.value.data, str):
        return [Page((*parts, whole.value.text.encode(errors="replace"))), *notes]
    return [Page(parts, whole.value.text), *notes]


def missing_parts(stored: Spooled | None) -> Sequence[Outcome]:
    """Returns sentences about the parts of an output that are missing."""
    notes = []
    if stored is not None and stored.missing:
        notes.append(f"The first {stored.missing:,} bytes of the output are not stored any more.")
    if stored is not None and not stored.is_whole:
        notes.append("The end of the output is missing: it could not be stored.")
    return [Words(note, warning=True) for note in notes]


def snippet_number(word: str, arguments: Arguments) -> int:
    """Returns the number of a snippet. Raises UsageError."""
    digits = word.removeprefix("_")
    if not (digits.isdecimal() and len(digits) < 10 and int(digits)):
        raise arguments.wrong(f"{word!r} is not the number of a snippet")
    return int(digits)


def _no_text(media: Media) -> UsageError:
    return UsageError(f"the result is not text ({media.mime}): %save --result FILE writes it")


def _message(whole: Execution) -> str:
    return whole.error.message if whole.error else ""


def _last(context: Context, what: str) -> Execution:
    last = context.runner.last
    if last is None:
        raise UsageError(f"there is no {what}: no snippet has run yet")
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
    usage="%page [N] [--output]",
    summary="Show the complete output and result of a snippet in your pager",
    details=(
        "Of the last snippet, or of snippet N: first the output, then the value _N, to any depth;"
        " after an error,\nits whole stack. --output: shows only the output. The pager is $PAGER,"
        " or less. %save --result FILE\nand %save --output N FILE write files."
    ),
    run=_page,
)
