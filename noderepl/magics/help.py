"""%help, and the search for a magic by its name. The table of magics is passed as an argument."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from noderepl.errors import UsageError
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome, Table, Text, Words


def named(name: str, magics: Sequence[Magic]) -> Magic:
    """Returns the magic of this name (without its sign). Raises UsageError, which suggests the
    nearest name.
    """
    for magic in magics:
        if magic.name == name:
            return magic
    near = difflib.get_close_matches(
        name.lower(), [magic.name for magic in magics], n=1, cutoff=0.5
    )
    suggestion = f", did you mean %{near[0]}?" if near else ";"
    raise UsageError(f"there is no magic %{name}{suggestion} %help lists them all")


def help_magic(magics: Callable[[], Sequence[Magic]]) -> Magic:
    """Returns %help for these magics. They are requested when %help runs, so that it can be one of
    them.
    """

    async def run(_: Context, arguments: Arguments) -> Sequence[Outcome]:
        name = arguments.optional()
        if name is None:
            rows = tuple((magic.usage, magic.summary) for magic in magics())
            return [Table(("magic", "what it does"), rows), Words("%help NAME shows more.")]
        magic = named(name.lstrip("%."), magics())
        also = f"\nAlso: .{magic.dot}, as in Node's REPL." if magic.dot else ""
        return [Text(f"{magic.usage}\n{magic.summary}\n\n{magic.details}{also}")]

    return Magic(
        name="help",
        usage="%help [NAME]",
        summary="List the magics, or show help for one",
        details="NAME is a magic's name, with or without its %.",
        run=run,
        completes="magic",
        dot="help",
    )
