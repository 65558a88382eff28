"""The start-up file: when it runs, and what it leaves behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from dispatching import opened, rendered, shown
from driving import wait_for

from noderepl.outcome import Outcome
from noderepl.settings import read_settings
from noderepl.startup_file import StartupFile, startup_path

CODE = """const ran = await Promise.resolve((globalThis.runs ?? 0) + 1);
import path from 'path';
function fail() { throw new Error('oh'); }
console.log('hello');
  fail();
"""


async def test_it_runs_in_each_new_session(tmp_path: Path) -> None:
    """Before the first snippet, also after a loss and after %session new; its error is shown, and it is no step."""
    (tmp_path / "startup.js").write_text(CODE)
    seen: list[Outcome] = []

    def times() -> tuple[int, int]:
        """How often its output and its error were shown."""
        text = "\n".join(map(rendered, seen))
        return text.count("hello"), text.count("at startup.js:5:3")

    async with opened(tmp_path, show=seen.append, at_prompt=True) as dispatcher:
        assert await shown(dispatcher, "[ran, typeof path.join]") == "[ 1, 'function' ]"
        assert times() == (1, 1)
        assert await shown(dispatcher, "_1.length") == "2"
        codes = [one.code for one in dispatcher.state.snippets]
        assert codes == ["[ran, typeof path.join]", "_1.length"]
        await (await dispatcher.backend.session()).delete()
        await dispatcher.run_line("'this finds the loss'")
        assert await shown(dispatcher, "ran") == "1"
        assert times() == (2, 2)
        await dispatcher.run_line("%session new")
        await dispatcher.run_line("let ran2 = ran")
        assert times() == (3, 3)
        where = tmp_path / "startup.js", False
        executor, state = dispatcher.executor, dispatcher.state
        again = StartupFile(where, executor, state, is_resumed=True, show=seen.append)
        await again.run()
        assert times() == (3, 3)


async def test_an_interrupt_of_it_ends_the_line(tmp_path: Path) -> None:
    """The snippet that waits for it does not run."""
    (tmp_path / "startup.js").write_text("await new Promise(() => {})")
    async with opened(tmp_path, show=lambda _: None, at_prompt=True) as dispatcher:
        running = asyncio.create_task(dispatcher.run_line("globalThis.ran = 1"))
        async with asyncio.timeout(20):
            assert await asyncio.to_thread(wait_for, lambda: dispatcher.executor.can_interrupt)
            await asyncio.sleep(0.3)
            await dispatcher.executor.interrupt()
            await asyncio.wait([running])
        assert running.cancelled()
        assert await shown(dispatcher, "typeof ran") == "'undefined'"


async def test_it_runs_while_the_user_types(tmp_path: Path) -> None:
    """With the prelude, not with the first snippet."""
    (tmp_path / "startup.js").write_text("globalThis.at = 1")
    seen: list[Outcome] = []
    async with opened(tmp_path, show=seen.append, at_prompt=True) as dispatcher:
        await dispatcher.warm_up()
        (tmp_path / "startup.js").write_text("globalThis.at = 2")
        listed = (await shown(dispatcher, "%who")).splitlines()[1].split()
        assert listed == ["at", "number", "1"]
        assert await shown(dispatcher, "at") == "1"
    assert seen == []


@pytest.mark.parametrize(
    ("content", "sentence"), [(None, "no such file"), (b"\xff", "not UTF-8 text")]
)
async def test_a_file_that_cannot_be_read(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    """It is reported once, and the snippet runs."""
    file = tmp_path / "mine.js"
    if content is not None:
        file.write_bytes(content)
    seen: list[Outcome] = []
    options = {"startup": str(file), "show": seen.append, "at_prompt": True}
    async with opened(tmp_path, **options) as dispatcher:  # type: ignore[arg-type]
        assert [await shown(dispatcher, line) for line in ("1", "2")] == ["1", "2"]
    assert len(seen) == 1 and sentence in rendered(seen[0])


async def test_a_script_runs_it_if_the_command_line_names_it(tmp_path: Path) -> None:
    """Otherwise a script has none."""
    (tmp_path / "startup.js").write_text("globalThis.at = 1")
    async with opened(tmp_path) as dispatcher:
        assert await shown(dispatcher, "typeof at") == "'undefined'"
    async with opened(tmp_path, startup=str(tmp_path / "startup.js")) as dispatcher:
        assert await shown(dispatcher, "typeof at") == "'number'"


@pytest.mark.parametrize(
    ("config", "named", "at_prompt", "script"),
    [
        ("", {}, "CONFIG/startup.js", None),
        ('startup = "off"', {}, None, None),
        ('startup = "a.js"', {"startup": "off"}, None, None),
        ('startup = "a.js"', {}, "CONFIG/a.js", None),
        ('startup = "a.js"\n[profiles.p]\nstartup = "p.ts"', {}, "CONFIG/a.js", None),
        ('profile = "p"\n[profiles.p]\nstartup = "p.ts"', {}, "CONFIG/p.ts", None),
        ("", {"NODEREPL_STARTUP": "b.js"}, "b.js", "b.js"),
        ("", {"startup": "/c.js"}, "/c.js", "/c.js"),
    ],
)
def test_which_file(
    tmp_path: Path,
    config: str,
    named: dict[str, str],
    at_prompt: str | None,
    script: str | None,
) -> None:
    """The one beside the configuration, or another one that the option names; none for scripts by default."""
    (tmp_path / "config.toml").write_text(config)
    flags = {name: one for name, one in named.items() if name.islower()}
    environ = {name: one for name, one in named.items() if name.isupper()}
    settings = read_settings(flags, environ=environ, directory=tmp_path)
    for where, expected in ((True, at_prompt), (False, script)):
        path, _ = startup_path(settings, at_prompt=where)
        wanted = expected and expected.replace("CONFIG", str(tmp_path))
        assert path == (Path(wanted) if wanted else None)
