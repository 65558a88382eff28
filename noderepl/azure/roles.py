"""The role that runs code in a pool: whether the account has it, and its assignment."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from noderepl.azure.management import AUTHORIZATION, Management
from noderepl.azure.resources import Claims, PoolId, may_assign, may_execute
from noderepl.errors import BadRequest

ROLE = "0fb8eba5-a2bb-4abe-b1c1-49dfad359bb0"
"""The id of the role Azure ContainerApps Session Executor."""
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
    principal = claims.principal or "OBJECT_ID"
    kind = "ServicePrincipal" if claims.is_app else "User"
    return (
        f"az role assignment create --role {ROLE} --assignee-object-id {principal}"
        f" --assignee-principal-type {kind} --scope {pool.resource}"
    )


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
    name = assignment_name(pool, claims.principal)
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    try:
        await management.arm.send("PUT", path, AUTHORIZATION, body={"properties": properties})
    except BadRequest as error:
        if error.code != _EXISTS:
            raise
        return False
    return True
