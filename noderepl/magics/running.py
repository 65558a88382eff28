"""How snippets run, and whole ones run, kept or edited.

%timeout, %input, %base64, %load, %save, %edit, %time. It sends nothing itself: a snippet goes the way of every snippet.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import get_args

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.local import arriving, local_path, read_text
from noderepl.magics.magic import Magic
from noderepl.magics.values import last_result
from noderepl.outcome import Media, Outcome, Prefill, Saved, Words
from noderepl.settings import TIMEOUT_RANGE, InputType

_LEAST, _MOST = TIMEOUT_RANGE
_INPUT_TYPES: tuple[InputType, ...] = get_args(InputType)


async def _timeout(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    seconds = arguments.whole(_LEAST, _MOST)
    if seconds is not None:
        context.preferences.timeout = seconds
    return [Words(f"A snippet may run for {context.preferences.timeout} s.")]


def _told(context: Context) -> Sequence[Outcome]:
    return [Words(f"Snippets are sent as {context.preferences.input_type}.")]


async def _input(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(_INPUT_TYPES)
    for input_type in _INPUT_TYPES:
        if input_type == word:
            context.preferences.input_type = input_type
    return _told(context)


async def _base64(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(("on", "off"))
    if word == "on":
        context.preferences.input_type = "base64"
    elif word == "off" and context.preferences.input_type == "base64":
        context.preferences.input_type = "inline"
    return _told(context)


async def _load(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    (word,) = arguments.parse(least=1, most=1).words
    return [await context.run(read_text(local_path(word, context)))]


def _script(snippets: Sequence[str]) -> str:
    """Snippets as one script. A line break does not end a statement before these characters, so a semicolon does."""
    return "".join(f"{';' if snippet.lstrip()[:1] in tuple('([`+-/') else ''}{snippet}\n" for snippet in snippets)


async def _save(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(least=1, most=1, flags=("force", "result"))
    if not context.snippets:
        raise UsageError("there is nothing to save: no snippet has run yet")
    path = local_path(given.words[0], context)
    result = await last_result(context) if "result" in given.flags else _script(context.snippets)
    content = result.data if isinstance(result, Media) else result.encode(errors="replace")
    with arriving(path, force="force" in given.flags) as sink:
        sink.write(content)
    return [Saved(path, len(content))]


async def _edit(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.optional()
    if word is not None:
        text = read_text(local_path(word, context))
    else:
        text = context.snippets[-1] if context.snippets else ""
    edited = (await context.edit(text)).rstrip("\r\n")
    return [Prefill(edited)] if edited else [Words("The edited text is empty: there is nothing to run.")]


async def _time(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    if not arguments.text:
        raise arguments.wrong("the snippet is missing")
    started = time.perf_counter()
    execution = await context.run(arguments.text)
    took = round((time.perf_counter() - started) * 1000)
    return [execution, Words(f"{execution.milliseconds} ms in the service, {took} ms round trip.")]


TIMEOUT = Magic(
    name="timeout",
    usage="%timeout [N]",
    summary="Tell or set how many seconds a snippet may run",
    details=f"N is a whole number from {_LEAST} to {_MOST}. Without it the present limit is told.",
    run=_timeout,
)

INPUT = Magic(
    name="input",
    usage="%input [inline|inlinetext|base64]",
    summary="Tell or set how snippets are sent",
    details="The API's codeInputType: inline, inlinetext or InlineBase64. Without an argument the present one is told.",
    run=_input,
    completes="word",
    words=_INPUT_TYPES,
)

BASE64 = Magic(
    name="base64",
    usage="%base64 [on|off]",
    summary="Send snippets as base64, or as they are",
    details="The same as %input base64 and %input inline. Without an argument the present way is told.",
    run=_base64,
    completes="word",
    words=("on", "off"),
)

LOAD = Magic(
    name="load",
    usage="%load FILE",
    summary="Run a local file as one snippet",
    details="FILE is a local UTF-8 text; ~ is your home directory.",
    run=_load,
    completes="local-file",
    dot="load",
)

SAVE = Magic(
    name="save",
    usage="%save FILE [--result] [--force]",
    summary="Write the snippets of this run, or the last result, to a local file",
    details=(
        "The snippets are written in the order they ran. With --result the last result is written instead, uncut: a\n"
        "picture or bytes as they are, a string as its text. A file that exists is replaced only with --force."
    ),
    run=_save,
    completes="local-file",
    dot="save",
)

EDIT = Magic(
    name="edit",
    usage="%edit [FILE]",
    summary="Open the last snippet, or a local file's text, in your editor",
    details=(
        "The editor is $VISUAL or $EDITOR. What you leave in it comes to the prompt and runs on Enter.\n"
        "FILE itself is not changed."
    ),
    run=_edit,
    completes="local-file",
)

TIME = Magic(
    name="time",
    usage="%time SNIPPET",
    summary="Run a snippet and tell how long it took",
    details="Tells the time that the service measured, and the time from sending to the answer.",
    run=_time,
)
