"""%pools: lists the session pools on Azure that the account can see."""

from __future__ import annotations

from collections.abc import Sequence

from noderepl.magics.arguments import Arguments
from noderepl.magics.context import Context
from noderepl.magics.magic import Magic
from noderepl.outcome import Outcome


async def _pools(context: Context, arguments: Arguments) -> Sequence[Outcome]:
    given = arguments.parse(most=0, flags=("all",))
    # It asks Azure, which few runs do.
    from noderepl.azure.management import open_management
    from noderepl.azure.pool_list import as_outcomes, listed

    management = open_management(context.settings, on_wait=context.screen.step)
    try:
        context.screen.step("asking Azure for pools")
        found, names = await listed(management)
    finally:
        await management.arm.aclose()
    columns, _ = context.screen.terminal() or (0, 0)
    return as_outcomes(found, names, is_all="all" in given.flags, columns=columns)


POOLS = Magic(
    name="pools",
    group="Session",
    usage="%pools [--all]",
    summary="List the session pools on Azure that you can see",
    details=(
        "Lists the NodeLTS pools of all subscriptions of the signed-in account, and pools of other"
        " types\nwith --all. `noderepl --pool NAME` starts on one; `noderepl setup` creates one."
    ),
    run=_pools,
    completes="word",
    words=("--all",),
)
