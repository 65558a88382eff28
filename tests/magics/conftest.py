"""A context for magics: plain collaborators around whatever session a test gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from noderepl.client.identifier import new_identifier
from noderepl.client.session import Session
from noderepl.journal import Journal
from noderepl.lifetime import Lifetime
from noderepl.magics import Context, Preferences
from noderepl.outcome import Execution
from noderepl.service.app import create_app
from noderepl.service.node import find_node
from noderepl.service.pool import Pool


@dataclass
class Desk:
    """What a prompt would hold: the current session, what was typed and run, and what magics told of progress."""

    directory: Path
    session: Any = None
    opened: int = 0
    entries: list[str] = field(default_factory=list)
    snippets: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    progress: list[tuple[str, int, int | None]] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    journal: Journal = field(default_factory=Journal)
    preferences: Preferences = field(default_factory=lambda: Preferences(60, "inline", "default"))
    editor: Callable[[str], str] = str.upper
    connect: Callable[[str], None] | None = None

    def __post_init__(self) -> None:
        self.lifetime = Lifetime(self._session, lambda: self.session and self.session.idle, cooldown=None)

    @property
    def context(self) -> Context:
        return Context(
            session=self._session,
            use_session=self._use,
            made=self.made,
            end=self._end,
            keep=lambda: self.made.discard(self.session.identifier),
            is_embedded=False,
            lifetime=self.lifetime,
            journal=self.journal,
            preferences=self.preferences,
            run=self._run,
            rerun=lambda code, _: self._run(code),
            whole=lambda: self._run("1"),
            last=lambda: None,
            numbers=self.numbers,
            execute=self._run,
            entries=lambda: self.entries,
            snippets=self.snippets,
            progress=lambda *told: self.progress.append(told),
            step=self.steps.append,
            edit=self._edit,
            themes=lambda: {"default": "on any background", "dark": "on black"},
            environ={"HOME": str(self.directory / "home")},
            directory=self.directory,
        )

    async def _session(self) -> Any:
        self.opened += 1
        return self.session

    async def _use(self, session: Any, is_new: bool) -> None:
        self.session = session
        self.journal.begin(is_whole=is_new)

    async def _end(self, session: Any) -> None:
        await session.delete()
        self.made.discard(session.identifier)

    def _run(self, code: str) -> Awaitable[Execution]:
        return self.session.execute(code, input_type=self.preferences.input_type, timeout=self.preferences.timeout)

    async def _edit(self, text: str) -> str:
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
    pool = Pool(find_node())
    transport = httpx.ASGITransport(app=create_app(pool))

    def connect(api_version: str) -> None:
        desk.session = Session(
            "http://embedded.invalid", identifier=new_identifier(), api_version=api_version, transport=transport
        )

    desk.connect = connect
    connect("auto")
    try:
        yield desk
    finally:
        await desk.session.aclose()
        await pool.close()
