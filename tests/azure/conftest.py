"""The stand-ins of Azure, and a management plane with a clock that does not wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from azure_arm import ARM, Cloud
from azure_fixtures import cloud, server
from azure_waits import Credential, Waits

from noderepl.azure.arm import open_arm
from noderepl.azure.management import Management

__all__ = ["cloud", "server"]


@pytest.fixture
def waits() -> Waits:
    """The clock of `management`."""
    return Waits()


@pytest.fixture
async def management(cloud: Cloud, waits: Waits) -> AsyncIterator[Callable[..., Management]]:
    """Opens the management plane of the stand-in."""
    opened: list[Management] = []

    def open_(**options: object) -> Management:
        given = {"endpoint": cloud.url, "scope": f"{ARM}/.default", "credential": Credential()}
        given |= {"clock": waits.clock, "on_wait": lambda text, _: waits.said.append(text)}
        opened.append(Management(open_arm(**(given | options))))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for one in opened:
        await one.arm.aclose()
