"""%who: the variables of the session."""

from __future__ import annotations

from collections.abc import Sequence

from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome, Table, Words

UNKNOWN = (
    "The variables are not known: the session runs a snippet, did not answer, or is in plain mode."
)


async def _who(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    words = arguments.parse(most=1).words
    kind = words[0].lower() if words else ""
    variables = await context.runner.variables()
    if variables is None:
        return [Words(UNKNOWN, warning=True)]
    found = sorted(variables, key=lambda one: one.number, reverse=True)
    rows = [
        (one.name, one.kind, str(one.number or ""), one.value)
        for one in found
        if one.kind.lower().startswith(kind)
    ]
    if rows:
        return [Table(("name", "type", "snippet", "value"), tuple(rows))]
    of_kind = f" of type {words[0]}" if words else ""
    return [Words(f"The session has no variables{of_kind}.")]


WHO = Magic(
    name="who",
    group="Look",
    usage="%who [TYPE]",
    summary="List the session's variables",
    details=(
        "Newest first, with the type, the number of the snippet that made it, and the value. No"
        " getter runs.\nTYPE: only those whose type begins so, such as function, array or Map."
    ),
    run=_who,
    completes="word",
    words=("array", "class", "function", "number", "string"),
)
