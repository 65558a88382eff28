"""%copy: a result, or the text of a snippet, to the clipboard."""

from __future__ import annotations

from collections.abc import Sequence

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.magics.values import NO_RESULT
from noderepl.outcome import CUT_VALUE, Media, Outcome, Words
from noderepl.sessions.journal import Snippet

MOST_NUMBER = 999_999_999


async def _copy(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(most=1, flags=("code",))
    number = result_number(given.words[0], arguments) if given.words else None
    if "code" in given.flags:
        text, what = _code(context, number)
    else:
        text, what = await _result(context, number)
    await context.screen.copy(text)
    characters = "1 character" if len(text) == 1 else f"{len(text):,} characters"
    return [Words(f"Copied {characters} of {what}.")]


def result_number(word: str, arguments: Arguments) -> int:
    """Returns the number of a result, written `3` or `_3`. Raises UsageError."""
    digits = word.removeprefix("_")
    if not (digits.isdecimal() and digits.isascii() and 1 <= int(digits[:9] or 0) <= MOST_NUMBER):
        raise arguments.wrong(f"{word!r} is not the number of a result")
    if len(digits) > len(str(MOST_NUMBER)):
        raise UsageError(f"there is no result {word}")
    return int(digits)


def _code(context: Context, number: int | None) -> tuple[str, str]:
    """Returns the text of a snippet and its name. number: None for the last snippet."""
    if number is None:
        if not context.runner.snippets:
            raise UsageError("there is nothing to copy: no snippet has run yet")
        return context.runner.snippets[-1], "the last snippet"
    for entry in reversed(context.state.journal.done):
        if isinstance(entry, Snippet) and entry.number == number:
            return entry.code, f"snippet {number}"
    raise UsageError(f"there is no snippet {number} in this session")


async def _result(context: Context, number: int | None) -> tuple[str, str]:
    """Returns a result as text and its name. number: of its snippet, None for the last result."""
    last = context.runner.last
    if last is None and number is None:
        raise UsageError("there is nothing to copy: no snippet has run yet")
    if number is None and last is not None and last.media:
        raise UsageError(not_text(last.media[-1]))
    if last is not None and last.number is None:
        if number is not None:
            raise UsageError("results have no numbers in this session")
        if last.value is None:
            raise UsageError("there is nothing to copy: the last snippet's value was undefined")
        data = last.value.data
        return data if isinstance(data, str) else last.value.text, "the last result"
    whole = await context.runner.whole(number or 0)
    if whole.error and whole.error.name != NO_RESULT:
        raise UsageError(whole.error.message)
    if whole.value is None:
        name = "a result" if number is None else f"a result _{number}"
        raise UsageError(f"there is nothing to copy: the session does not have {name}")
    if whole.value.is_cut:
        raise UsageError(CUT_VALUE)
    name = f"_{whole.number}" if whole.number else "the last result"
    return whole.value.text, name


def not_text(media: Media) -> str:
    """Returns the sentence about a result that is no text."""
    return f"the result is not text ({media.mime}): %save --result FILE writes it"


COPY = Magic(
    name="copy",
    group="Files",
    usage="%copy [N] [--code]",
    summary="Copy a result, or a snippet, to the clipboard",
    details=(
        "N is the number of a result, as in _3; without it, the last one. A string is copied as it"
        " is, any\nother value as its complete inspect text. --code copies the text of the snippet"
        " instead. Over ssh,\nthe terminal must support OSC 52."
    ),
    run=_copy,
    completes="word",
    words=("--code",),
)
