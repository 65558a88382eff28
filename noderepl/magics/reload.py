"""%reload: makes the next require() and import of a module load it anew.

It sends nothing itself: the session's prelude knows what is loaded (javascript/prelude/reload.js).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from noderepl.errors import ExitCode, UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Execution, Failure, Outcome, Status, Words
from noderepl.sessions.journal import listed


def reload_snippet(name: str) -> str:
    """Returns the JavaScript that forgets a module; its value is the names of what is loaded anew,
    a line each, or an empty text.
    """
    from noderepl.javascript.prelude import global_name

    return f"{global_name()}.reload({json.dumps(name)})"


def reloaded(name: str, execution: Execution) -> Outcome:
    """Returns the outcome of a reload snippet in words; a Failure if the module was not loaded."""
    data = execution.value.data if execution.value else None
    if not isinstance(data, str) or not data:
        return Failure(f"{name} is not a module that this session has loaded", ExitCode.THREW)
    module, *users = data.split("\n")
    also = f", and so are the files that require it: {listed(users)}" if users else ""
    return Words(
        f"{module} is loaded anew by the next require() or import{also}. Names that are bound to"
        " the old one keep it."
    )


async def _reload(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    if context.preferences.mode == "plain":
        raise UsageError("%reload needs %mode full")
    outcomes: list[Outcome] = []
    for name in arguments.parse(least=1).words:
        execution = await context.runner.execute(reload_snippet(name))
        if execution.status is not Status.OK:
            return [*outcomes, execution]
        outcomes.append(reloaded(name, execution))
        if isinstance(outcomes[-1], Failure):
            break
    return outcomes


RELOAD = Magic(
    name="reload",
    group="Session",
    usage="%reload MODULE…",
    summary="Load a module anew at its next require() or import",
    details=(
        "MODULE is the name of a package or the path of a file in the session, as in"
        " require() or import.\nFiles that require it are loaded anew too."
    ),
    run=_reload,
    completes="module",
)
