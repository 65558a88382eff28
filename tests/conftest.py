"""What many tests need: a fresh home, and what not every machine has."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nodes import node_of_wheel

from noderepl.service.node import Node, find_node
from noderepl.service.sandbox import bubblewrap_works

if TYPE_CHECKING:
    from serving import Served

    from noderepl.dispatch import Dispatcher


def _only_where(there: bool, what: str) -> None:
    """Ends a test that needs what this machine lacks; in CI that is a failure, as .ci/run installs it."""
    if not there:
        assert "CI" not in os.environ, f"{what} is missing"
        pytest.skip(f"{what} is missing")


@pytest.fixture
def bubblewrap() -> None:
    """For tests of the sandbox."""
    _only_where(bubblewrap_works(), "a bubblewrap that works")


@pytest.fixture
def node_on_path() -> Path:
    """The Node.js on PATH."""
    found = shutil.which("node")
    _only_where(found is not None, "node on PATH")
    return Path(str(found))


@pytest.fixture(params=["path", "wheel"])
def node(request: pytest.FixtureRequest) -> Node:
    """Both kinds of Node.js."""
    if request.param == "path":
        return find_node(str(request.getfixturevalue("node_on_path")))
    return node_of_wheel()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that all processes of one test run share, for what is installed once."""
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "nel"
    place.mkdir(exist_ok=True)
    return place


@pytest.fixture
def perl() -> None:
    """For tests that make system calls which Node.js has no function for."""
    _only_where(shutil.which("perl") is not None, "perl")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory with nothing in it."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def tmux() -> str:
    """The terminal multiplexer's command."""
    found = shutil.which("tmux")
    _only_where(found is not None, "tmux")
    return str(found)


@pytest.fixture(params=["embedded", "bare"])
async def dispatch(
    request: pytest.FixtureRequest, node: Node, shared: Path, tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[Dispatcher]]]:
    """Opens a dispatcher on the embedded pool, or over HTTP on the bare kernel, whose directory is called /mnt/data."""
    # Here, as other clients' environment lacks what these need.
    from bare_kernel import bare_kernel, installed_nel
    from dispatching import opened

    async with AsyncExitStack() as stack:
        where: dict[str, object] = {"node": str(node.path)}
        if request.param == "bare":
            (place := tmp_path / "kernel").mkdir()
            where = {"endpoint": await stack.enter_async_context(bare_kernel(node, installed_nel(shared), place))}

        async def open_(**options: object) -> Dispatcher:
            return await stack.enter_async_context(opened(tmp_path, **where, **options))

        yield open_


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Served]:
    """The embedded pool, served on a port."""
    from serving import served

    with served(tmp_path / "server") as opened:
        yield opened
