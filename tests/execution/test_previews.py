"""When the session is asked for the value of what is typed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from dispatching import shown

from noderepl.dispatcher import Dispatcher

Open = Callable[..., Awaitable[Dispatcher]]
PATIENCE = 20.0


async def test_when_it_is_asked(dispatch: Open, monkeypatch) -> None:
    """Once for a text until the next snippet, and only if previews are on and the session answers fast."""
    dispatcher = await dispatch()
    previews, preferences = dispatcher.executor.previews, dispatcher.preferences
    assert await previews.of("1 + 1") == ""  # there is no session yet
    await shown(dispatcher, "var n = 1")
    session = await dispatcher.backend.session()
    asked = []
    execute = session.execute

    async def counted(code: str, **how):
        asked.append(code)
        return await execute(code, **how)

    monkeypatch.setattr(session, "execute", counted)
    assert [await previews.of(text) for text in ("n + 1", "n + 1", "n = 2", "n +", "42", "n")] == [
        "2",
        "2",
        "",
        "",
        "",
        "1",
    ]
    assert len(asked) == 2
    await shown(dispatcher, "n = 5")
    assert await previews.of("n + 1") == "6"
    preferences.preview = "off"
    assert not previews.is_on
    assert await previews.of("n + 2") == ""
    previews.toggle()
    assert preferences.preview == "on"
    for _ in range(5):
        session.round_trips.add(0.3, "1", ran=None, is_brief=True)
    assert await previews.of("n + 2") == "7"
    preferences.preview = "auto"
    asked.clear()
    for _ in range(5):
        session.round_trips.add(0.3, "1", ran=None, is_brief=True)
    assert not previews.is_on
    assert await previews.of("n + 3") == ""
    assert asked == []
    previews.toggle()
    assert preferences.preview == "on"
    assert await previews.of("n + 2") == "7"
    await shown(dispatcher, "%session new")
    assert await previews.of("n + 2") == ""
    preferences.mode = "plain"
    assert not previews.is_on
    assert await previews.of("n + 4") == ""


async def test_a_snippet_does_not_wait_for_a_preview(dispatch: Open) -> None:
    """Its start ends the waiting, nothing is asked while it runs, and it sees nothing of previews."""
    dispatcher = await dispatch(at_prompt=True)
    previews = dispatcher.executor.previews
    assert await shown(dispatcher, "var n = 41; n") == "41"
    slow = asyncio.create_task(
        previews.of("/(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')")
    )
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running = asyncio.create_task(
        shown(dispatcher, "await new Promise((end) => setTimeout(end, 300, n + 1))")
    )
    assert await slow == ""
    async with asyncio.timeout(PATIENCE):
        while not dispatcher.executor.is_busy:  # noqa: ASYNC110  # nothing reports it
            await asyncio.sleep(0.01)
    assert await previews.of("n + 2") == ""
    assert await running == "42"
    assert await previews.of("n + 2") == "43"
    assert await shown(dispatcher, "[_, _1, _2]") == "[ 42, 41, 42 ]"
    assert dispatcher.last is not None and dispatcher.last.number == 3
    assert len(dispatcher.state.snippets) == 3
    assert {*dispatcher.state.names} == {"n"}
