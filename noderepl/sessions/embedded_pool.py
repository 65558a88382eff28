"""Settings -> the embedded pool. Node.js starts before anything else that is slow is imported."""

from __future__ import annotations

import asyncio
from importlib import import_module

from noderepl.errors import PoolUnavailable
from noderepl.service.node import NodeNotFound, find_node
from noderepl.service.pool import Pool
from noderepl.service.sandbox import NoSandbox
from noderepl.settings import Settings

# The longest cooldown that the service allows (DOC-POOL): the variables survive a break of ten
# minutes.
COOLDOWN_SECONDS = 3600.0
# By then a prompt has shown the answer to what was typed at its start.
REFILL_SECONDS = 2.0


def started_pool(settings: Settings, *, spares: int) -> Pool | None:
    """Returns the embedded pool, in which Node.js starts and gets the prelude; None if the pool is
    remote. Needs a running event loop. Raises as embedded_pool() does.
    """
    if settings.endpoint:
        return None
    pool = embedded_pool(settings, spares=spares, refill=REFILL_SECONDS)

    async def installation() -> str:
        await asyncio.to_thread(import_module, "noderepl.javascript.prelude")
        from noderepl.javascript import prelude

        return prelude.installation(settings.environment)

    pool.prewarm(None if settings.mode == "plain" else installation)
    return pool


def embedded_pool(
    settings: Settings,
    *,
    cooldown: float = COOLDOWN_SECONDS,
    spares: int = 0,
    refill: float = 0.02,
) -> Pool:
    """Returns the embedded pool that the settings describe.

    cooldown: seconds after which it ends an idle session. spares: the number of workers to start
    ahead for new sessions. refill: as for Pool. Raises PoolUnavailable, ConfigError.
    """
    try:
        return Pool(
            find_node(settings.node),
            cooldown=cooldown,
            max_sessions=settings.max_sessions,
            spares=spares,
            refill=refill,
            sandbox=settings.sandbox,
            egress=settings.egress == "enabled",
            memory=settings.memory,
        )
    except NodeNotFound as error:
        with settings.blame("node"):
            raise PoolUnavailable(str(error)) from error
    except NoSandbox as error:
        raise PoolUnavailable(str(error)) from error
