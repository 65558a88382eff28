"""A session that was replaced: noticed before anything runs in its successor, told, and done again when asked.

On the embedded pool behind HTTP with a short cooldown, and on the bare kernel, whose sessions somebody deletes.
"""

from __future__ import annotations

import asyncio
import io
import re
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from bare_kernel import bare_kernel, installed_nel
from dispatching import opened, shown
from nodes import node_of_wheel
from serving import TOKEN, served

from noderepl.dispatcher import Dispatcher
from noderepl.errors import SessionLost, UsageError
from noderepl.javascript.program import Action, Program
from noderepl.outcome import Execution, Failure, Outcome, Prefill, Table, Words
from noderepl.script import exit_code, run_actions
from noderepl.settings import read_settings
from noderepl.terminal.console import Console

COOLDOWN = 2


@dataclass
class Lossy:
    """A dispatcher, and the pool's way to lose its session."""

    dispatcher: Dispatcher
    lose: Callable[[], Awaitable[None]]
    by_idling: bool = False

    async def run(self, *lines: str) -> list[Outcome]:
        """What the last of these lines gives."""
        outcomes: list[Outcome] = []
        for line in lines:
            outcomes = list(await self.dispatcher.run_line(line))
        return outcomes


@pytest.fixture(params=["served", "bare"])
async def lossy(
    request: pytest.FixtureRequest, shared: Path, tmp_path: Path
) -> AsyncIterator[Lossy]:
    """A session that can be lost, by idling or by deletion."""
    node = node_of_wheel()
    if request.param == "served":
        with served(
            tmp_path / "server", "--cooldown", str(COOLDOWN), "--node", str(node.path)
        ) as pool:
            options = {"endpoint": pool.endpoint, "environ": pool.environ}
            async with opened(tmp_path, **options) as dispatcher:
                yield Lossy(dispatcher, lambda: asyncio.sleep(COOLDOWN + 0.5), by_idling=True)
        return
    async with (
        bare_kernel(node, installed_nel(shared)) as endpoint,
        opened(tmp_path, endpoint=endpoint) as dispatcher,
    ):

        async def delete() -> None:
            session = await dispatcher.backend.session()
            await session.renewed(session.identifier).delete()

        yield Lossy(dispatcher, delete)


def package(place: Path) -> Path:
    """A package that npm can install without a network."""
    file = place / "tiny.tgz"
    with tarfile.open(file, "w:gz") as archive:
        for name, text in (
            ("package.json", '{"name": "tiny", "version": "1.0.0"}'),
            ("index.js", "exports.twice = (n) => n * 2"),
        ):
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return file


def words(outcomes: list[Outcome]) -> str:
    return " ".join(outcome.text for outcome in outcomes if isinstance(outcome, Words | Failure))


async def test_what_was_lost_is_told_and_replayed(lossy: Lossy, tmp_path: Path) -> None:
    """The line does not run and comes back, all that is gone is named, and %replay brings it back with its numbers."""
    file = package(tmp_path)
    installed = await lossy.run(
        "let a = 6, b = 7",
        "throw new Error('not again')",
        f"%upload {file}",
        "npm install ./tiny.tgz",
        "const { twice } = require('tiny')",
        "twice(a * b)",
    )
    assert isinstance(installed[0], Execution) and installed[0].number == 4, installed
    await lossy.lose()
    failure, told, prefill = await lossy.run("require('fs').writeFileSync('ran', '')")
    assert isinstance(failure, Failure) and failure.exit_code == 3
    assert re.fullmatch(
        r"the session was replaced by an empty one( after [23] s without a call)?, as the pool's answer says, "
        "so the snippet was not run",
        failure.text,
    )
    assert (" after " in failure.text) == lossy.by_idling
    assert told == Words(
        "Lost: variables a, b and twice; probably package ./tiny.tgz and file tiny.tgz. "
        "%replay re-runs 5 steps; %replay --dry-run lists them.",
        warning=True,
    )
    assert prefill == Prefill("require('fs').writeFileSync('ran', '')")
    rows, reaches = await lossy.run("%replay --dry-run")
    assert rows == Table(
        (),
        (
            ("1", "", "let a = 6, b = 7"),
            ("2", "", f"%upload {file} --as tiny.tgz"[:59] + "…"),
            ("3", "network", "%npm install ./tiny.tgz"),
            ("4", "", "const { twice } = require('tiny')"),
            ("5", "", "twice(a * b)"),
        ),
    )
    assert "may repeat an effect" in words([reaches])
    assert (
        await shown(lossy.dispatcher, "[typeof a, require('fs').existsSync('ran')]")
        == "[ 'undefined', false ]"
    )
    assert words(await lossy.run("%replay")) == "Replayed steps 1 to 5."
    assert await shown(lossy.dispatcher, "[a, _4, twice(b)]") == "[ 6, 84, 14 ]"
    with pytest.raises(UsageError, match="no session was lost"):
        await lossy.run("%replay")


