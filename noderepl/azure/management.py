"""What noderepl asks of the management plane: subscriptions, the provider, pools, permissions and
the claims of the token. Each method raises ServiceError, NotAuthorised included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any
from urllib.parse import quote

from noderepl.azure.arm import MOST_ITEMS, MOST_PAGES, OPTION, Arm, Reply, open_arm
from noderepl.azure.fields import word
from noderepl.azure.resources import (
    TYPE,
    Claims,
    Grant,
    Pool,
    PoolId,
    Provider,
    Subscription,
    read_claims,
    read_grants,
    read_pool,
    read_provider,
    read_subscription,
)
from noderepl.client.circumstances import printable
from noderepl.client.endpoint import address
from noderepl.errors import BadRequest, Forbidden, MalformedAnswer, NotFound, UnsupportedVersion
from noderepl.lazy_dataclasses import dataclass
from noderepl.settings import Settings

# The api-versions, docs/protocol.md, Management plane. A pool is created with the first version
# that the service supports.
POOL_VERSIONS = ("2025-10-02-preview", "2025-02-02-preview", "2024-10-02-preview")
SUBSCRIPTIONS, PROVIDERS, GROUPS = "2022-12-01", "2024-11-01", "2021-04-01"
AUTHORIZATION, GRAPH = "2022-04-01", "2024-04-01"
_PAGE = 1000
_QUERY = (
    "resources | where type =~ 'microsoft.app/sessionpools'"
    " | project id,name,location,subscriptionId,resourceGroup,properties | order by id asc"
)


@dataclass(frozen=True, slots=True)
class Found:
    """Pools, and sentences about those that could not be listed."""

    pools: tuple[Pool, ...]
    complaints: tuple[str, ...] = ()


class Management:
    """The management plane of one sign-in."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm

    async def claims(self) -> Claims:
        """Returns what the token says of the signed-in account. Raises NoCredential."""
        return read_claims(await self.arm.auth.token())

    async def subscriptions(self) -> tuple[Subscription, ...]:
        """Returns the subscriptions that the account can see."""
        found = await self.arm.pages("/subscriptions", SUBSCRIPTIONS, read_subscription)
        return tuple(one for one in found if one is not None)

    async def subscription(self, identifier: str) -> Subscription:
        """Returns a subscription. identifier: its id."""
        answer = await self.arm.get(_subscription(identifier), SUBSCRIPTIONS)
        return read_subscription(answer) or Subscription(identifier)

    async def provider(self, subscription: str) -> Provider:
        """Returns the state, the regions and the versions of session pools in a subscription."""
        path = f"{_subscription(subscription)}/providers/Microsoft.App"
        return read_provider(await self.arm.get(path, PROVIDERS))

    async def groups(self, subscription: str) -> dict[str, str]:
        """Returns the resource groups of a subscription, with their regions."""
        path = f"{_subscription(subscription)}/resourcegroups"
        found = await self.arm.pages(
            path, GROUPS, lambda one: (word(one, "name"), word(one, "location"))
        )
        return {name: location for name, location in found if name}

    async def pool(self, pool: PoolId) -> Pool:
        """Returns a pool as it is now. Raises MalformedAnswer if the answer is another pool."""
        reply = await self.at_version(lambda version: self.arm.send("GET", pool.resource, version))
        found = read_pool(reply.value)
        if found is None:
            raise self.arm.malformed("a pool has no id")
        if found.id.resource.lower() != pool.resource.lower():
            raise MalformedAnswer(
                f"{address(self.arm.endpoint)} was asked for the pool {printable(pool.resource)}"
                f" and answered with another pool, {printable(found.id.resource)}; check"
                f" {OPTION}, and whether a proxy is in between"
            )
        return found

    async def permissions(self, scope: str) -> tuple[Grant, ...] | None:
        """Returns what the account may do with a resource, None if it may not know. scope: the
        resource id.
        """
        path = f"{scope}/providers/Microsoft.Authorization/permissions"
        try:
            found = await self.arm.pages(path, AUTHORIZATION, lambda one: read_grants([one]))
            return tuple(chain.from_iterable(found))
        except Forbidden:
            return None

    async def pools(self) -> Found:
        """Returns all session pools that the account can see, of any container type."""
        try:
            return await self._graph()
        except (Forbidden, BadRequest, NotFound, UnsupportedVersion):
            return await self.pools_by_subscription()

    async def pools_by_subscription(self) -> Found:
        """Returns as pools() does, without Resource Graph: more slowly, and with new pools."""
        found: list[Pool] = []
        complaints: list[str] = []
        for one in await self.subscriptions():
            path = f"{_subscription(one.id)}/providers/{TYPE}"
            try:
                found += self._pools(await self._listed(path))
            except (Forbidden, BadRequest, NotFound) as error:
                complaints.append(f"Subscription {one.name or one.id} is left out: {error}.")
        return Found(_unique(found), tuple(complaints))

    async def at_version(
        self, send: Callable[[str], Any], versions: Sequence[str] = POOL_VERSIONS
    ) -> Reply:
        """Returns the reply to a request about pools at the first api-version that the service
        supports. send: sends it at a version.
        """
        refused: UnsupportedVersion | None = None
        for version in versions:
            try:
                reply: Reply = await send(version)
                return reply
            except UnsupportedVersion as error:
                refused = refused or error
        assert refused is not None
        raise refused

    async def _graph(self) -> Found:
        """Returns the pools by one query over all subscriptions."""
        found: list[Pool] = []
        token = ""
        for _ in range(MOST_PAGES):
            options: dict[str, object] = {"resultFormat": "objectArray", "$top": _PAGE}
            if token:
                options["$skipToken"] = token
            reply = await self.arm.send(
                "POST",
                "/providers/Microsoft.ResourceGraph/resources",
                GRAPH,
                body={"query": _QUERY, "options": options},
                subject="query",
            )
            found += self._pools([*map(read_pool, self.arm.items(reply.value, "data"))])
            if len(found) > MOST_ITEMS:
                break
            before, token = token, self.arm.next_page(reply.value, "$skipToken")
            if not token or token == before:
                return Found(_unique(found))
        raise MalformedAnswer(f"the list of {address(self.arm.endpoint)} does not end")

    def _pools(self, read: Sequence[Pool | None]) -> Sequence[Pool]:
        """Returns the pools of a list. Raises MalformedAnswer if it has none with an id."""
        found = [pool for pool in read if pool is not None]
        if read and not found:
            raise self.arm.malformed("its list of pools has none with an id")
        return found

    async def _listed(self, path: str) -> Sequence[Pool | None]:
        refused: UnsupportedVersion | None = None
        for version in POOL_VERSIONS:
            try:
                return await self.arm.pages(path, version, read_pool)
            except UnsupportedVersion as error:
                refused = refused or error
        assert refused is not None
        raise refused


def open_management(settings: Settings, **more: Any) -> Management:
    """Returns the management plane that the settings describe. more: as for open_arm. Raises
    UsageError.
    """
    with settings.blame("arm-endpoint"):
        return Management(
            open_arm(settings.arm_endpoint, settings.arm_scope, tenant=settings.tenant, **more)
        )


def _subscription(identifier: str) -> str:
    return f"/subscriptions/{quote(identifier, safe='')}"


def _unique(pools: Sequence[Pool]) -> tuple[Pool, ...]:
    """Returns the pools without repetitions: Azure does not distinguish case in ids."""
    return tuple({pool.id.resource.lower(): pool for pool in pools}.values())
