"""Fixtures of the stand-ins of Azure, which conftest.py of a directory imports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_arm import Cloud, cloud_on_port
from azure_home import AzureHome, azure_home
from serving import TOKEN, Served, served


@pytest.fixture(scope="module")
def server() -> Iterator[Cloud]:
    with cloud_on_port() as cloud:
        yield cloud


@pytest.fixture
def cloud(server: Cloud) -> Cloud:
    """The stand-in of the management plane, as new."""
    url = server.url
    server.__init__()  # type: ignore[misc]
    server.url = url
    return server


@pytest.fixture(scope="session")
def served_pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served") / "home") as pool:
        yield pool


@pytest.fixture
def account(tmp_path: Path, served_pool: Served) -> Iterator[AzureHome]:
    """A home with an `az`, the stand-in, and a served pool behind it."""
    with azure_home(tmp_path, served=served_pool.endpoint, served_token=TOKEN) as found:
        yield found
