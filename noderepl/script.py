"""Runs without a prompt: -e, -p, -c, FILE and standard input. Data goes to stdout, messages to
stderr.
"""

from __future__ import annotations

import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from noderepl.client.identifier import new_identifier
from noderepl.dispatcher import Dispatcher
from noderepl.display import open_console
from noderepl.errors import ExitCode, LocalFileError, UsageError
from noderepl.javascript.program import Action, Program, Verb
from noderepl.outcome import (
    CUT_VALUE,
    Execution,
    Failure,
    Outcome,
    Output,
    Page,
    Status,
    Thrown,
    Uncaught,
)
from noderepl.sessions.backend import Backend
from noderepl.settings import Settings
from noderepl.terminal.console import Console
from noderepl.terminal.frames import readable

EXIT_CODES = {
    Status.OK: ExitCode.OK,
    Status.ERROR: ExitCode.THREW,
    Status.TIMEOUT: ExitCode.TIMED_OUT,
    Status.INTERRUPTED: ExitCode.INTERRUPTED,
}
# The seconds within which the session must end a snippet after an interrupt; then noderepl exits.
PATIENCE_SECONDS = 3.0
# The seconds within which a reader must accept the rest after a signal.
REST_SECONDS = 2.0
NOT_ENDED = (
    f"The session has not ended the snippet within {PATIENCE_SECONDS:.0f} s; it may still be"
    " running."
)


async def run(
    settings: Settings, actions: Sequence[Action], stdin: bytes | None, backend: Backend
) -> int:
    """Runs actions in the session of a backend. stdin: as for run_script(). Returns the exit code.
    Raises NodeReplError.
    """

    def stop_reading() -> None:
        """Interrupts the running snippet: its output has no reader any more."""
        if dispatcher.executor.is_busy:
            running.cancel()

    console = open_console(settings, at_failure=stop_reading)
    backend.on_retry(
        lambda waiting: console.status(waiting.words) if waiting else console.end_status()
    )
    task = asyncio.current_task()
    assert task is not None
    running = task

    uncaught: list[Uncaught] = []

    def show(outcome: Outcome) -> None:
        """Prints an outcome that does not belong to an action."""
        if isinstance(outcome, Output):
            console.show_output(outcome)
        elif isinstance(outcome, Uncaught):
            uncaught.append(outcome)
            console.show_error(outcome.error)

    shown = None if settings.json else show
    dispatcher = Dispatcher(backend, settings, console, entries=tuple, edit=_no_editor, show=shown)
    try:
        code = await run_actions(settings, actions, dispatcher, console, is_all=True, stdin=stdin)
        if (words := await dispatcher.farewell()) and not settings.quiet:
            console.words(words)
        await console.drained()
        _check(console)
        if console.unwritable is not None:
            return code or ExitCode.UNREAD
        return ExitCode.THREW if uncaught and code == ExitCode.OK else code
    except asyncio.CancelledError:
        if console.unwritable is None:
            raise
        _check(console)
        return ExitCode.UNREAD
    finally:
        await dispatcher.executor.close()
        dispatcher.lifetime.stop_keepalive()
        for trouble in (backend.registry.notice, backend.registry.trouble()):
            if trouble and not settings.quiet:
                console.words(trouble, warning=True)
        if backend.notice and not settings.quiet and sys.stderr.isatty():
            console.words(backend.notice)
        console.close(REST_SECONDS)


async def run_actions(
    settings: Settings,
    actions: Sequence[Action],
    dispatcher: Dispatcher,
    console: Console,
    *,
    is_all: bool = False,
    stdin: bytes | None = None,
) -> int:
    """Runs actions in order up to the first that fails, and prints their outcomes.

    is_all: whether no other actions follow, so that the last one ends as `node` does. stdin: the
    standard input of the programs. Returns the exit code of the last action that ran. Raises
    NodeReplError.
    """
    name = None if stdin is None else await _sent(dispatcher, stdin)
    for number, action in enumerate(actions, 1):
        program = action.program and replace(
            action.program,
            prints=action.verb == "print" and not settings.json,
            is_last=is_all and number == len(actions),
        )
        if program and action.files:
            packed = [[path, b64encode(file).decode()] for path, file in action.files.items()]
            files = await _sent(dispatcher, json.dumps(packed).encode())
            program = replace(program, files=files)
        if program and action.reads_input:
            program, name = replace(program, stdin=name), None
        try:
            outcomes = await _run_one(dispatcher, action, program)
        except asyncio.CancelledError:
            if is_all:
                console.hurry()
                await _end_snippet(settings, dispatcher, console)
            raise
        for outcome in map(partial(_checked, settings, action.verb), outcomes):
            await _print(settings, console, action.verb, outcome)
            if (code := exit_code(outcome)) != ExitCode.OK:
                return code
    return ExitCode.OK


