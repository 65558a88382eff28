"""The checks of Azure's management plane: sign-in, tenant, subscription, provider, pool, role."""

from __future__ import annotations

import re
import shlex

from noderepl.azure.arm_errors import REGISTER
from noderepl.azure.named_pool import find_pool, usable_endpoint
from noderepl.azure.resources import pool_id
from noderepl.azure.roles import access_to, assignment_line
from noderepl.client.circumstances import printable
from noderepl.client.endpoint import origin
from noderepl.client.http_errors import ROLE
from noderepl.doctor.examination import Examination
from noderepl.doctor.finding import Found
from noderepl.errors import Forbidden, NotFound, Unauthorised

_UNKNOWN = "your account must not read this, which running code does not need"
_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


async def sign_in(examination: Examination) -> Found:
    """Finds whether there is a token for Azure's management plane."""
    examination.claims = claims = await examination.management.claims()
    name = printable(claims.name or claims.principal, (), 80)
    kind = " (an application)" if claims.is_app else ""
    return Found(
        "ok", f"signed in as {name}{kind}" if name else "signed in", source="azure-identity"
    )


async def tenant(examination: Examination) -> Found:
    """Compares the tenant of the token with the option."""
    settings, claims = examination.settings, examination.claims
    found = printable(claims.tenant, (), 80) if claims else ""
    source = examination.source("tenant") if settings.tenant else "the sign-in"
    if not found:
        return Found("ok", "the token does not tell its tenant", source=source)
    wanted = settings.tenant or ""
    if _TENANT.fullmatch(wanted) and wanted.lower() != found.lower():
        advice = f"sign in with `az login --tenant {wanted}`, or correct --tenant"
        return Found("failed", f"the token is for {found}, not for {wanted}", advice, source)
    return Found("ok", found, source=source)


async def name(examination: Examination) -> Found:
    """Looks up the pool of --pool."""
    settings = examination.settings
    given = settings.pool or ""
    identity, source = pool_id(given), examination.source("pool")
    if identity is None:
        found = await find_pool(given, examination.management)
        identity, examination.endpoint = found.id, found.endpoint or None
    examination.identity = identity
    return Found("ok", f"{given} is in the resource group {identity.group}", source=source)


async def subscription(examination: Examination) -> Found:
    """Finds the state and the tenant of the pool's subscription."""
    assert examination.identity is not None
    identifier = examination.identity.subscription
    source = "the pool's resource id"
    try:
        found = await examination.management.subscription(identifier)
    except NotFound:
        advice = "check the endpoint; select the tenant with --tenant, or sign in with `az login`"
        return Found("failed", f"the sign-in sees no subscription {identifier}", advice, source)
    except Forbidden:
        return Found("warning", f"{identifier} is not known (403): {_UNKNOWN}", source=source)
    except Unauthorised:
        given = examination.settings.tenant
        choose = f"correct --tenant {given}" if given else "select its tenant with --tenant"
        detail = "Azure refuses the sign-in (401): it has expired or is for another tenant"
        return Found("failed", detail, f"sign in again with `az login`, or {choose}", source)
    shown = printable(f"{found.name} ({identifier})" if found.name else identifier, (), 140)
    claims = examination.claims
    if found.tenant and claims and claims.tenant and found.tenant.lower() != claims.tenant.lower():
        there = printable(found.tenant, (), 80)
        detail = f"{shown} is in the tenant {there}, the sign-in is for {claims.tenant}"
        return Found("failed", printable(detail), f"give --tenant {there}", source)
    if found.state and found.state.lower() != "enabled":
        state = printable(found.state, (), 40)
        advice = "enable it in the portal (it may be unpaid), or use another subscription"
        return Found("failed", f"{shown} is in the state {state}", advice, source)
    return Found("ok", shown, source=source)


async def provider(examination: Examination) -> Found:
    """Finds whether the subscription may have session pools."""
    assert examination.identity is not None
    identifier = examination.identity.subscription
    try:
        found = await examination.management.provider(identifier)
    except Forbidden:
        return Found("warning", f"Microsoft.App is not known (403): {_UNKNOWN}")
    if found.is_registered:
        return Found("ok", "Microsoft.App is registered")
    state = printable(found.state or "unknown", (), 40)
    advice = f"run `{REGISTER} --subscription {shlex.quote(identifier)}`, or `noderepl setup`"
    return Found("failed", f"Microsoft.App is not registered ({state})", advice)


async def pool(examination: Examination) -> Found:
    """Finds whether the pool exists and can run JavaScript, and whether the endpoint is its own."""
    assert examination.identity is not None
    label = examination.identity.name
    try:
        found = await examination.management.pool(examination.identity)
    except NotFound:
        advice = (
            "`noderepl pools` lists those that the sign-in can see, `noderepl setup` creates one"
        )
        group = examination.identity.group
        return Found(
            "failed", f"there is no pool {label} in the resource group {group} (404)", advice
        )
    except Forbidden:
        return Found("warning", f"{label} is not known (403): {_UNKNOWN}")
    examination.pool = found
    endpoint = usable_endpoint(found)
    before = examination.endpoint
    if before and not examination.is_named and origin(before) != origin(endpoint):
        option = "endpoint" if examination.settings.endpoint else "pool"
        advice = "use this endpoint, or --pool with the name of the pool"
        source = examination.source(option)
        return Found("failed", f"{label} has another endpoint now: {endpoint}", advice, source)
    if examination.is_named:
        examination.endpoint = endpoint
    kind, state = found.kind or "type unknown", found.state or "state unknown"
    return Found("ok", printable(", ".join(filter(None, (label, kind, state, found.location)))))


async def egress(examination: Examination) -> Found:
    """Finds whether sessions reach the network."""
    is_remote = examination.is_remote
    source = "the pool" if is_remote else examination.source("egress")
    if examination.has_egress is None:
        return Found("ok", "not known")
    if examination.has_egress:
        return Found("ok", "enabled", source=source)
    detail = "disabled: npm in sessions cannot work"
    if not is_remote:
        return Found("ok", detail, source=source)
    advice = "if you need npm there, create a pool with `noderepl setup` and egress enabled"
    return Found("warning", detail, advice, source)


async def role(examination: Examination) -> Found:
    """Finds whether the account may run code in the pool."""
    assert examination.identity is not None
    identity, claims = examination.identity, examination.claims
    access = await access_to(examination.management, identity)
    if access.executes is None:
        return Found("warning", f"not known (403): {_UNKNOWN}")
    if access.executes:
        return Found("ok", "the account may run code in the pool")
    detail = f"the account lacks the role {ROLE!r} on the pool"
    if access.assigns:
        given = examination.settings.pool if examination.is_named else identity.resource
        line = f"noderepl setup --pool {shlex.quote(given or '')}"
        return Found("failed", detail, f"run `{line}`, which assigns it")
    assert claims is not None
    line = assignment_line(identity, claims)
    return Found("failed", detail, f"ask an Owner or a User Access Administrator to run `{line}`")
