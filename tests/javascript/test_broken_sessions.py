"""What a snippet breaks for good: the session is lost, on a service that replaces it and on one that does not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from dispatching import opened, shown

from noderepl.dispatcher import Dispatcher

THROWS, NOTHING = "() => { throw new Error('broken') }", "() => {}"
UNUSABLE = "This session cannot be used any more: %session new starts a new one."
Open = Callable[..., Awaitable[Dispatcher]]
# Seconds: the snippet's own, the margin of the service's limit, a probe of the session, and some for a slow machine.
ENOUGH = 1 + 3 + 2 + 4


def words(text: str) -> str:
    """The text in one line, however it was wrapped."""
    return " ".join(text.split())


@pytest.mark.parametrize("how", [THROWS, NOTHING])
@pytest.mark.parametrize("what", ["JSON.stringify", "globalThis.Map", "Promise.prototype.then"])
async def test_what_the_session_does_without(dispatch: Open, what: str, how: str) -> None:
    """Built-ins that are replaced by nonsense and that neither the prelude nor the kernel needs leave the session alone."""
    dispatcher = await dispatch(timeout=2)
    assert await shown(dispatcher, f"var kept = 1; {what} = {how}; 1") == "1"
    assert await shown(dispatcher, "kept") == "1"
    assert await shown(dispatcher, "console.log('printed'); await kept") == "printed\n1"


@pytest.mark.parametrize("how", [THROWS, NOTHING])
async def test_a_session_that_hears_nothing(
    dispatch: Open, request: pytest.FixtureRequest, how: str
) -> None:
    """Where no request reaches the kernel, the next snippet is answered in its time, with what was lost and what helps."""
    dispatcher = await dispatch(timeout=1)
    await shown(dispatcher, "var kept = 1")
    assert await shown(dispatcher, f"process.emit = {how}; 1") == "1"
    began = time.monotonic()
    told = words(await shown(dispatcher, "kept"))
    assert time.monotonic() - began < ENOUGH
    assert "ExecutionTimeout" in told and "Lost: variable kept. %replay re-runs 2 steps" in told
    is_replaced = "bare" not in request.node.callspec.id
    assert (UNUSABLE in told) != is_replaced
    if not is_replaced:
        assert UNUSABLE in words(await shown(dispatcher, "1"))
        await dispatcher.run_line("%session new")
    assert await shown(dispatcher, "typeof kept") == "'undefined'"
    assert "var kept = 1" in await shown(dispatcher, "%replay --dry-run")


async def test_a_worker_that_cannot_write(tmp_path: Path) -> None:
    """Its session ends at once, not at the time limit."""
    breaking = "Object.defineProperty(Object.getPrototypeOf(Int8Array.prototype), 'byteLength', { get: () => 1 })"
    async with opened(tmp_path) as dispatcher:
        async with asyncio.timeout(20):
            assert "SessionProcessExited" in await shown(dispatcher, f"{breaking}; 0")
            assert await shown(dispatcher, "1 + 1") == "2"


async def test_a_session_that_says_nothing(dispatch: Open, request: pytest.FixtureRequest) -> None:
    """Where no answer leaves the session, the snippet itself is told to have none."""
    dispatcher = await dispatch(timeout=1)
    if "bare" not in request.node.callspec.id:
        return  # the pool's own kernel sends its answers by no function that a snippet can replace
    told = words(await shown(dispatcher, f"process.send = {NOTHING}; 1"))
    assert "ExecutionTimeout" in told and UNUSABLE in told
    await dispatcher.run_line("%session new")
    assert await shown(dispatcher, "1 + 1") == "2"


@pytest.mark.parametrize(
    "code",
    [
        "Object.freeze(globalThis); 1",
        "Object.prototype.toJSON = () => 'x'; 1",
        "Object.prototype.get = () => {}; 1",
    ],
)
async def test_a_session_that_answers_something_else(
    dispatch: Open, request: pytest.FixtureRequest, code: str
) -> None:
    """Where the kernel can no longer do what it does before each snippet, that is told, and a new session works."""
    dispatcher = await dispatch(timeout=1)
    await shown(dispatcher, code)
    told = words(await shown(dispatcher, "1 + 1"))
    if "cannot be used any more: %session new starts a new one" in told:
        await dispatcher.run_line("%session new")
    else:
        assert (
            "ExecutionTimeout" in told
            and "toJSON" in code
            and "bare" not in request.node.callspec.id
        )
    assert await shown(dispatcher, "1 + 1") == "2"
