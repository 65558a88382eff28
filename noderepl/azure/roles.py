"""The role that runs code in a pool: whether the account has it, and its assignment."""

from __future__ import annotations

import shlex
import uuid
from datetime import UTC, datetime, timedelta

from noderepl.azure.fields import word
from noderepl.azure.management import AUTHORIZATION, Management
from noderepl.azure.resources import Claims, PoolId, may_assign, may_execute
from noderepl.errors import BadRequest, ServiceError
from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import moment

ROLE = "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0"
"""The id of the role Azure ContainerApps Session Executor."""
PROPAGATION = timedelta(minutes=10)
"""The time within which a role assignment takes effect."""
_EXISTS = "RoleAssignmentExists"


@dataclass(frozen=True, slots=True)
class Access:
    """What the account may do with a pool. executes: whether it may run code; assigns: whether it
    may assign roles. None: the account may not know.
    """

    executes: bool | None
    assigns: bool | None


async def access_to(management: Management, pool: PoolId) -> Access:
    """Returns what the account may do with a pool. Raises ServiceError."""
    grants = await management.permissions(pool.resource)
    if grants is None:
        return Access(None, None)
    return Access(may_execute(grants), may_assign(grants))


def assignment_name(pool: PoolId, principal: str) -> str:
    """Returns the name of the assignment: the same for the same pool and principal, so that a
    second one changes nothing.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{pool.resource} {principal} {ROLE}".lower()))


def assignment_line(pool: PoolId, claims: Claims) -> str:
    """Returns the line for `az` that assigns the role to the account."""
    principal = shlex.quote(claims.principal or "OBJECT_ID")
    kind = "ServicePrincipal" if claims.is_app else "User"
    return (
        f"az role assignment create --role {ROLE} --assignee-object-id {principal}"
        f" --assignee-principal-type {kind} --scope {shlex.quote(pool.resource)}"
    )


async def is_new_assignment(management: Management, pool: PoolId, claims: Claims) -> bool:
    """Returns whether setup has assigned the role to the account within the last ten minutes, so
    that it may not have taken effect yet.
    """
    try:
        answer = await management.arm.get(_path(pool, claims), AUTHORIZATION)
    except ServiceError:
        return False
    created = moment(word(answer, "properties", "createdOn"))
    return created is not None and datetime.now(UTC) - created < PROPAGATION


async def assign(management: Management, pool: PoolId, claims: Claims) -> bool:
    """Assigns the role to the signed-in account. Returns whether it is a new assignment. Raises
    ServiceError; Forbidden if the account must not assign roles.
    """
    if not claims.principal:
        raise BadRequest(
            "the token does not say which account is signed in (claim oid), so the role cannot be"
            " assigned from here"
        )
    scope = pool.resource
    definition = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{ROLE}"
    properties = {
        "roleDefinitionId": definition,
        "principalId": claims.principal,
        "principalType": "ServicePrincipal" if claims.is_app else "User",
    }
    body = {"properties": properties}
    try:
        await management.arm.send("PUT", _path(pool, claims), AUTHORIZATION, body=body)
    except BadRequest as error:
        if error.code != _EXISTS:
            raise
        return False
    return True


def _path(pool: PoolId, claims: Claims) -> str:
    name = assignment_name(pool, claims.principal)
    return f"{pool.resource}/providers/Microsoft.Authorization/roleAssignments/{name}"
