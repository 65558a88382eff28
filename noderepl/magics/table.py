"""%table: the value of a snippet as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from noderepl.errors import UsageError
from noderepl.javascript.prelude_request import Table
from noderepl.lazy_patterns import lazy_pattern
from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome

_ALL = lazy_pattern(r"--all(?!\S)\s*")
_NAMES = lazy_pattern(r"(?:^|\s)--((?:\s+[\w$.@/-]+)+)\Z")


async def _table(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    if context.preferences.mode == "plain" or context.state.is_unable:
        raise UsageError("%table works only in full mode, in a session that can run the prelude")
    text, names = arguments.text, None
    if is_all := _ALL.match(text):
        text = text[is_all.end() :]
    if found := _NAMES.search(text, max(text.rfind("--") - 1, 0)):
        text, names = text[: found.start()].rstrip(), tuple(found[1].split())
    table = Table(all=is_all is not None, names=names)
    execution = await context.runner.run_snippet(text or "_", table=table)
    value = execution.value and replace(execution.value, is_table=True)
    return [replace(execution, value=value)]


TABLE = Magic(
    name="table",
    group="Look",
    usage="%table [--all] [SNIPPET] [-- COLUMN…]",
    summary="Run a snippet and show its value as a table",
    details=(
        "Without SNIPPET, shows the last value. The table fits the terminal; it shows 20 rows, and"
        " all with --all.\nCOLUMN: only these columns, in this order."
    ),
    run=_table,
)
