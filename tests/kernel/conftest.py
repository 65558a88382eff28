"""The bare kernel behind an API, on both kinds of Node.js."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from bare_kernel import bare_kernel, installed_nel

from noderepl.service.node import Node


@pytest.fixture
async def endpoint(node: Node, shared: Path) -> AsyncIterator[str]:
    """The base URL of the bare kernel."""
    async with bare_kernel(node, installed_nel(shared)) as url:
        yield url
