"""The stand-ins of Azure, and a management plane with a clock that does not wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from azure_arm import ARM, Cloud, cloud_on_port
from azure_cli import PRINCIPAL, TENANT
from azure_home import AzureHome, azure_home
from azure_tokens import token
from serving import TOKEN, Served, served

from noderepl.azure.arm import Clock, open_arm
from noderepl.azure.management import Management


class Credential:
    """Gives a token for the scope, for one tenant."""

    def __init__(self, tenant: str = TENANT) -> None:
        self.tenant = tenant

    def get_token(self, *scopes: str, **options: str) -> object:
        audience = scopes[0].removesuffix("/.default")
        return token(audience, options.get("tenant_id", self.tenant), PRINCIPAL)


class Waits:
    """A clock that jumps over each wait. waited: the seconds of each."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited: list[float] = []
        self.said: list[str] = []

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now, self.sleep)


@pytest.fixture
def waits() -> Waits:
    """The clock of `management`."""
    return Waits()


@pytest.fixture(scope="module")
def _server() -> Iterator[Cloud]:
    with cloud_on_port() as cloud:
        yield cloud


@pytest.fixture
def cloud(_server: Cloud) -> Cloud:
    """The stand-in of the management plane, as new."""
    url = _server.url
    _server.__init__()  # type: ignore[misc]
    _server.url = url
    return _server


@pytest.fixture
async def management(cloud: Cloud, waits: Waits) -> AsyncIterator[Callable[..., Management]]:
    """Opens the management plane of the stand-in."""
    opened: list[Management] = []

    def open_(**options: object) -> Management:
        given = {"endpoint": cloud.url, "scope": f"{ARM}/.default", "credential": Credential()}
        given |= {"clock": waits.clock, "on_wait": waits.said.append}
        opened.append(Management(open_arm(**(given | options))))  # type: ignore[arg-type]
        return opened[-1]

    yield open_
    for one in opened:
        await one.arm.aclose()


@pytest.fixture(scope="session")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served") / "home") as pool:
        yield pool


@pytest.fixture
def account(tmp_path: Path, _served: Served) -> Iterator[AzureHome]:
    """A home with an `az`, the stand-in, and a served pool behind it."""
    with azure_home(tmp_path, served=_served.endpoint, served_token=TOKEN) as found:
        yield found
