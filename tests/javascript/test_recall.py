"""What a session knows of the snippets that it ran, by their ids."""

from __future__ import annotations

import asyncio
import zlib
from pathlib import Path

import pytest
from dispatching import opened, rendered

from noderepl.dispatcher import Dispatcher
from noderepl.javascript import prelude
from noderepl.javascript.analyze import analyze
from noderepl.javascript.prelude_answers import NoAnswer, read
from noderepl.javascript.prelude_request import Options, Request
from noderepl.outcome import Execution
from noderepl.service.node import Node


async def ask(dispatcher: Dispatcher, code: str, run: str) -> Execution:
    session = await dispatcher.backend.session()
    answer = read(await session.execute(prelude.installation({}) + code), id_of(run))
    assert answer is not None
    return answer.execution


async def enter(dispatcher: Dispatcher, code: str, run: str) -> Execution:
    analysis = analyze(code, global_name=prelude.global_name(), typescript="auto")
    return await ask(
        dispatcher, prelude.snippet(analysis, Options(), Request(id_of(run), seconds=5)), run
    )


async def recall(dispatcher: Dispatcher, run: str) -> Execution:
    return await ask(dispatcher, prelude.recall(id_of(run)), run)


def id_of(run: str) -> int:
    """The id of a run that has a name here."""
    return zlib.crc32(run.encode()) >> 1


async def test_a_snippet_runs_once_for_an_id(node: Node, tmp_path: Path) -> None:
    """The same request again is answered as it was, with value, error, pictures and late errors, and runs nothing."""
    async with opened(tmp_path, node=str(node.path)) as dispatcher:
        await enter(dispatcher, "var runs = 0", "first")
        for code in (
            "({ runs: ++runs })",
            "runs++; throw new RangeError('as it was')",
            "runs++; $$.png('iVBORw0KGgo=')",
            "runs++; Promise.reject(new Error('late')); await 1",
            "runs++; process.exit(3)",
            "runs++; await new Promise(done => setTimeout(done, 50)); runs",
        ):
            first = await enter(dispatcher, code, code)
            again = await enter(dispatcher, code, code)
            recalled = await recall(dispatcher, code)
            for other in (again, recalled):
                assert (other.value, other.error, other.media, other.late, other.number, other.status) == (
                    first.value, first.error, first.media, first.late, first.number, first.status,
                )  # fmt: skip
        assert rendered(await enter(dispatcher, "runs", "last")) == "6"


async def test_an_id_that_was_asked_for_never_runs(tmp_path: Path) -> None:
    """Once a session has said that a snippet never began, it never does."""
    async with opened(tmp_path) as dispatcher:
        with pytest.raises(NoAnswer, match="unbegun"):
            await recall(dispatcher, "late")
        with pytest.raises(NoAnswer, match="unbegun"):
            await enter(dispatcher, "globalThis.ran = true", "late")
        with pytest.raises(NoAnswer, match="unbegun"):
            await recall(dispatcher, "late")
        assert rendered(await enter(dispatcher, "typeof ran", "check")) == "'undefined'"


async def test_only_the_last_answers_are_kept(tmp_path: Path) -> None:
    """Of older snippets the session knows that they ran, so that none of them runs again."""
    async with opened(tmp_path) as dispatcher:
        await enter(dispatcher, "var runs = 1", "old")
        for number in range(4):
            await enter(dispatcher, str(number), str(number))
        assert rendered(await recall(dispatcher, "0")) == "0"
        for again in (recall(dispatcher, "old"), enter(dispatcher, "runs++", "old")):
            with pytest.raises(NoAnswer, match="forgotten"):
                await again
        assert rendered(await enter(dispatcher, "runs", "check")) == "1"


async def test_asking_waits_for_a_snippet_that_runs(tmp_path: Path) -> None:
    """Who asks while the snippet runs gets the answer once there is one."""
    async with opened(tmp_path) as dispatcher:
        code = "await new Promise(done => setTimeout(done, 200)); 'slow'"
        running = asyncio.create_task(enter(dispatcher, code, "slow"))
        await asyncio.sleep(0.1)
        assert rendered(await recall(dispatcher, "slow")) == "'slow'"
        assert rendered(await running) == "'slow'"


async def test_users_cannot_change_what_is_kept(tmp_path: Path) -> None:
    """Whatever built-ins a snippet replaces, the session answers as before."""
    async with opened(tmp_path) as dispatcher:
        code = "Object.prototype.x1 = 'text'; Array.prototype.push = JSON.stringify = Map.prototype.get = null; 7"
        told = "Array.prototype.push was put back as it was: the session itself needs it.\n7"
        assert rendered(await enter(dispatcher, code, "x")) == told
        assert rendered(await recall(dispatcher, "x")) == told
        with pytest.raises(NoAnswer, match="unbegun"):
            await recall(dispatcher, "x1")
