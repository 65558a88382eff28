"""--pool: a name, a resource id or an endpoint -> the endpoint of the pool, which is remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.azure.remembered import recall, remember
from noderepl.azure.resources import UNUSABLE, PoolId, pool_id
from noderepl.client.endpoint import base_url, check_token_may_go
from noderepl.errors import MalformedAnswer, NodeReplError, NotFound, ServiceFailed, UsageError
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.azure.management import Management
    from noderepl.azure.resources import Pool


def known_endpoint(settings: Settings, state: Path | None) -> str | None:
    """Returns the endpoint of --pool if no request is needed for it: it is one, or it is
    remembered. state: the directory of noderepl's own files. Raises UsageError.
    """
    assert settings.pool is not None
    if "://" in settings.pool and "/providers/" not in settings.pool.lower():
        with settings.blame("pool"):
            return base_url(settings.pool)
    return recall(state, key_of(settings, settings.pool or ""))


async def found_endpoint(
    settings: Settings,
    state: Path | None,
    management: Management,
    complain: Callable[[str], None] = lambda _: None,
) -> str:
    """Returns the endpoint of --pool after it has been looked up, and remembers it. complain: as
    for find_pool. Raises NodeReplError.
    """
    assert settings.pool is not None
    with settings.blame("pool"):
        endpoint = usable_endpoint(await find_pool(settings.pool, management, complain))
    remember(state, key_of(settings, settings.pool or ""), endpoint)
    return endpoint


async def found_again(settings: Settings, state: Path | None) -> str | None:
    """Returns the present endpoint of --pool, whose remembered one has no pool any more; None if
    Azure does not tell. Raises NotFound if there is no such pool.
    """
    from noderepl.azure.management import open_management

    remember(state, key_of(settings, settings.pool or ""), None)
    management = open_management(settings)
    try:
        return await found_endpoint(settings, state, management)
    except NotFound:
        raise
    except NodeReplError:
        return None
    finally:
        await management.arm.aclose()


async def find_pool(
    pool: str, management: Management, complain: Callable[[str], None] = lambda _: None
) -> Pool:
    """Returns a pool. pool: its name or resource id. complain: called with a sentence for each
    subscription that could not be searched, where another pool may have the same name. Raises
    UsageError, NotFound, ServiceError.
    """
    identity = pool_id(pool)
    if identity is None:
        if "/" in pool:
            raise UsageError(
                "the pool is a name, a resource id (/subscriptions/…/sessionPools/NAME) or an"
                " endpoint (https://…)"
            )
        found = await management.pools()
        if not any(one.id.name.lower() == pool.lower() for one in found.pools):
            # A new pool is missing in Resource Graph for a while.
            found = await management.pools_by_subscription()
        listed = one_named(pool, found.pools, found.complaints)
        for complaint in found.complaints:
            complain(complaint)
        if listed.endpoint and listed.state:
            return listed
        identity = listed.id
    return await management.pool(identity)


def one_named(name: str, pools: tuple[Pool, ...], complaints: tuple[str, ...] = ()) -> Pool:
    """Returns the pool of this name. Raises UsageError if there are several, NotFound if there is
    none.
    """
    named = [pool for pool in pools if pool.id.name.lower() == name.lower()]
    if len(named) == 1:
        return named[0]
    if named:
        listed = ", ".join(pool.id.resource for pool in named[:10])
        raise UsageError(
            f"{len(named)} pools have the name {name}; give --pool the resource id of one: {listed}"
        )
    near = get_close_matches(name, [pool.id.name for pool in pools if pool.is_node], n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    left_out = " ".join(("", *complaints))
    raise NotFound(
        f"no pool has the name {name}; {hint}`noderepl pools` lists those that the sign-in can see,"
        f" and --tenant selects another tenant{'.' if left_out else ''}{left_out.rstrip('.')}"
    )


def usable_endpoint(pool: Pool) -> str:
    """Returns the endpoint of a pool that can run JavaScript. Raises UsageError if it cannot,
    ServiceFailed, MalformedAnswer.
    """
    name = pool.id.name
    if pool.kind and not pool.is_node:
        raise UsageError(
            f"the sessions of the pool {name} are of the type {pool.kind}; noderepl needs NodeLTS,"
            " and `noderepl setup` creates such a pool"
        )
    if pool.state.lower() in UNUSABLE:
        raise ServiceFailed(
            f"the pool {name} is in the state {pool.state}: delete it with `noderepl pool delete"
            f" {name}`, and create it again with `noderepl setup`"
        )
    if not pool.endpoint and not pool.has_invalid_endpoint:
        raise MalformedAnswer(
            f"the pool {name} has no endpoint yet (state: {pool.state or 'unknown'}); try again in"
            " a minute"
        )
    try:
        endpoint = base_url(pool.endpoint)
        check_token_may_go(endpoint)
        return endpoint
    except UsageError as error:
        raise MalformedAnswer(f"Azure reports an invalid endpoint of the pool {name}") from error


def at_endpoint(settings: Settings, endpoint: str) -> Settings:
    """Returns the settings with the endpoint of their pool."""

    def reread() -> Settings:
        fresh = settings.reread()
        is_same = key_of(fresh, fresh.pool or "") == key_of(settings, settings.pool or "")
        return at_endpoint(fresh, endpoint) if is_same else fresh

    places = {**settings.places, "endpoint": f"pool, {settings.places.get('pool', '')}"}
    return replace(settings, endpoint=endpoint, places=places, reread=reread)


def identity(settings: Settings) -> PoolId | None:
    """Returns the pool that --pool or --endpoint names by its path, None if that is not known."""
    return pool_id(settings.endpoint or settings.pool or "")


def key_of(settings: Settings, pool: str) -> str:
    """Returns the key of a pool that is remembered: a name may mean another pool for another
    sign-in. pool: as for --pool.
    """
    return " ".join((pool.lower(), settings.arm_endpoint, settings.tenant or "")).strip()