async def test_a_snippet_from_before_the_loss_was_known_does_not_run(lossy: Lossy) -> None:
    """Two lines are entered before the first of them shows the loss: the second one comes back too."""
    await lossy.run("let a = 1")
    await lossy.lose()
    first, second = await asyncio.gather(lossy.run("a"), lossy.run("globalThis.ran = true"))
    assert "was replaced by an empty one" in words(first)
    assert re.search("before the snippet ran; it was not run", words(second)), second
    assert second[-1] == Prefill("globalThis.ran = true")
    assert await shown(lossy.dispatcher, "typeof ran") == "'undefined'"


async def test_a_session_without_state_may_be_lost_after_a_loss(lossy: Lossy) -> None:
    """Steps of the first loss are left to replay; the second one loses nothing, and the snippet runs."""
    await lossy.run("let a = 1")
    await lossy.lose()
    await lossy.run("a", "%mem")
    await lossy.lose()
    ran, *_ = await lossy.run("1 + 1")
    assert isinstance(ran, Execution) and ran.value is not None and ran.value.text == "2"
    assert lossy.dispatcher.state.journal.lost


async def test_a_replay_stops_at_the_first_failure(lossy: Lossy) -> None:
    """What fails is shown, what was done is said; the replay goes on from there, from behind it, or with a part."""
    await lossy.run(
        "var list = [1]",
        "require('fs').writeFileSync('made', 'x'); throw new Error('afterwards')",
        "list.push(require('fs').readFileSync('made', 'utf8'))",
        "list.push(3)",
        "list.push(4)",
    )
    await lossy.lose()
    await lossy.run("list")
    thrown, stopped = await lossy.run("%replay")
    assert isinstance(thrown, Execution) and thrown.error and "ENOENT" in thrown.error.message
    assert words([stopped]) == (
        "The replay stopped at step 2, step 1 done; %replay retries it, %replay 3- skips it"
    )
    assert words((await lossy.run("%replay"))[-1:]).startswith(
        "The replay stopped at step 2, nothing done"
    )
    assert (
        words(await lossy.run("%replay 3"))
        == "Replayed step 3. 1 step is left: %replay continues with 4."
    )
    for bad in ("%replay 5", "%replay 0-2", "%replay 3-2", "%replay x"):
        with pytest.raises(UsageError):
            await lossy.run(bad)
    assert words(await lossy.run("%replay 4-")) == "Replayed step 4."
    assert await shown(lossy.dispatcher, "list") == "[ 1, 3, 4 ]"


async def test_a_second_loss_forgets_nothing(lossy: Lossy) -> None:
    """Lost again in the middle of a replay, before it, or after other work, all can still be brought back, in order."""
    await lossy.run("var n = 1", "n += 1", "n += 1")
    await lossy.lose()
    await lossy.run("n")
    await lossy.run("%replay 1-2")
    await lossy.lose()
    assert "re-runs 3 steps" in words(await lossy.run("n"))
    await lossy.run("'nobody asked for a replay'")
    await lossy.lose()
    told = words(await lossy.run("n"))
    assert "variable n." in told and "re-runs 4 steps" in told
    await lossy.run("%replay")
    assert await shown(lossy.dispatcher, "n") == "3"


async def test_two_losses_in_a_row_lose_nothing(lossy: Lossy) -> None:
    """What was not replayed after the first loss comes before what was done since."""
    await lossy.run("a = 1", "b = 2")
    await lossy.lose()
    await lossy.run("5")
    await lossy.run("5")
    await lossy.lose()
    assert "variables a and b." in words(await lossy.run("a"))
    (table,) = await lossy.run("%replay --dry-run")
    assert isinstance(table, Table) and [row[-1] for row in table.rows] == ["a = 1", "b = 2", "5"]
    await lossy.run("%replay")
    assert await shown(lossy.dispatcher, "[a, b]") == "[ 1, 2 ]"


async def test_a_replay_that_ends_the_session_begins_anew(tmp_path: Path) -> None:
    """Where a step takes the new session with it, or that is lost between two steps, all steps are lost again."""
    with served(tmp_path / "server") as pool:
        async with opened(tmp_path, endpoint=pool.endpoint, environ=pool.environ) as dispatcher:

            async def drop() -> None:
                pool.drop(pool.sessions()[0])

            lossy = Lossy(dispatcher, drop)
            ends = "globalThis.safe ?? require('child_process').execSync('kill -KILL $PPID')"
            await lossy.run("var a = 1", "throw (globalThis.safe = 1)", ends, "var b = 2")
            await lossy.lose()
            await lossy.run("a")
            _, stopped, told = await lossy.run("%replay")
            assert words([stopped]) == "The replay stopped at step 2: the session was lost again"
            assert "variables a and b." in words([told]) and "re-runs 3 steps" in words([told])
            await lossy.run("%replay 1")
            await lossy.lose()
            outcomes = await lossy.run("%replay 2-")
            assert isinstance(outcomes[0], Failure) and outcomes[-1] == Prefill("%replay")
            assert "re-runs 3 steps" in words(outcomes)


