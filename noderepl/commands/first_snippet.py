"""The first snippet in a pool, which waits until a new role assignment has taken effect."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from noderepl.azure.arm import Clock
from noderepl.azure.named_pool import usable_endpoint
from noderepl.azure.resources import Pool
from noderepl.azure.roles import PROPAGATION
from noderepl.client.auth import Credential, make_auth
from noderepl.client.identifier import new_identifier
from noderepl.client.session import open_session
from noderepl.doctor.session_checks import NODE_VERSION
from noderepl.errors import Forbidden, NotFound, ServiceError, Unauthorised
from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import Status
from noderepl.settings import Settings

CODE = "process.version"
PROPAGATION_SECONDS, POLL_SECONDS = PROPAGATION.total_seconds(), 15.0


@dataclass(frozen=True, slots=True)
class Propagation:
    """How to wait. show: shows a sentence. is_new: whether the role was assigned just now;
    otherwise nothing is waited for.
    """

    clock: Clock
    show: Callable[[str], object]
    is_new: bool


async def first_snippet(
    settings: Settings, pool: Pool, credential: Credential | None, propagation: Propagation
) -> str:
    """Returns the version of Node.js in a session of the pool, which is deleted afterwards. Raises
    NodeReplError.
    """
    clock = propagation.clock
    end, pause = clock.now() + PROPAGATION_SECONDS, 1.0
    while True:
        propagation.show("running process.version in a session")
        try:
            return await _version(settings, pool, credential)
        except (Unauthorised, Forbidden, NotFound):
            left = end - clock.now()
            if not propagation.is_new or left <= 0:
                raise
        until = clock.now() + pause
        while (rest := until - clock.now()) > 0:
            left = max(0, round(end - clock.now()))
            propagation.show(f"{left // 60}:{left % 60:02} left until the role takes effect")
            await clock.sleep(min(1.0, rest))
        pause = min(2 * pause, POLL_SECONDS)


async def _version(settings: Settings, pool: Pool, credential: Credential | None) -> str:
    endpoint = usable_endpoint(pool)
    # A token of before the assignment may lack the role, so that each try has a new one.
    auth = make_auth(
        settings.auth,
        endpoint=endpoint,
        scope=settings.scope,
        token=settings.token,
        tenant=settings.tenant,
        credential=credential,
    )
    session = open_session(endpoint, new_identifier(), api_version=settings.api_version, auth=auth)
    try:
        execution = await session.execute(CODE, repeatable=True)
        if execution.status is not Status.OK or execution.value is None:
            raise ServiceError(f"a session of the pool has not answered {CODE}")
        version = str(execution.value.data)
        if not NODE_VERSION.fullmatch(version):
            raise ServiceError(f"a session of the pool does not answer {CODE} as Node.js does")
        return version
    finally:
        with suppress(ServiceError):  # it also ends after its cooldown
            await session.delete()
        await session.aclose()