async def _sent(dispatcher: Dispatcher, content: bytes) -> str:
    """Uploads what programs need. Returns the name of its file, "" if it is empty."""
    if not content:
        return ""
    name = f".noderepl-program-{new_identifier()}"
    await (await dispatcher.backend.session()).write(name, content)
    return name


async def _run_one(
    dispatcher: Dispatcher, action: Action, program: Program | None
) -> Sequence[Outcome]:
    if program is None:
        return await dispatcher.run_line(action.text)
    return [await dispatcher.run_snippet(action.text, file=action.name, program=program)]


def _checked(settings: Settings, verb: Verb, outcome: Outcome) -> Outcome:
    """Returns the outcome, or an error if the requested value was too long for an answer."""
    if not (isinstance(outcome, Execution) and outcome.value and outcome.value.is_cut):
        return outcome
    if settings.json:
        return replace(outcome, value=None, notes=(*outcome.notes, CUT_VALUE))
    error = Thrown("RangeError", CUT_VALUE)
    is_asked = verb == "print"
    return replace(outcome, value=None, status=Status.ERROR, error=error) if is_asked else outcome


async def _print(settings: Settings, console: Console, verb: Verb, outcome: Outcome) -> None:
    if settings.json and isinstance(outcome, Execution):
        console.data(json.dumps(as_json(outcome), ensure_ascii=False) + "\n")
    elif isinstance(outcome, Page):
        await console.show_page(outcome)
    elif verb == "command" or not isinstance(outcome, Execution):
        (await console.drawn(outcome))()
    else:
        await console.show_plain(outcome, with_value=verb == "print" and not outcome.has_printed)


async def _end_snippet(settings: Settings, dispatcher: Dispatcher, console: Console) -> None:
    """Interrupts the running snippet, if any, and prints its output; the exit code reports the
    interrupt.
    """
    if not dispatcher.executor.is_busy or dispatcher.backend.is_unsent:
        return
    execution = await dispatcher.executor.interrupted(
        PATIENCE_SECONDS, with_output=console.unwritable is None
    )
    if execution is None:
        console.words(NOT_ENDED, warning=True)
    elif settings.json:
        await _print(settings, console, "eval", execution)
    else:
        await console.show_plain(replace(execution, error=None, notes=()), with_value=False)


def _check(console: Console) -> None:
    """Raises LocalFileError if stdout cannot be written, unless its reader has exited."""
    why = console.unwritable
    if why is not None and not isinstance(why, BrokenPipeError):
        raise LocalFileError(f"standard output cannot be written: {why.strerror}") from why


def exit_code(outcome: Outcome) -> int:
    """Returns the exit code of an outcome."""
    if isinstance(outcome, Execution):
        if outcome.replaced:
            # The snippet ran, but in an empty session: the state of the earlier actions was
            # missing.
            return ExitCode.SERVICE
        if outcome.exit_status is not None and outcome.status in (Status.OK, Status.ERROR):
            return outcome.exit_status & 255 or int(bool(outcome.error or outcome.late))
        return (
            ExitCode.THREW
            if outcome.late and outcome.status is Status.OK
            else EXIT_CODES[outcome.status]
        )
    return outcome.exit_code if isinstance(outcome, Failure) else ExitCode.OK


def as_json(execution: Execution) -> Mapping[str, object]:
    """Returns the object that --json prints for a snippet: status, output, result, error, ms,
    media, late errors and notes; and the value if that is JSON.
    """
    return {
        "status": str(execution.status),
        "stdout": execution.stdout,
        "stderr": execution.stderr,
        "result": execution.value.data if execution.value else None,
        **(_value_as_json(execution.value.json) if execution.value else {}),
        "error": _error_as_json(execution.error) if execution.error else None,
        "ms": execution.milliseconds,
        "media": [
            {"mime": one.mime, "data": b64encode(one.data).decode()} for one in execution.media
        ],
        "late": [_error_as_json(error) for error in execution.late],
        "notes": list(execution.notes),
    }


def _value_as_json(text: str | None) -> Mapping[str, object]:
    if text is None:
        return {}
    from noderepl.schema import Unfit, decode

    try:
        return {"value": decode(text)}
    except Unfit:  # made by a snippet
        return {}


def _error_as_json(error: Thrown) -> Mapping[str, str]:
    return {"name": error.name, "message": error.message, "stack": readable(error.stack)}


async def _no_editor(*_: str) -> str:
    raise UsageError("%edit works only at the prompt")
