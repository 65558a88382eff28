"""What many tests need: a fresh home, and what not every machine has."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from needs import only_where
from nodes import node_of_wheel

from noderepl.service.bubblewrap import bubblewrap_works
from noderepl.service.node import Node, find_node

# Otherwise each of the thousands of processes compiles the modules of noderepl again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A test of random data has no time limit of its own: a busy machine would break it. tests/interop runs without hypothesis.
with suppress(ImportError):
    from hypothesis import settings

    settings.register_profile("tests", deadline=None)
    settings.load_profile("tests")

if TYPE_CHECKING:
    from serving import Served

    from noderepl.dispatcher import Dispatcher


# Each kind of service, and an embedded pool with and without a sandbox, with one kind of Node.js: this takes half the
# time of each with each.
NODE_OF_SERVICE = {"embedded": "wheel", "served": "wheel", "bare": "path"}
NODE_OF_SANDBOX = {True: "wheel", False: "path"}


# `-m fast` leaves out what starts a noderepl, a terminal, a server or a pool, by the modules of helpers that do this and by
# the fixtures, and what takes seconds of processor time.
STARTING_MODULES = frozenset(
    """arena asking azure_arm azure_home azure_setup bare_kernel breaking dispatching driving fault_runs leaving panes recordings running serving
    slow_screens soak_runs noderepl.service.node noderepl.service.pool noderepl.service.worker""".split()
)
STARTING_FIXTURES = frozenset(
    ["any_pool", "dispatch", "live", "low_pool", "node", "pool", "shared", "tmux"]
)
LONG = frozenset(
    """test_bounds.py test_differential.py test_escapes.py test_lexers.py test_linear_time.py test_long_texts.py test_parity.py
    test_prelude_time.py test_snippet_table.py test_a_download_that_breaks_off_leaves_nothing
    test_a_pattern_of_too_many_files_is_refused test_javascript_stays_whole_and_in_parts
    test_a_timeout_ends_the_snippet_and_keeps_its_output test_waits_grow_and_differ""".split()
)
# These have a pool or the stand-in of Azure in their own process, and no other test that is fast has one.
FAST_POOL_FILES = frozenset(
    ["test_files.py", "test_arm.py", "test_management.py", "test_named_pool.py"]
)


def is_long(item: pytest.Function) -> bool:
    """Whether a test has the marker `long`."""
    return item.path.name in LONG or item.originalname in LONG


def is_fast(item: pytest.Function) -> bool:
    """Whether a test has the marker `fast`."""
    if item.path.name in FAST_POOL_FILES:
        return True
    imported = {
        getattr(value, "__module__", None) or getattr(value, "__name__", None)
        for value in vars(item.module).values()
    }
    return not (
        is_long(item)
        or STARTING_MODULES & imported
        or STARTING_FIXTURES.intersection(item.fixturenames)
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Gives each worker a part of the files, whose servers and prompts it starts once, and what others leave over."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marks what is fast and what is long. Leaves out the tests whose service has the other kind of Node.js, but with --each-node."""
    for item in items:
        if isinstance(item, pytest.Function):
            for name, holds in (("fast", is_fast), ("long", is_long)):
                if holds(item):
                    item.add_marker(name)
    if config.getoption("each_node"):
        return
    kept, left = [], []
    for item in items:
        given = getattr(getattr(item, "callspec", None), "params", {})
        nodes = {
            NODE_OF_SERVICE[value] for value in given.values() if value in list(NODE_OF_SERVICE)
        }
        if "sandboxed" in given:
            nodes.add(NODE_OF_SANDBOX[given["sandboxed"]])
        (left if "node" in given and nodes and given["node"] not in nodes else kept).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = kept


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of this project's tests."""
    parser.addoption(
        "--each-node", action="store_true", help="run each kind of service on each kind of Node.js"
    )


@pytest.fixture
def bubblewrap() -> None:
    """For tests of the sandbox."""
    only_where(bubblewrap_works(), "a bubblewrap that works")


@pytest.fixture
def node_on_path() -> Path:
    """The Node.js on PATH."""
    found = shutil.which("node")
    only_where(found is not None, "node on PATH")
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
    only_where(shutil.which("perl") is not None, "perl")


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
    only_where(found is not None, "tmux")
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
            where = {
                "endpoint": await stack.enter_async_context(
                    bare_kernel(node, installed_nel(shared), place)
                )
            }

        async def open_(**options: object) -> Dispatcher:
            return await stack.enter_async_context(opened(tmp_path, **where, **options))

        yield open_


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Served]:
    """The embedded pool, served on a port."""
    from serving import served

    with served(tmp_path / "server") as opened:
        yield opened
