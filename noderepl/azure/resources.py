"""The resources of the management plane as frozen dataclasses, read from its JSON. This module does
no I/O.

An optional field of another type counts as missing; both forms of a pool's life cycle are read
(docs/protocol.md, Management plane).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from urllib.parse import quote, unquote, urlsplit

from noderepl.azure.fields import at, count, items, word, words
from noderepl.lazy_dataclasses import dataclass
from noderepl.schema import decode

TYPE = "Microsoft.App/sessionPools"
NODE = "NodeLTS"
# The provisioning states, in small letters, of a pool that cannot be used and will not be usable.
UNUSABLE = ("failed", "canceled", "deleting")
EXECUTE = f"{TYPE}/executions/action"
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
_SEGMENT = r"[^/?#\\\s\x00-\x1f\x7f]{1,260}"
_RESOURCE = re.compile(
    rf"/subscriptions/({_SEGMENT})/resourceGroups/({_SEGMENT})(?:/providers/Microsoft\.App)?"
    rf"/sessionPools/({_SEGMENT})",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PoolId:
    """The identity of a pool. subscription: its id."""

    subscription: str
    group: str
    name: str

    @property
    def resource(self) -> str:
        """The resource id, which is also the path of the pool in the management plane."""
        parts = (self.subscription, self.group, self.name)
        subscription, group, name = (quote(part, safe="()") for part in parts)
        return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{TYPE}/{name}"


def pool_id(text: str) -> PoolId | None:
    """Returns the pool of a resource id or of a pool management endpoint; None for another text."""
    path = urlsplit(text).path if "://" in text else text
    found = _RESOURCE.fullmatch(path.rstrip("/"))
    parts = [unquote(part) for part in found.groups()] if found else []
    return PoolId(*parts) if parts and all(map(str.isprintable, parts)) else None


@dataclass(frozen=True, slots=True)
class Pool:
    """A session pool.

    kind: its container type, such as NodeLTS. state: its provisioning state. endpoint: its pool
    management endpoint, "" if it is not known. has_invalid_endpoint: whether Azure reports an
    endpoint that cannot be read. egress: whether sessions reach the network.
    cooldown: seconds. sessions: the maximum of concurrent sessions. All may be "" or None.
    """

    id: PoolId
    location: str = ""
    kind: str = ""
    state: str = ""
    endpoint: str = ""
    has_invalid_endpoint: bool = False
    egress: bool | None = None
    cooldown: int | None = None
    sessions: int | None = None

    @property
    def is_node(self) -> bool:
        """Whether its sessions run Node.js."""
        return self.kind.lower() == NODE.lower()


def read_pool(answer: object) -> Pool | None:
    """Returns the pool of a resource, None if it has no valid id."""
    found = pool_id(word(answer, "id"))
    if found is None:
        return None
    properties = at(answer, "properties")
    life = at(properties, "dynamicPoolConfiguration")
    cooldown = count(life, "lifecycleConfiguration", "cooldownPeriodInSeconds")
    egress = word(properties, "sessionNetworkConfiguration", "status").lower()
    endpoint = word(properties, "poolManagementEndpoint")
    return Pool(
        found,
        location=word(answer, "location"),
        kind=word(properties, "containerType"),
        state=word(properties, "provisioningState"),
        endpoint=endpoint,
        has_invalid_endpoint=not endpoint and bool(at(properties, "poolManagementEndpoint")),
        egress={"egressenabled": True, "egressdisabled": False}.get(egress),
        cooldown=count(life, "cooldownPeriodInSeconds") if cooldown is None else cooldown,
        sessions=count(properties, "scaleConfiguration", "maxConcurrentSessions"),
    )


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription. state: such as Enabled. tenant: the id of its tenant. All may be "" but the
    id.
    """

    id: str
    name: str = ""
    state: str = ""
    tenant: str = ""


def read_subscription(answer: object) -> Subscription | None:
    """Returns a subscription, None if it has no valid id."""
    found = word(answer, "subscriptionId")
    if not re.fullmatch(_SEGMENT, found):
        return None
    name, state = word(answer, "displayName"), word(answer, "state")
    return Subscription(found, name, state, word(answer, "tenantId"))


@dataclass(frozen=True, slots=True)
class Provider:
    """Microsoft.App in a subscription. state: such as Registered. locations: the display names of
    the regions with session pools. versions: the api-versions of session pools.
    """

    state: str
    locations: tuple[str, ...]
    versions: tuple[str, ...]

    @property
    def is_registered(self) -> bool:
        """Whether the subscription can have session pools."""
        return self.state.lower() == "registered"


def read_provider(answer: object) -> Provider:
    """Returns the provider; its fields are empty where the answer has none."""
    for kind in items(answer, "resourceTypes"):
        if word(kind, "resourceType").lower() == "sessionpools":
            locations, versions = words(kind, "locations"), words(kind, "apiVersions")
            return Provider(word(answer, "registrationState"), locations, versions)
    return Provider(word(answer, "registrationState"), (), ())


@dataclass(frozen=True, slots=True)
class Grant:
    """What one role allows on a resource, with `*` for any text."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    not_data_actions: tuple[str, ...]


def read_grants(values: Iterable[object]) -> tuple[Grant, ...]:
    """Returns the grants of a list of permissions."""
    names = ("actions", "notActions", "dataActions", "notDataActions")
    return tuple(Grant(*(words(value, name) for name in names)) for value in values)


def may_execute(grants: Iterable[Grant]) -> bool:
    """Returns whether a grant allows the execution of code in the pool's sessions."""
    return any(
        _covers(one.data_actions, EXECUTE) and not _covers(one.not_data_actions, EXECUTE)
        for one in grants
    )


def may_assign(grants: Iterable[Grant]) -> bool:
    """Returns whether a grant allows the assignment of roles."""
    return any(
        _covers(one.actions, ASSIGN) and not _covers(one.not_actions, ASSIGN) for one in grants
    )


def _covers(patterns: Iterable[str], action: str) -> bool:
    return any(
        # Only `*` is special.
        fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]").replace("?", "[?]"))
        for pattern in patterns
        if pattern.count("*") <= 8
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of its owner; no claim is certain to be there.

    tenant: the id of the tenant. principal: the object id. is_app: whether the principal is an
    application. audience: for whom the token is. expires: seconds since 1970, None if unknown.
    """

    tenant: str = ""
    principal: str = ""
    is_app: bool = False
    audience: str = ""
    name: str = ""
    expires: int | None = None


def read_claims(token: str) -> Claims:
    """Returns the claims of an access token; empty ones for a token that is not a JWT. The
    signature is not verified: the claims are for messages and for requests of its owner.
    """
    parts = token.split(".")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        payload = decode(base64.b64decode(padded, altchars=b"-_", validate=True), 10_000)
    except (IndexError, ValueError):
        return Claims()
    name = word(payload, "upn") or word(payload, "unique_name") or word(payload, "app_displayname")
    return Claims(
        tenant=word(payload, "tid"),
        principal=word(payload, "oid"),
        is_app=word(payload, "idtyp") == "app",
        audience=word(payload, "aud"),
        name=name,
        expires=count(payload, "exp"),
    )
