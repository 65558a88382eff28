"""A list of pools as a table, a list for narrow terminals, or JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from noderepl.errors import ServiceError
from noderepl.outcome import Listing, Outcome, Section, Table, Words

if TYPE_CHECKING:
    from noderepl.azure.management import Found, Management
    from noderepl.azure.resources import Pool

_HEADER = (
    "name",
    "region",
    "egress",
    "cooldown",
    "sessions",
    "state",
    "resource group",
    "subscription",
)
NONE = "There is no NodeLTS pool that the sign-in can see; `noderepl setup` creates one."


async def listed(management: Management) -> tuple[Found, Mapping[str, str]]:
    """Returns all pools, and the names of their subscriptions. Raises ServiceError."""
    found = await management.pools()
    names: dict[str, str] = {}
    if found.pools:
        with suppress(ServiceError):
            names = {one.id.lower(): one.name for one in await management.subscriptions()}
    return found, names


def as_outcomes(
    found: Found, names: Mapping[str, str], *, is_all: bool, columns: int
) -> Sequence[Outcome]:
    """Returns the outcomes that show the pools.

    names: of subscriptions, by id. is_all: whether pools of other container types are shown too,
    with their type. columns: of the terminal, 0 for none; if the table does not fit, each pool has
    lines of its own.
    """
    pools = [pool for pool in found.pools if is_all or pool.is_node]
    warnings = [Words(complaint, warning=True) for complaint in found.complaints]
    if not pools:
        others = len(found.pools)
        more = f" There are {others} of other types; --all shows them." if others else ""
        return [Words(f"{NONE}{more}"), *warnings]
    header = ("name", "type", *_HEADER[1:]) if is_all else _HEADER
    rows = tuple(_row(pool, names, is_all=is_all) for pool in pools)
    widths = [max(map(len, cells)) for cells in zip(header, *rows, strict=True)]
    if 0 < columns < sum(widths) + 2 * (len(widths) - 1):
        sections = tuple(
            Section(row[0], tuple(zip(header[1:], row[1:], strict=True))) for row in rows
        )
        return [Listing(sections), *warnings]
    return [Table(header, rows), *warnings]


def as_json(found: Found, names: Mapping[str, str], *, is_all: bool) -> Sequence[object]:
    """Returns the pools as JSON; as_outcomes() has the parameters."""
    return [
        {
            "name": pool.id.name,
            "id": pool.id.resource,
            "type": pool.kind,
            "location": pool.location,
            "egress": pool.egress,
            "cooldown": pool.cooldown,
            "sessions": pool.sessions,
            "state": pool.state,
            "resourceGroup": pool.id.group,
            "subscription": pool.id.subscription,
            "subscriptionName": names.get(pool.id.subscription.lower(), ""),
            "endpoint": pool.endpoint,
        }
        for pool in found.pools
        if is_all or pool.is_node
    ]


def _row(pool: Pool, names: Mapping[str, str], *, is_all: bool) -> tuple[str, ...]:
    egress = {True: "enabled", False: "disabled", None: "?"}[pool.egress]
    return (
        pool.id.name,
        *([pool.kind or "?"] if is_all else []),
        pool.location,
        egress,
        "?" if pool.cooldown is None else f"{pool.cooldown} s",
        "?" if pool.sessions is None else str(pool.sessions),
        pool.state or "?",
        pool.id.group,
        names.get(pool.id.subscription.lower()) or pool.id.subscription,
    )
