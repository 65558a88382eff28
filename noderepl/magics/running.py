"""%timeout, %input, %base64, %load, %save, %edit and %time: run snippets, and set how they run.

They send nothing themselves: each snippet runs like any other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import get_args

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.file_texts import REMOTE, edit_remote
from noderepl.magics.local import arriving, local_path, read_text
from noderepl.magics.magic import Magic
from noderepl.magics.screen import entry_of
from noderepl.magics.values import last_result, missing_parts, snippet_number
from noderepl.options import TIMEOUT_RANGE, InputType
from noderepl.outcome import Media, Outcome, Prefill, Saved, Words
from noderepl.units import human_time

_LEAST, _MOST = TIMEOUT_RANGE
_INPUT_TYPES: tuple[InputType, ...] = get_args(InputType)


async def _timeout(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    seconds = arguments.whole(_LEAST, _MOST)
    if seconds is not None:
        context.preferences.timeout = seconds
    return [Words(f"A snippet may run for {context.preferences.timeout} s.")]


def _status(context: Context) -> Sequence[Outcome]:
    return [Words(f"Snippets are sent as {context.preferences.input_type}.")]


async def _input(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(_INPUT_TYPES)
    for input_type in _INPUT_TYPES:
        if input_type == word:
            context.preferences.input_type = input_type
    return _status(context)


async def _base64(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.choice(("on", "off"))
    if word == "on":
        context.preferences.input_type = "base64"
    elif word == "off" and context.preferences.input_type == "base64":
        context.preferences.input_type = "inline"
    return _status(context)


async def _load(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    (word,) = arguments.parse(least=1, most=1).words
    text = read_text(local_path(word, context))
    return [await context.runner.run_snippet(text, file=word)]


def _script(snippets: Sequence[str]) -> str:
    from noderepl.javascript.statements import separated

    return "".join(f"{snippet}\n" for snippet in separated(snippets))


async def _save(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(
        least=1, most=1, flags=("force", "result", "script"), values=("output",)
    )
    if len(given.flags - {"force"}) + ("output" in given.values) > 1:
        raise arguments.wrong("only one of --script, --result and --output may be given")
    if "script" in given.flags:
        from noderepl.magics.save_script import save_script

        return await save_script(context, given.words[0], force="force" in given.flags)
    if "output" in given.values:
        number = snippet_number(given.values["output"], arguments)
        return _save_output(context, number, given.words[0], force="force" in given.flags)
    if not context.runner.snippets:
        raise UsageError("there is nothing to save: no snippet has run yet")
    path = local_path(given.words[0], context)
    result = (
        await last_result(context) if "result" in given.flags else _script(context.runner.snippets)
    )
    content = result.data if isinstance(result, Media) else result.encode(errors="replace")
    with arriving(path, force="force" in given.flags) as sink:
        sink.write(content)
    return [Saved(path, len(content))]


def _save_output(context: Context, number: int, name: str, *, force: bool) -> Sequence[Outcome]:
    stored = context.runner.stored(number)
    if stored is None:
        raise UsageError(f"there is no output of snippet {number}")
    path, size = local_path(name, context), 0
    with arriving(path, force=force) as sink:
        for block in stored:
            size += sink.write(block)
    return [Saved(path, size), *missing_parts(stored)]


async def _edit(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    word = arguments.optional()
    if word is not None and word.startswith(REMOTE):
        return await edit_remote(context, arguments, word.removeprefix(REMOTE))
    if word is not None and word.isdecimal():
        text = entry_of(word, context, arguments)
    elif word is not None:
        text = read_text(local_path(word, context))
    else:
        text = context.runner.snippets[-1] if context.runner.snippets else ""
    edited = (await context.screen.edit(text)).rstrip("\r\n")
    return [Prefill(edited)] if edited else [Words("The edited text is empty.")]


async def _time(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    if not arguments.text:
        raise arguments.wrong("the snippet is missing")
    if context.preferences.mode == "full":
        await context.runner.has_prelude()  # opens the session, which is no part of the snippet
    started = time.perf_counter()
    execution = await context.runner.run_snippet(arguments.text)
    took = round((time.perf_counter() - started) * 1000)
    inside = min(execution.milliseconds, took)  # in whole milliseconds
    place = "session" if execution.number is not None else "service"
    words = (
        f"{_time_of(inside)} in the {place}, {_time_of(took - inside)} for the network and"
        f" noderepl: {_time_of(took)} in all."
    )
    return [execution, Words(words)]


def _time_of(milliseconds: int) -> str:
    return f"{milliseconds} ms" if milliseconds < 1000 else human_time(milliseconds / 1000)


TIMEOUT = Magic(
    name="timeout",
    group="Settings",
    usage="%timeout [N]",
    summary="Show or set the time limit of a snippet",
    details=f"N is a whole number from {_LEAST} to {_MOST}. Without N, shows the limit.",
    run=_timeout,
)

INPUT = Magic(
    name="input",
    group="Settings",
    usage="%input [inline|inlinetext|base64]",
    summary="Show or set how snippets are sent",
    details=(
        "The API's codeInputType: inline, inlinetext or InlineBase64. Without an argument, shows"
        " the current one."
    ),
    run=_input,
    completes="word",
    words=_INPUT_TYPES,
)

BASE64 = Magic(
    name="base64",
    group="Settings",
    usage="%base64 [on|off]",
    summary="Turn base64 encoding of snippets on or off",
    details=(
        "The same as %input base64 and %input inline. Without an argument, shows the current state."
    ),
    run=_base64,
    completes="word",
    words=("on", "off"),
)

LOAD = Magic(
    name="load",
    group="Files",
    usage="%load FILE",
    summary="Run a local file as one snippet",
    details="FILE is a local UTF-8 text; ~ is your home directory.",
    run=_load,
    completes="local-file",
    dot="load",
)

SAVE = Magic(
    name="save",
    group="Files",
    usage="%save FILE [--script|--result] [--output N] [--force]",
    summary="Write the snippets of this run, a program, a result or an output to a local file",
    details=(
        "Writes the snippets in the order they ran. With --script, writes a program that node runs:"
        " what\nsucceeded in the session, with imports at the top and one declaration for each"
        " name. With --result,\nwrites the complete last result: a picture or bytes unchanged, a"
        " string as its text. With --output,\nwrites the output of snippet N, unchanged. An"
        " existing file is replaced only with --force."
    ),
    run=_save,
    completes="local-file",
    dot="save",
)

EDIT = Magic(
    name="edit",
    group="Run",
    usage="%edit [N|FILE|remote:FILE]",
    summary="Open the last snippet, an entry of the history or a file's text in your editor",
    details=(
        "The editor is $VISUAL or $EDITOR. The edited text appears at the prompt; Enter runs it.\n"
        "N: its number in %history. FILE itself is not changed; ./5 is a file with the name 5.\n"
        "remote:FILE is a file of the session, which gets the edited text."
    ),
    run=_edit,
    completes="local-or-remote-file",
)

TIME = Magic(
    name="time",
    group="Run",
    usage="%time SNIPPET",
    summary="Run a snippet and show how long it took",
    details=(
        "Shows the time that the session measured, from the start of the snippet to its answer, and"
        " the rest of the\ntime until the answer was here: network, service, and noderepl's own"
        " work."
    ),
    run=_time,
    completes="javascript",
)
