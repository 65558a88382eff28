"""Running without a prompt: -e, -p, -c, FILE and standard input, with data on stdout and words on stderr."""

from __future__ import annotations

import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

from noderepl.backend import Backend, with_backend
from noderepl.dispatch import Dispatcher, open_console, sessions_directory
from noderepl.errors import ExitCode, LocalFileError, UsageError
from noderepl.outcome import Execution, Failure, Outcome, Output, Status, Thrown
from noderepl.settings import Settings
from noderepl.terminal.console import Console
from noderepl.terminal.frames import without_kernel

Verb = Literal["eval", "print", "command", "file"]
EXIT_CODES = {
    Status.OK: ExitCode.OK,
    Status.ERROR: ExitCode.THREW,
    Status.TIMEOUT: ExitCode.TIMED_OUT,
    Status.INTERRUPTED: ExitCode.INTERRUPTED,
}
# How long the session may take to end a snippet, before noderepl ends without it.
PATIENCE_SECONDS = 3.0
NOT_ENDED = f"The session has not ended the snippet within {PATIENCE_SECONDS:.0f} s and may still be at it."


def run_script(settings: Settings, actions: Sequence[tuple[Verb, str]]) -> int:
    """Runs actions in one session. Returns the exit code. Raises NodeReplError."""
    state = sessions_directory() if settings.keep or settings.resume else None
    return with_backend(settings, partial(_run, settings, actions), state=state)


async def _run(settings: Settings, actions: Sequence[tuple[Verb, str]], backend: Backend) -> int:
    backend.start()
    console = open_console(settings)
    backend.tell = lambda waiting: console.status(waiting.words) if waiting else console.end_passing()
    running = asyncio.current_task()
    assert running is not None

    def show(outcome: Outcome) -> None:
        before = console.unwritable
        _show(console, outcome)
        if console.unwritable is not before:
            running.cancel()

    dispatcher = Dispatcher(
        backend, settings, console, entries=tuple, edit=_no_editor, show=None if settings.json else show
    )
    try:
        code = await run_actions(settings, actions, dispatcher, console, is_all=True)
        _check(console)
        return code
    except asyncio.CancelledError:
        if console.unwritable is None:
            raise
        _check(console)
        return ExitCode.UNREAD
    finally:
        await dispatcher.runner.close()
        dispatcher.lifetime.let_go()
        for trouble in (backend.owned.notice, backend.owned.trouble()):
            if trouble and not settings.quiet:
                console.words(trouble, warning=True)
        if backend.notice and not settings.quiet and sys.stderr.isatty():
            console.words(backend.notice)


async def run_actions(
    settings: Settings,
    actions: Sequence[tuple[Verb, str]],
    dispatcher: Dispatcher,
    console: Console,
    *,
    is_all: bool = False,
) -> int:
    """Runs actions in order up to the first that fails, and prints what each gives.

    actions: pairs of how and the text. is_all: nothing comes after them, so the last one is waited for as `node` does,
    until nothing goes on. Returns the exit code of the last one run. Raises NodeReplError.
    """
    for number, (verb, text) in enumerate(actions, 1):
        waits = is_all and number == len(actions)
        try:
            outcomes = await _run_one(dispatcher, verb, text, waits=waits)
        except asyncio.CancelledError:
            if is_all:
                await _end_snippet(settings, dispatcher, console)
            raise
        for outcome in outcomes:
            _print(settings, console, verb, outcome)
            if (code := exit_code(outcome)) != ExitCode.OK:
                return code
    return ExitCode.OK


async def _run_one(dispatcher: Dispatcher, verb: Verb, text: str, *, waits: bool) -> Sequence[Outcome]:
    return await dispatcher.run_line(text) if verb == "command" else [await dispatcher.run_snippet(text, waits=waits)]


def _print(settings: Settings, console: Console, verb: Verb, outcome: Outcome) -> None:
    if settings.json and isinstance(outcome, Execution):
        console.data(json.dumps(as_json(outcome), ensure_ascii=False) + "\n")
    elif verb == "command" or not isinstance(outcome, Execution):
        console.show(outcome)
    else:
        console.show_plain(outcome, with_value=verb == "print")


async def _end_snippet(settings: Settings, dispatcher: Dispatcher, console: Console) -> None:
    """Interrupts the snippet that runs, if one does, and prints what it wrote; the exit code says the rest."""
    if not dispatcher.runner.is_busy:
        return
    execution = await dispatcher.runner.interrupted(PATIENCE_SECONDS)
    if execution is None:
        console.words(NOT_ENDED, warning=True)
    elif settings.json:
        _print(settings, console, "eval", execution)
    else:
        console.show_plain(replace(execution, error=None, notes=()), with_value=False)


def _check(console: Console) -> None:
    """Raises LocalFileError where stdout takes no more, unless its reader has just gone away."""
    why = console.unwritable
    if why is not None and not isinstance(why, BrokenPipeError):
        raise LocalFileError(f"standard output cannot be written: {why.strerror}") from why


def _show(console: Console, outcome: Outcome) -> None:
    """Prints what comes before, or after, an action's own outcome."""
    if isinstance(outcome, Output):
        console.show_output(outcome)


def exit_code(outcome: Outcome) -> int:
    """The exit code that an outcome stands for."""
    if isinstance(outcome, Execution):
        if outcome.replaced:
            # It ran, but in an empty session: whatever came of it, the script has gone wrong before.
            return ExitCode.SERVICE
        return ExitCode.THREW if outcome.late and outcome.status is Status.OK else EXIT_CODES[outcome.status]
    return outcome.exit_code if isinstance(outcome, Failure) else ExitCode.OK


def as_json(execution: Execution) -> Mapping[str, object]:
    """One snippet as the object that --json prints: status, output, result, error, ms, media and late errors."""
    return {
        "status": str(execution.status),
        "stdout": execution.stdout,
        "stderr": execution.stderr,
        "result": execution.value.data if execution.value else None,
        "error": _error_as_json(execution.error) if execution.error else None,
        "ms": execution.milliseconds,
        "media": [{"mime": one.mime, "data": b64encode(one.data).decode()} for one in execution.media],
        "late": [_error_as_json(error) for error in execution.late],
    }


def _error_as_json(error: Thrown) -> Mapping[str, str]:
    return {"name": error.name, "message": error.message, "stack": without_kernel(error.stack)}


async def _no_editor(text: str) -> str:
    raise UsageError("an editor opens only at the prompt")
