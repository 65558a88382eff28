"""%who: the variables of the session, and the details of one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.magics.measuring import check_prelude, right_aligned
from noderepl.outcome import Execution, Outcome, Status, Table, Text, Value, Words
from noderepl.units import human_size

PROMPT_WIDTH = 80
SHORT = "The value is shown in short: showing it as a result could run code of the session."
LARGE = "The value is shown in short: it has very many parts."
UNKNOWN = (
    "The variables are not known: the session runs a snippet, did not answer, or is in plain mode."
)


async def _who(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    words = arguments.parse(most=2).words
    if words and words[0] == "-d":
        if len(words) != 2:
            raise arguments.wrong("-d needs the name of a variable")
        return await _details(context, words[1])
    if len(words) > 1:
        raise arguments.wrong(f"{words[1]!r} is an extra argument")
    kind = words[0].lower() if words else ""
    variables = await context.runner.variables()
    if variables is None:
        return [Words(UNKNOWN, warning=True)]
    newest = sorted(variables, key=lambda one: one.number, reverse=True)
    found = [one for one in newest if one.kind.lower().startswith(kind)]
    if context.preferences.wants_json:
        return [Text(json.dumps([asdict(one) for one in found], ensure_ascii=False))]
    if found:
        header = ("name", "type", "size", "snippet", "value")
        sizes = right_aligned(["size", *(_size(one.size, one.is_bytes) for one in found)])
        rows = tuple(
            (one.name, one.kind, size, str(one.number or ""), one.value)
            for one, size in zip(found, sizes[1:], strict=True)
        )
        return [Table((*header[:2], sizes[0], *header[3:]), rows)]
    if words and any(one.name == words[0] for one in variables):
        return await _details(context, words[0])
    of_kind = f" of type {words[0]}" if words else ""
    return [Words(f"The session has no variables{of_kind}.")]


def _size(size: int | None, is_bytes: bool) -> str:
    return "" if size is None else human_size(size) if is_bytes else str(size)


async def _details(context: Context, name: str) -> Sequence[Outcome]:
    from noderepl.javascript.reports import Details, read

    await check_prelude(context, "who")
    variables = await context.runner.variables()
    if variables is None:
        return [Words(UNKNOWN, warning=True)]
    number = next((one.number for one in variables if one.name == name), None)
    if number is None:
        raise UsageError(f"the session has no variable {name}; %who lists them")
    size = context.screen.terminal()
    request: dict[str, object] = {
        "name": name,
        "depth": context.preferences.depth,
        "width": size[0] if size else PROMPT_WIDTH,
    }
    found = read(Details, await context.runner.ask("details", request))
    if found is None or not found.is_found:
        raise UsageError(f"the session has no variable {name}; %who lists them")
    source = next((one.code for one in context.state.snippets if one.number == number), None)
    shown = _size(found.size, found.is_bytes)
    if context.preferences.wants_json:
        fields = {"name": name, "kind": found.kind, "size": found.size, "is_bytes": found.is_bytes}
        fields |= {"number": number, "source": source, "value": found.value}
        return [Text(json.dumps(fields, ensure_ascii=False))]
    rows = [("name", name), ("type", found.kind), ("size", shown), ("snippet", str(number))]
    return [
        Table((), tuple(row for row in rows if row[1])),
        *([] if source is None else [Text(source, is_code=True)]),
        Execution(Status.OK, value=Value(found.value or "[Getter]", found.value)),
        *([] if found.is_whole else [Words(LARGE if found.is_large else SHORT)]),
    ]


WHO = Magic(
    name="who",
    group="Look",
    usage="%who [TYPE|NAME|-d NAME]",
    summary="List the session's variables, or show one in detail",
    details=(
        "Newest first, with the type, the size (elements, entries, keys, characters or bytes), the"
        " number of the\nsnippet that made it, and the value. No getter runs. TYPE: only those of"
        " such a type, for example function,\narray or Map. NAME, or -d NAME: one variable with the"
        " source of its snippet and its value."
    ),
    run=_who,
    completes="variable",
    words=("-d", "array", "class", "function", "number", "string"),
)
