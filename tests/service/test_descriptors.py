"""A pool that may open no more files says so, loses none of its own, and goes on as soon as it may."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from asking import VERSION, connect, value_of

from noderepl.service import files, processes, usage
from noderepl.service.errors import ApiError
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool

PARAMS = {"identifier": "new-session", "api-version": VERSION}


def descriptors() -> set[int]:
    """Those of this process, but for the one that looking takes."""
    return {int(path.name) for path in list(Path("/proc/self/fd").iterdir()) if path.is_symlink()}


@contextlib.contextmanager
def at_most(free: int) -> Iterator[None]:
    """Let this process open only so many more files."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = descriptors()
    places = [place for place in range(max(taken) + free + 2) if place not in taken]
    # The limit is on the number of a descriptor, and a free number is taken first.
    resource.setrlimit(resource.RLIMIT_NOFILE, (places[free], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_a_start_without_descriptors_fails_in_words_and_leaves_none(sandboxed: bool) -> None:
    """However many descriptors are free, a session starts or is answered with why not, and none is lost over it."""
    pool = Pool(Launcher(find_node(), sandbox="require" if sandboxed else "off"))
    try:
        async with connect(pool) as client:
            await value_of(client, "1", "warm")
            before = descriptors()
            for free in range(14):
                with at_most(free):
                    answer = await client.post("/executions", params=PARAMS, json={"code": "1"})
                    if not answer.is_success:
                        assert answer.json()["error"]["code"] == "SessionStartFailed"
                        assert "Too many open files" in answer.text
                await pool.stop("new-session")
                # A count of the sessions' files has some open for a moment.
                for _ in range(200):
                    if descriptors() <= before:
                        break
                    await asyncio.sleep(0.02)
                assert descriptors() <= before, free
            assert await value_of(client, "1 + 1", "new-session") == 2
    finally:
        await pool.close()


def test_without_descriptors_nothing_is_said_to_be_gone(tmp_path: Path) -> None:
    """Neither sessions' files nor processes are taken for gone only because they cannot be looked at."""
    (tmp_path / "file").write_text("content")
    (tmp_path / "below").mkdir()
    for ask in (
        processes.all_processes,
        lambda: processes.memory_of(1),
        lambda: processes.with_variable("HOME", ["/"]),
        lambda: usage.measure(tmp_path, 1, [], most=60, unlock=False),
    ):
        with at_most(0), pytest.raises(OSError) as raised:
            ask()
        assert raised.value.errno == errno.EMFILE
    for free in (0, 1):
        with at_most(free), pytest.raises(ApiError) as refused:
            files.list_entries(tmp_path, ("below",))
        assert (refused.value.status, refused.value.code) == (503, "TooManyOpenFiles")