async def test_nothing_is_told_where_nothing_is_lost(lossy: Lossy) -> None:
    """A session in which nobody did anything is replaced without a word, and the snippet runs in the new one."""
    await lossy.dispatcher.warm_up()
    await lossy.lose()
    (execution,) = await lossy.run("6 * 7")
    assert isinstance(execution, Execution) and execution.value and execution.value.text == "42"
    assert execution.notes == ()


async def test_magics_that_run_code_notice_it_too(lossy: Lossy) -> None:
    """npm does not run in a session that was replaced, nor does what %time times; the line comes back."""
    await lossy.run("var kept = 1")
    for line in ("%npm --version", "%time 1", "npm install ms\nkept"):
        await lossy.lose()
        outcomes = await lossy.run(line)
        assert isinstance(outcomes[0], Failure) and outcomes[-1] == Prefill(line), outcomes
        await lossy.run("var kept = 1")


async def test_in_plain_mode_it_is_told_afterwards(lossy: Lossy) -> None:
    """Nothing can be asked of a bare kernel beforehand: the snippet has run, and the loss is told with its answer."""
    await lossy.run("%mode plain", "var kept = 1")
    await lossy.lose()
    execution, told = await lossy.run("typeof kept")
    assert isinstance(execution, Execution) and execution.replaced
    assert exit_code(execution) == 3
    assert "variable kept" in words([told])


async def test_a_script_ends_with_one_sentence(lossy: Lossy, tmp_path: Path) -> None:
    """The action that would have run in an empty session does not, and the script fails with exit code 3."""
    settings = read_settings({}, environ={"NODEREPL_TOKEN": TOKEN}, directory=tmp_path)
    console = Console(io.StringIO(), io.StringIO(), theme=None, color="never", environ={})  # type: ignore[arg-type]
    assert (
        await run_actions(
            settings, [Action("eval", "var a = 1", Program())], lossy.dispatcher, console
        )
        == 0
    )
    await lossy.lose()
    again = Action("eval", "a", Program())
    with pytest.raises(SessionLost) as lost:
        await run_actions(settings, [again, again], lossy.dispatcher, console)
    assert (
        lost.value.exit_code == 3
        and ". " not in str(lost.value)
        and "was not run" in str(lost.value)
    )


async def test_keepalive_keeps_it_and_says_what_it_costs(tmp_path: Path) -> None:
    """A session kept warm outlives its cooldown, and ends after it once it is let go."""
    with served(tmp_path / "server", "--cooldown", str(COOLDOWN)) as pool:
        async with opened(tmp_path, endpoint=pool.endpoint, environ=pool.environ) as dispatcher:
            lossy = Lossy(dispatcher, lambda: asyncio.sleep(COOLDOWN + 0.5))
            assert "not kept alive" in words(await lossy.run("var kept = 1", "%keepalive"))
            assert "billed" in words(await lossy.run("%keepalive on 5"))
            await asyncio.sleep(2 * COOLDOWN + 0.5)
            assert "for 5 min, but not beyond this prompt" in words(await lossy.run("%keepalive"))
            assert await shown(dispatcher, "kept") == "1"
            await lossy.run("%keepalive off")
            await lossy.lose()
            assert isinstance((await lossy.run("kept"))[0], Failure)
            for bad in (
                "%keepalive maybe",
                "%keepalive on 0",
                "%keepalive on x",
                "%keepalive on 1441",
            ):
                with pytest.raises(UsageError):
                    await lossy.run(bad)


async def test_the_cooldown_is_the_pools_own_word_or_else_the_users(tmp_path: Path) -> None:
    """GET /session tells it; where the API version has no such call, the configuration may, and else nobody knows."""
    with served(tmp_path / "server", "--cooldown", "77") as pool:
        for version, told, known in (
            ("auto", {}, 77.0),
            ("auto", {"cooldown": 600}, 77.0),
            ("2024-02-02-preview", {"cooldown": 600}, 600.0),
            ("2024-02-02-preview", {}, None),
        ):
            where = {"endpoint": pool.endpoint, "environ": pool.environ, "api_version": version}
            async with opened(tmp_path, **_options(where), **told) as dispatcher:
                await dispatcher.warm_up()
                assert dispatcher.lifetime.cooldown == known
                assert (dispatcher.lifetime.remaining() is None) == (known is None)


def _options(where: dict) -> dict:
    return {
        name if name == "environ" else name.replace("_", "-"): value
        for name, value in where.items()
    }
