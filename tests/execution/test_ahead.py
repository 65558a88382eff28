"""A snippet that begins at Enter, while the prompt is still on the screen: nothing of it is shown before its line runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from dispatching import opened

from noderepl.dispatcher import Dispatcher
from noderepl.outcome import Execution, Outcome, Output, Status

Prompt = tuple[Dispatcher, list[Outcome]]


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Waits for a condition; a test fails where it does not come true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


def is_answered(dispatcher: Dispatcher) -> bool:
    """Whether the snippet that has begun has its answer."""
    return dispatcher.executor.ahead is not None and dispatcher.executor.ahead.is_answered


def printed(shown: list[Outcome]) -> str:
    """The output that was shown."""
    return "".join(one.text for one in shown if isinstance(one, Output))


@pytest.fixture
async def prompt(tmp_path: Path) -> AsyncIterator[Prompt]:
    """A dispatcher with the prelude in its session, and what it shows beside the answers of lines."""
    shown: list[Outcome] = []
    async with opened(tmp_path, show=shown.append, at_prompt=True) as dispatcher:
        await dispatcher.warm_up()
        yield dispatcher, shown


async def test_it_runs_once(prompt: Prompt) -> None:
    """The line gets the answer of the snippet that began before it, which has run once and has its number."""
    dispatcher, _ = prompt
    for number in (1, 2, 3):
        line = "globalThis.count = (globalThis.count ?? 0) + 1"
        dispatcher.begin(line)
        if number != 2:  # the line also comes before the answer
            await until(lambda: is_answered(dispatcher))
        (outcome,) = await dispatcher.run_line(line)
        assert isinstance(outcome, Execution)
        assert outcome.value is not None
        assert (outcome.value.data, outcome.number) == (number, number)
        assert dispatcher.executor.ahead is None
    assert len(dispatcher.snippets) == len(dispatcher.state.snippets) == 3


async def test_its_output_waits(prompt: Prompt) -> None:
    """Output in files of the session, late output of the snippet before it, and errors are shown when the line runs."""
    dispatcher, shown = prompt
    await dispatcher.run_line("setTimeout(() => console.log('earlier'), 300); 0")
    line = "console.log('x'.repeat(2 ** 21)); await new Promise(r => setTimeout(r, 600)); null.x"
    dispatcher.begin(line)
    await until(lambda: is_answered(dispatcher))
    await asyncio.sleep(0.2)
    assert printed(shown) == ""
    (outcome,) = await dispatcher.run_line(line)
    assert isinstance(outcome, Execution)
    assert outcome.status is Status.ERROR
    assert sorted(set(printed(shown).split())) == ["earlier", "x" * 2**21]


async def test_it_can_be_interrupted(prompt: Prompt) -> None:
    """Ctrl-C before its line runs interrupts it in the session, once it has been sent; before that, it does not run."""
    dispatcher, _ = prompt
    for line in ("while (true);", "await new Promise(() => {})"):
        dispatcher.begin(line)
        await until(lambda: dispatcher.executor.can_interrupt)
        await dispatcher.executor.interrupt()
        (outcome,) = await dispatcher.run_line(line)
        assert isinstance(outcome, Execution)
        assert outcome.status is Status.INTERRUPTED
    dispatcher.begin("globalThis.hasRun = true")
    dispatcher.executor.drop()
    dispatcher.executor.leave()
    (outcome,) = await dispatcher.run_line("typeof hasRun")
    assert isinstance(outcome, Execution)
    assert outcome.value is not None
    assert outcome.value.data == "undefined"


@pytest.mark.parametrize("is_early", [True, False])
async def test_nothing_is_lost_if_its_line_does_not_run(prompt: Prompt, is_early: bool) -> None:
    """Its outcome is shown as that of an abandoned snippet, whether it comes before or after the line has failed."""
    dispatcher, shown = prompt
    dispatcher.begin("await null; 6 * 7")
    await until(lambda: is_answered(dispatcher) or (is_early and dispatcher.executor.is_busy))
    dispatcher.executor.leave()
    await until(lambda: shown)
    (outcome,) = shown
    assert isinstance(outcome, Execution)
    assert outcome.value is not None
    assert outcome.value.data == 42
    (outcome,) = await dispatcher.run_line("1")
    assert isinstance(outcome, Execution)
    assert outcome.status is Status.OK


@pytest.mark.parametrize(
    "line", ["", "  ", "%who", ".help", "npm install x\n1", "1 // " + "x" * 30_000]
)
async def test_only_short_snippets_begin(prompt: Prompt, line: str) -> None:
    """A magic, npm lines and a long text begin when their line runs."""
    dispatcher, _ = prompt
    dispatcher.begin(line)
    assert dispatcher.executor.ahead is None


async def test_without_the_prelude_it_waits(tmp_path: Path) -> None:
    """A new session gets the prelude first, and a start-up file goes before the first snippet."""
    (tmp_path / "startup.js").write_text("globalThis.first = 'startup'")
    async with opened(tmp_path, show=lambda _: None, at_prompt=True) as dispatcher:
        dispatcher.begin("first")
        assert dispatcher.executor.ahead is None
        (outcome,) = await dispatcher.run_line("first")
        assert isinstance(outcome, Execution)
        assert outcome.value is not None
        assert outcome.value.data == "startup"
