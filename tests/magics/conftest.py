"""A context for magics: plain collaborators around whatever session a test gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from noderepl.client.identifier import new_identifier
from noderepl.client.inprocess import InProcessTransport
from noderepl.client.session import open_session
from noderepl.magics import Context, Preferences, Screen
from noderepl.outcome import Execution, Outcome, Section
from noderepl.service.app import create_app
from noderepl.service.launcher import Launcher
from noderepl.service.node import find_node
from noderepl.service.pool import Pool
from noderepl.service.room import Room
from noderepl.sessions.journal import Journal
from noderepl.sessions.lifetime import Lifetime
from noderepl.sessions.registry import Registry
from noderepl.sessions.state import SessionState
from noderepl.settings import read_settings


@dataclass
class Desk:
    """The collaborators of a magic: the sessions and the runner are it itself.

    opened: how often the session was asked for. editor: what the user's editor makes of a text.
    """

    directory: Path
    present: Any = None
    opened: int = 0
    entries: list[str] = field(default_factory=list)
    terminal: tuple[int, int] | None = (100, 40)
    snippets: list[str] = field(default_factory=list)
    progress: list[tuple[str, int, int | None]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    preferences: Preferences = field(default_factory=lambda: Preferences(60, "inline"))
    editor: Callable[[str], str] = str.upper
    connect: Callable[[str], None] | None = None
    last: Execution | None = None
    is_embedded: bool = False
    node: Path | None = None
    limits: Room | None = None
    label: str = "embedded"
    copied: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.settings = read_settings(
            {"endpoint": "http://embedded.invalid"}, environ={}, directory=self.directory
        )
        self.registry = Registry(self.settings, None)
        self.state = SessionState(Journal())
        self.lifetime = Lifetime(
            self.session, lambda: self.present and self.present.idle, cooldown=None
        )

    @property
    def context(self) -> Context:
        return Context(
            sessions=self,
            state=self.state,
            runner=self,
            screen=Screen(
                progress=lambda *shown: self.progress.append(shown),
                step=self.steps.append,
                entries=lambda: self.entries,
                edit=self._edit,
                theme=lambda: ("default", "dark"),
                themes=lambda: {"default": "on any background", "dark": "on black"},
                keys=lambda: [Section("Keys", (("enter", "Run"),))],
                terminal=lambda: self.terminal,
                copy=self.copy,
            ),
            lifetime=self.lifetime,
            preferences=self.preferences,
            environ={"HOME": str(self.directory / "home")},
            directory=self.directory,
            settings=self.settings,
        )

    async def session(self) -> Any:
        self.opened += 1
        return self.present

    async def room(self) -> Room | None:
        return self.limits

    async def local_node(self) -> Path | None:
        return self.node

    async def copy(self, text: str) -> None:
        self.copied.append(text)

    async def use(self, identifier: str | None = None) -> str:
        self.present = self.present.renewed(identifier or new_identifier())
        self.registry.use(self.present.identifier, is_new=identifier is None)
        self.state.begin(is_whole=identifier is None)
        return str(self.present.identifier)

    async def run_snippet(self, code: str, *, file: str = "", table: object = None) -> Execution:
        ran: Execution = await self.present.execute(
            code, input_type=self.preferences.input_type, timeout=self.preferences.timeout
        )
        return ran

    async def rerun(self, code: str, number: int | None) -> Execution:
        return await self.run_snippet(code)

    async def has_prelude(self) -> bool:
        return True

    async def execute(self, code: str) -> Execution:
        return await self.run_snippet(code)

    async def whole(self, number: int = 0, *, is_deep: bool = False) -> Execution:
        return await self.run_snippet("1")

    def stored(self, number: int | None) -> None:
        return None

    async def output(self, execution: Execution) -> Sequence[Outcome]:
        return []

    async def _edit(self, text: str, suffix: str = ".js") -> str:
        return self.editor(text)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A prompt's things in an empty directory, with no session open."""
    directory = tmp_path / "here"
    (directory / "home").mkdir(parents=True)
    return Desk(directory)


@pytest.fixture
async def live(desk: Desk) -> AsyncIterator[Desk]:
    """The same, with a session of a real embedded pool."""
    pool = Pool(Launcher(find_node()))
    transport = InProcessTransport(create_app(pool))

    def connect(api_version: str) -> None:
        desk.present = open_session(
            "http://embedded.invalid",
            identifier=new_identifier(),
            api_version=api_version,
            transport=transport,
        )

    desk.connect = connect
    connect("auto")
    try:
        yield desk
    finally:
        await desk.present.aclose()
        await pool.close()
