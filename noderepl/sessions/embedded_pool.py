"""Settings -> the embedded pool. Node.js starts before anything else that is slow is imported."""

from __future__ import annotations

import asyncio
from importlib import import_module

from noderepl.service.launcher import Launcher
from noderepl.service.pool import Pool
from noderepl.sessions.embedded_launcher import embedded_launcher
from noderepl.settings import Settings

# The longest cooldown that the service allows (DOC-POOL): the variables survive a break of ten
# minutes.
COOLDOWN_SECONDS = 3600.0
# By then a prompt has shown the answer to what was typed at its start.
REFILL_SECONDS = 2.0


def prepared_pool(settings: Settings, launcher: Launcher, *, spares: int) -> Pool:
    """Returns the embedded pool of a run, whose first session gets the prelude. Needs a running
    event loop.

    spares: the number of workers to start ahead for new sessions.
    """
    pool = embedded_pool(settings, launcher, spares=spares, refill=REFILL_SECONDS)

    async def installation() -> str:
        await asyncio.to_thread(import_module, "noderepl.javascript.prelude")
        from noderepl.javascript import prelude

        return prelude.installation(settings.environment)

    pool.prewarm(None if settings.mode == "plain" else installation)
    return pool


def embedded_pool(
    settings: Settings,
    launcher: Launcher | None = None,
    *,
    cooldown: float = COOLDOWN_SECONDS,
    spares: int = 0,
    refill: float = 0.02,
) -> Pool:
    """Returns the embedded pool that the settings describe.

    launcher: of embedded_launcher(); None for a new one. cooldown: seconds after which the pool
    ends an idle session. spares: the number of workers to start ahead for new sessions. refill: as
    for Pool. Raises PoolUnavailable, ConfigError.
    """
    return Pool(
        launcher or embedded_launcher(settings),
        cooldown=cooldown,
        max_sessions=settings.max_sessions,
        spares=spares,
        refill=refill,
    )
