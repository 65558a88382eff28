"""%reset: removes variables of the session."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from noderepl.errors import ExitCode, UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.magics.measuring import check_prelude
from noderepl.outcome import Failure, Outcome, Prefill, Text, Words
from noderepl.sessions.journal import Reset, listed


async def _reset(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(flags=("yes",))
    await check_prelude(context, "reset")
    if not given.words and "yes" not in given.flags:
        variables = await context.runner.variables()
        names = [one.name for one in variables or ()]
        counted = "all variables" if variables is None else _counted(names) if names else ""
        what = f"{counted} and all results" if counted else "all results"
        ask = f"This removes {what} of the session"
        if not context.screen.is_prompt:
            raise UsageError(f"{ask}; %reset --yes does so")
        return [Words(f"{ask}. Press Enter to do so.", warning=True), Prefill("%reset --yes")]
    return await run_reset(context, given.words)


async def run_reset(context: Context, names: Sequence[str]) -> Sequence[Outcome]:
    """Removes the variables with these names, or all of them and the results if there is none;
    records it in the journal. Raises NodeReplError.
    """
    from noderepl.javascript.reports import Removed, read

    names = tuple(dict.fromkeys(names))
    found = read(Removed, await context.runner.ask("reset", {"names": list(names) or None}))
    if found is None:
        raise UsageError("the session has not reported what it has removed")
    state, gone = context.state, {*found.removed, *found.emptied}
    state.names = tuple(name for name in state.names if name not in gone)
    if gone or not names:
        state.journal.add(Reset(tuple(name for name in names if name in gone)))
    if not names:
        state.numbers.clear()
    missing = Failure(f"the session has no variable {listed(found.missing)}", ExitCode.USAGE)
    if context.preferences.wants_json:
        return [
            Text(json.dumps(asdict(found), ensure_ascii=False)),
            *[missing][: len(found.missing)],
        ]
    outcomes: list[Outcome] = []
    results = f"{found.results} result{'s' if found.results != 1 else ''}" if found.results else ""
    if removed := listed([*found.removed, *filter(None, [results])]):
        outcomes.append(Words(f"Removed {removed}."))
    if found.emptied:
        outcomes.append(Words(_emptied(found.emptied)))
    if found.missing:
        outcomes.append(missing)
    return outcomes or [Words("The session has no variables.")]


def _emptied(names: Sequence[str]) -> str:
    is_one = len(names) == 1
    return (
        f"Set {listed(names)} to undefined: JavaScript cannot remove a name that let, const, class"
        f" or function has declared. {'It' if is_one else 'They'} can be declared again."
    )


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} variables" if len(names) != 1 else f"the variable {names[0]}"


RESET = Magic(
    name="reset",
    group="Session",
    usage="%reset [NAME…] [--yes]",
    summary="Remove variables of the session",
    details=(
        "Removes the variables with these names; without names, all variables and results, after a"
        " question that\n--yes answers. A name of let, const, class or function cannot be removed:"
        " its value is then undefined."
    ),
    run=_reset,
    completes="variable",
    words=("--yes",),
)
