"""Running without a prompt: -e, -p, -c, FILE and standard input, with data on stdout and words on stderr."""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

from noderepl.backend import Backend, with_backend
from noderepl.dispatch import Dispatcher, open_console, sessions_directory
from noderepl.errors import ExitCode, UsageError
from noderepl.outcome import Execution, Failure, Outcome, Status, Thrown
from noderepl.settings import Settings
from noderepl.terminal.console import Console
from noderepl.terminal.frames import without_kernel

Verb = Literal["eval", "print", "command", "file"]
EXIT_CODES = {Status.OK: ExitCode.OK, Status.ERROR: ExitCode.THREW, Status.TIMEOUT: ExitCode.TIMED_OUT}


def run_script(settings: Settings, actions: Sequence[tuple[Verb, str]]) -> int:
    """Runs actions in one session. Returns the exit code. Raises NodeReplError."""
    state = sessions_directory() if settings.keep or settings.resume else None
    return with_backend(settings, partial(_run, settings, actions), state=state)


async def _run(settings: Settings, actions: Sequence[tuple[Verb, str]], backend: Backend) -> int:
    backend.start()
    console = open_console(settings)
    dispatcher = Dispatcher(backend, settings, console, entries=tuple, edit=_no_editor)
    try:
        return await run_actions(settings, actions, dispatcher, console)
    finally:
        dispatcher.lifetime.let_go()
        for trouble in (backend.owned.notice, backend.owned.trouble()):
            if trouble and not settings.quiet:
                console.words(trouble, warning=True)
        if backend.notice and not settings.quiet and sys.stderr.isatty():
            console.words(backend.notice)


async def run_actions(
    settings: Settings, actions: Sequence[tuple[Verb, str]], dispatcher: Dispatcher, console: Console
) -> int:
    """Runs actions in order up to the first that fails, and prints what each gives.

    actions: pairs of how and the text. Returns the exit code of the last one run. Raises NodeReplError.
    """
    for verb, text in actions:
        outcomes = await (dispatcher.run_line(text) if verb == "command" else _run_one(dispatcher, text))
        for outcome in outcomes:
            if settings.json and isinstance(outcome, Execution):
                console.data(json.dumps(as_json(outcome), ensure_ascii=False) + "\n")
            elif verb == "command" or not isinstance(outcome, Execution):
                console.show(outcome)
            else:
                console.show_plain(outcome, with_value=verb == "print")
            if (code := exit_code(outcome)) != ExitCode.OK:
                return code
    return ExitCode.OK


async def _run_one(dispatcher: Dispatcher, code: str) -> Sequence[Outcome]:
    return [await dispatcher.run_snippet(code)]


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
