"""Settings -> the launcher of the embedded pool. It is imported before asyncio."""

from __future__ import annotations

from noderepl.errors import PoolUnavailable
from noderepl.service.launcher import Launcher
from noderepl.service.node import NodeNotFound, find_node
from noderepl.service.sandbox import NoSandbox
from noderepl.settings import Settings


def embedded_launcher(settings: Settings) -> Launcher:
    """Returns the launcher of the embedded pool that the settings describe. Raises PoolUnavailable,
    ConfigError.
    """
    try:
        return Launcher(
            find_node(settings.node),
            sandbox=settings.sandbox,
            egress=settings.egress == "enabled",
            memory=settings.memory,
        )
    except NodeNotFound as error:
        with settings.blame("node"):
            raise PoolUnavailable(str(error)) from error
    except NoSandbox as error:
        raise PoolUnavailable(str(error)) from error
