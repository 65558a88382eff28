"""Real pools: Node from PATH and from the wheel, with and without bubblewrap, asked over HTTP in this process."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from asking import connect

from noderepl.service.launcher import Launcher
from noderepl.service.node import Node, find_node
from noderepl.service.pool import Pool


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that pools make their own in, so that a test can see what is left."""
    directory = tmp_path / "pools"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


@pytest.fixture(params=[True, False], ids=["sandboxed", "unsandboxed"])
def sandboxed(request: pytest.FixtureRequest) -> bool:
    """With bubblewrap and without."""
    if request.param:
        request.getfixturevalue("bubblewrap")
    return bool(request.param)


@pytest.fixture
async def any_pool(node: Node, sandboxed: bool) -> AsyncIterator[Pool]:
    """A pool of every kind."""
    pool = Pool(Launcher(node, sandbox="require" if sandboxed else "off"))
    yield pool
    await pool.close()


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    """A pool of the kind that this machine gives."""
    pool = Pool(Launcher(find_node()))
    yield pool
    await pool.close()


@pytest.fixture
async def client(pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """A client of `pool`."""
    async with connect(pool) as client:
        yield client
