"""The table of checks, in the order of docs/doctor.md, and the loop that runs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from noderepl.deadlines import within
from noderepl.doctor import azure_checks, local_checks, network_checks, session_checks
from noderepl.doctor.examination import Examination
from noderepl.doctor.finding import Finding, Found
from noderepl.errors import NodeReplError
from noderepl.internal_error import internal_error
from noderepl.lazy_dataclasses import dataclass

SECONDS = 20.0
"""The time limit of a check that sets no other."""


def _always(_: Examination) -> bool:
    return True


def _remote(examination: Examination) -> bool:
    return examination.is_remote or bool(examination.trouble)


def _token(examination: Examination) -> bool:
    return examination.is_remote and examination.auth != "none"


def _azure(examination: Examination) -> bool:
    return examination.asks_azure


def _egress(examination: Examination) -> bool:
    return _resource(examination) or not examination.is_remote


def _resource(examination: Examination) -> bool:
    return examination.asks_azure and (examination.is_named or examination.identity is not None)


_IN_AZURE = ("name", "pool", "role")


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    run: may raise NodeReplError, which counts as failed. applies: whether the check is part of the
    run; decided just before it. needs: the checks that must not have failed or been skipped.
    barred_by: the checks that must not have failed. seconds: its time limit.
    """

    name: str
    run: Callable[[Examination], Awaitable[Found]]
    applies: Callable[[Examination], bool] = _always
    needs: tuple[str, ...] = ()
    barred_by: tuple[str, ...] = ()
    seconds: float = SECONDS


CHECKS: Sequence[Check] = (
    Check("configuration", local_checks.configuration),
    Check("node", local_checks.node),
    Check("sandbox", local_checks.sandbox, seconds=50),
    Check("terminal", local_checks.terminal),
    Check("colours", local_checks.colours, lambda one: one.capabilities.is_terminal),
    Check("cursor", local_checks.cursor, lambda one: one.capabilities.answers is not None),
    Check("pictures", local_checks.pictures, lambda one: one.capabilities.is_terminal),
    Check("endpoint", network_checks.endpoint, _remote, ("configuration",)),
    Check("certificates", network_checks.certificates, _remote, ("endpoint",)),
    Check("proxy", network_checks.proxy, _remote, ("certificates",)),
    Check("connection", network_checks.connection, _remote, ("proxy",)),
    Check("clock", network_checks.clock, _remote, ("connection",)),
    Check("sign-in", azure_checks.sign_in, _azure, ("endpoint",), seconds=60),
    Check("tenant", azure_checks.tenant, _azure, ("sign-in",)),
    Check("name", azure_checks.name, lambda one: _azure(one) and one.is_named, ("tenant",)),
    Check("subscription", azure_checks.subscription, _resource, ("tenant", "name")),
    Check("provider", azure_checks.provider, _resource, ("subscription",)),
    Check("pool", azure_checks.pool, _resource, ("subscription",), ("provider",)),
    Check("egress", azure_checks.egress, _egress, ("configuration", "pool")),
    Check("role", azure_checks.role, _resource, ("pool",)),
    Check("token", network_checks.token, _token, ("endpoint", "sign-in"), ("name",), 60),
    Check("service", session_checks.service, _remote, ("connection", "token"), _IN_AZURE),
    Check("session", session_checks.session, _always, ("service",), ("node", "sandbox"), 60),
    Check("session-node", session_checks.node, needs=("session",)),
    Check("inspector", session_checks.inspector, needs=("session",)),
    Check("npm", session_checks.npm, needs=("session",), seconds=40),
)
"""All checks, the cheapest first."""


async def examine(
    examination: Examination,
    begin: Callable[[str], object] = lambda _: None,
    checks: Sequence[Check] = CHECKS,
) -> AsyncIterator[Finding]:
    """Yields the findings of the checks that apply. begin: called with the name of each check
    before it runs. Closes the examination at the end, and if the caller is cancelled.
    """
    failed: set[str] = set()
    skipped: dict[str, str] = {}  # with the failed check that each needs
    try:
        for check in checks:
            if not check.applies(examination):
                continue
            obstacles = [one for one in check.needs if one in failed or one in skipped]
            obstacles += [one for one in check.barred_by if one in failed]
            if obstacles:
                first = skipped[check.name] = skipped.get(obstacles[0], obstacles[0])
                yield Finding(check.name, Found("skipped", f"needs {first}"))
                continue
            begin(check.name)
            found = await _found(check, examination)
            if found.status == "failed":
                failed.add(check.name)
            yield Finding(check.name, found)
    finally:
        await examination.close()


async def _found(check: Check, examination: Examination) -> Found:
    examination.waiting = ""

    async def run() -> Found:
        return await check.run(examination)

    try:
        found = await within(check.seconds, run())
    except NodeReplError as error:
        return Found("failed", str(error))
    except Exception as error:
        # The other checks may still find the cause.
        return Found("failed", str(internal_error(error, {})))
    if found is None:
        why = f": {examination.waiting}" if examination.waiting else ""
        return Found("failed", f"no answer within {check.seconds:.0f} s{why}", "try again later")
    return found
