"""What the session offers for completion, and when it is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from dispatching import shown

from noderepl.dispatcher import Dispatcher
from noderepl.execution import session_offers
from noderepl.javascript.preview_tree import expression
from noderepl.outcome import Outcome, Output

Open = Callable[..., Awaitable[Dispatcher]]
PATIENCE = 20.0


async def test_offers_are_stored_until_the_next_snippet(dispatch: Open) -> None:
    """A change that nobody could have made otherwise is not seen before."""
    dispatcher = await dispatch()
    offers = dispatcher.executor.offers
    await shown(
        dispatcher, "globalThis.changing = { one: 1 }; setTimeout(() => { changing.two = 2 }, 50)"
    )
    first = list(await offers.members("changing"))
    assert first[0] == ("one", "number")
    await asyncio.sleep(0.2)
    assert list(await offers.members("changing")) == first
    await shown(dispatcher, "1")
    assert ("two", "number") in await offers.members("changing")


async def test_a_late_answer_is_there_the_next_time(
    dispatch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Completion does not wait for it."""
    dispatcher = await dispatch()
    await shown(dispatcher, "1")
    offers = dispatcher.executor.offers
    monkeypatch.setattr(session_offers, "PATIENCE_SECONDS", 0)
    assert list(await offers.members("Math")) == []
    async with asyncio.timeout(PATIENCE):
        while not await offers.members("Math"):  # noqa: ASYNC110  # nothing reports it
            await asyncio.sleep(0.01)


async def test_nothing_is_asked_while_a_snippet_runs(dispatch: Open) -> None:
    """The session would not answer; afterwards it does."""
    dispatcher = await dispatch()
    await shown(dispatcher, "1")
    running = asyncio.create_task(
        shown(dispatcher, "await new Promise((end) => setTimeout(end, 500))")
    )
    async with asyncio.timeout(PATIENCE):
        while not dispatcher.executor.is_busy:  # noqa: ASYNC110  # nothing reports it
            await asyncio.sleep(0.01)
    assert list(await dispatcher.executor.offers.members("Math")) == []
    await running
    assert ("max", "function(2)") in await dispatcher.executor.offers.members("Math")


@pytest.mark.parametrize("query", ["members", "packages", "variables", "preview", "whole"])
async def test_late_output_comes_also_after_a_query(dispatch: Open, query: str) -> None:
    """The kernel makes new streams and a new console for each request."""
    came: list[Outcome] = []
    dispatcher = await dispatch(show=came.append, at_prompt=True)
    await dispatcher.run_snippet(
        "setTimeout(() => { console.log('late'); process.stdout.write('too\\n') }, 500); 0"
    )
    queries = dispatcher.executor.queries
    found = {
        "members": partial(queries.members, "Math"),
        "packages": partial(queries.packages, ""),
        "variables": queries.variables,
        "preview": partial(queries.preview, expression("1 + 1")),
        "whole": queries.whole,
    }[query]
    assert await found() is not None
    async with asyncio.timeout(PATIENCE):
        while "late\ntoo\n" not in "".join(one.text for one in came if isinstance(one, Output)):  # noqa: ASYNC110  # nothing reports it
            await asyncio.sleep(0.01)


async def test_a_session_that_is_being_prepared_is_asked_when_it_is_ready(dispatch: Open) -> None:
    """No request is sent before, and the first Tab has the answer."""
    dispatcher = await dispatch()
    warming = asyncio.create_task(dispatcher.warm_up())
    await asyncio.sleep(0)
    offers = dispatcher.executor.offers
    assert not dispatcher.executor.queries.is_ready
    async with asyncio.timeout(PATIENCE):
        await offers.prepared()
    assert dispatcher.executor.queries.is_ready
    assert ("max", "function(2)") in await offers.members("Math")
    await warming


async def test_an_early_question_waits_only_for_its_patience(
    dispatch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same question has its answer once the session is ready."""
    dispatcher = await dispatch()
    monkeypatch.setattr(session_offers, "PATIENCE_SECONDS", 0)
    warming = asyncio.create_task(dispatcher.warm_up())
    await asyncio.sleep(0)
    offers = dispatcher.executor.offers
    assert list(await offers.members("Math")) == []
    await warming
    async with asyncio.timeout(PATIENCE):
        while not await offers.members("Math"):  # noqa: ASYNC110  # nothing reports it
            await asyncio.sleep(0.01)
