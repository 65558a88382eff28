"""The creation of a pool as steps, each with the line for `az` that does the same.

A step that is done already is not among them, so that a second run goes on where the first ended.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from urllib.parse import quote

from noderepl.azure.arm import OPERATION_SECONDS, POLL_SECONDS
from noderepl.azure.management import GROUPS, POOL_VERSIONS, PROVIDERS, Management
from noderepl.azure.resources import NODE, UNUSABLE, PoolId, Provider
from noderepl.errors import ServiceError, ServiceFailed
from noderepl.lazy_dataclasses import dataclass

NAME = re.compile(r"[a-z][a-z0-9-]{1,61}[a-z0-9]")
NAME_RULE = "3 to 63 small letters, digits and hyphens, beginning with a letter"
GROUP = re.compile(r"[-\w.()]{0,89}[-\w()]")
GROUP_RULE = "up to 90 letters, digits, hyphens, periods and parentheses"
COOLDOWN_RANGE, SESSIONS_RANGE = (300, 3600), (1, 600)
COOLDOWN, SESSIONS = 300, 10
_LIFECYCLE_SINCE = "2025-02-02-preview"


class CreationFailed(ServiceFailed):
    """Azure accepted the creation of a pool, could not finish it, and left the pool in a state in
    which it cannot be used. left: says so, and what to do, as a sentence.
    """

    def __init__(self, message: str, left: str) -> None:
        super().__init__(message)
        self.left = left


@dataclass(frozen=True, slots=True)
class Step:
    """One step. title: what it does. line: the equivalent line for a shell. done: what exists after
    it, as a sentence. run: does it; raises ServiceError.
    """

    title: str
    line: str
    done: str
    run: Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class NewPool:
    """A pool that does not exist yet. location: as of the provider. cooldown: seconds. sessions: at
    the same time.
    """

    id: PoolId
    location: str
    egress: bool
    cooldown: int = COOLDOWN
    sessions: int = SESSIONS


def location_name(location: str) -> str:
    """Returns the name of a region from its display name: westus2 for West US 2."""
    return re.sub(r"[^a-z0-9]", "", location.lower())


def creation_steps(
    management: Management, new: NewPool, provider: Provider, groups: Mapping[str, str]
) -> Sequence[Step]:
    """Returns the steps that create a pool. groups: the resource groups that exist."""
    subscription, group = new.id.subscription, new.id.group
    at, region = f"--subscription {shlex.quote(subscription)}", location_name(new.location)
    steps: list[Step] = []
    if not provider.is_registered:
        steps.append(
            Step(
                "Register Microsoft.App in the subscription",
                f"az provider register -n Microsoft.App {at}",
                "Microsoft.App is registered.",
                partial(_register, management, subscription),
            )
        )
    if group.lower() not in map(str.lower, groups):
        steps.append(
            Step(
                f"Create the resource group {group}",
                f"az group create -n {shlex.quote(group)} -l {region} {at}",
                f"The resource group {group} exists.",
                partial(_create_group, management, new.id, region),
            )
        )
    status = "EgressEnabled" if new.egress else "EgressDisabled"
    line = (
        f"az containerapp sessionpool create -n {new.id.name} -g {shlex.quote(group)} -l {region}"
        f" --container-type {NODE} --max-sessions {new.sessions} --cooldown-period {new.cooldown}"
        f" --network-status {status} {at}"
    )
    done = f"The pool {new.id.name} exists in the resource group {group}."
    create = partial(_create_pool, management, new, provider.versions)
    return [*steps, Step(f"Create the pool {new.id.name}", line, done, create)]


async def delete_pool(
    management: Management, pool: PoolId, on_accepted: Callable[[], object] = lambda: None
) -> None:
    """Deletes a pool, and waits until it is gone. on_accepted: called when Azure has accepted the
    request. Raises ServiceError.
    """
    version = ""

    async def send(this: str) -> object:
        nonlocal version
        version = this
        return await management.arm.send("DELETE", pool.resource, this)

    reply = await management.at_version(send)
    on_accepted()
    if reply.status != 204:
        await management.arm.finish(reply, pool.resource, version, is_deleted=True)


async def _register(management: Management, subscription: str) -> None:
    arm = management.arm
    path = f"/subscriptions/{quote(subscription, safe='')}/providers/Microsoft.App/register"
    await arm.send("POST", path, PROVIDERS)
    end = arm.clock.now() + OPERATION_SECONDS
    while not (await management.provider(subscription)).is_registered:
        if arm.clock.now() > end:
            raise ServiceFailed("Azure has not registered Microsoft.App within 15 min; try again")
        await arm.wait(2 * POLL_SECONDS, "Azure registers Microsoft.App")


async def _create_group(management: Management, pool: PoolId, region: str) -> None:
    path = "/".join(pool.resource.split("/")[:5]).replace("/resourceGroups/", "/resourcegroups/")
    await management.arm.send("PUT", path, GROUPS, body={"location": region})


async def _create_pool(management: Management, new: NewPool, supported: Sequence[str]) -> None:
    versions = [one for one in POOL_VERSIONS if one in supported] or POOL_VERSIONS
    version = ""

    async def send(this: str) -> object:
        nonlocal version
        version = this
        return await management.arm.send("PUT", new.id.resource, this, body=_body(new, this))

    reply = await management.at_version(send, versions)
    try:
        await management.arm.finish(reply, new.id.resource, version)
    except ServiceFailed as error:
        if left := await _left_by_failure(management, new.id):
            raise CreationFailed(str(error), left) from error
        raise


async def _left_by_failure(management: Management, pool: PoolId) -> str:
    """Returns what a failed creation left of a pool, "" for nothing or if that is not known."""
    with suppress(ServiceError):
        state = (await management.pool(pool)).state
        if state.lower() in UNUSABLE:
            return (
                f"The pool {pool.name} exists in the state {state} and cannot be used: delete it"
                f" first, with `noderepl pool delete {shlex.quote(pool.resource)}`."
            )
    return ""


def _body(new: NewPool, version: str) -> Mapping[str, object]:
    """Returns the body that creates a pool (docs/protocol.md, Management plane)."""
    life: Mapping[str, object] = {
        "lifecycleConfiguration": {
            "lifecycleType": "Timed",
            "cooldownPeriodInSeconds": new.cooldown,
        }
    }
    if version < _LIFECYCLE_SINCE:
        life = {"executionType": "Timed", "cooldownPeriodInSeconds": new.cooldown}
    status = "EgressEnabled" if new.egress else "EgressDisabled"
    return {
        "location": location_name(new.location),
        "properties": {
            "poolManagementType": "Dynamic",
            "containerType": NODE,
            "scaleConfiguration": {"maxConcurrentSessions": new.sessions},
            "dynamicPoolConfiguration": life,
            "sessionNetworkConfiguration": {"status": status},
        },
    }
