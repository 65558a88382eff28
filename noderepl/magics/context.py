"""The objects and preferences that the prompt or a script passes to a magic.

This module opens and creates nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from noderepl.doctor.finding import Capabilities
from noderepl.lazy_dataclasses import dataclass

if TYPE_CHECKING:
    from noderepl.client.session import Session
    from noderepl.javascript import questions
    from noderepl.javascript.descriptions import Found
    from noderepl.javascript.offers import Variable
    from noderepl.javascript.prelude_request import Instrument, Table
    from noderepl.outcome import Execution, Outcome, Section
    from noderepl.preferences import Preferences
    from noderepl.service.room import Room
    from noderepl.sessions.lifetime import Lifetime
    from noderepl.sessions.registry import Registry
    from noderepl.sessions.state import SessionState
    from noderepl.settings import Settings
    from noderepl.spool import Spooled


class Runner(Protocol):
    """Runs JavaScript in the present session; each call raises ServiceError.

    last: the outcome of the last snippet. snippets: the snippets of this run, oldest first.
    """

    @property
    def last(self) -> Execution | None: ...

    @property
    def snippets(self) -> Sequence[str]: ...

    async def run_snippet(
        self,
        code: str,
        *,
        file: str = "",
        table: Table | None = None,
        instrument: Instrument | None = None,
    ) -> Execution:
        """Runs one snippet as if it had been typed. file: the name of its file, if it has one.
        table: how its value is shown as a table. instrument: what measures it.
        """

    async def rerun(self, code: str, number: int | None) -> Execution:
        """Runs a snippet of an earlier run again, under its number."""

    async def has_prelude(self) -> bool:
        """Returns whether the session can run the prelude; installs it."""

    async def ask(self, instrument: str, request: dict[str, object]) -> str:
        """Returns the report of an instrument that runs no snippet, as JSON."""

    async def execute(self, code: str) -> Execution:
        """Runs code of noderepl, without a record in the journal."""

    async def whole(self, number: int = 0, *, is_deep: bool = False) -> Execution:
        """Returns the value of a snippet without truncation; its error is NoResult if it has none.

        number: 0 for the last value. is_deep: whether to any depth.
        """

    def stored(self, number: int | None) -> Spooled | None:
        """Returns the stored output of a snippet, None for the latest; None if it has none."""

    async def variables(self) -> Sequence[Variable] | None:
        """Returns the variables of the session; None if they are not known."""

    async def describe(self, path: questions.Path, specifier: str) -> Found | None:
        """Returns what the session knows of a value, None if it cannot tell. specifier: of the
        module that the first name comes from, or "". Raises UsageError while a snippet runs.
        """

    async def output(self, execution: Execution) -> Sequence[Outcome]:
        """Returns the whole output of a snippet."""


class Sessions(Protocol):
    """The sessions of this run. is_embedded: whether the pool is the embedded one. label: the
    endpoint's display name.
    """

    @property
    def label(self) -> str: ...

    @property
    def is_embedded(self) -> bool: ...

    @property
    def registry(self) -> Registry: ...

    async def session(self) -> Session:
        """Returns the open session; the first call opens it."""

    async def room(self) -> Room | None:
        """Returns the room for files in the session; None if its limits are not known here."""

    async def local_node(self) -> Path | None:
        """Returns the Node.js of the embedded pool, None if there is none on this machine."""

    async def use(self, identifier: str | None = None) -> str:
        """Makes another session the present one, a new one for None. Returns its identifier."""


@dataclass(frozen=True)
class Screen:
    """The functions with which magics use the screen.

    progress: shows a label, the bytes done and the total (None if unknown) of a long transfer.
    step: shows the progress in words, see StatusLine.step(). entries: returns the history, oldest
    first. edit: opens the user's editor on a text, in a file with a suffix (by default .js), and
    returns the edited text.
    theme: returns the names of the present theme and of the one that has its place on this
    background, "" for none. themes: returns all themes, name to summary. keys: returns the keys and
    what they do. terminal: returns the columns and rows that snippets see, None if they see no
    terminal. copy: copies a text to the clipboard; raises LocalFileError. capabilities: returns
    what the terminal can do. is_prompt: whether the user can answer a question.
    """

    progress: Callable[[str, int, int | None], None]
    step: Callable[..., None]
    entries: Callable[[], Sequence[str]]
    edit: Callable[..., Awaitable[str]]
    theme: Callable[[], tuple[str, str]]
    themes: Callable[[], Mapping[str, str]]
    keys: Callable[[], Sequence[Section]]
    terminal: Callable[[], tuple[int, int] | None]
    copy: Callable[[str], Awaitable[None]]
    capabilities: Callable[[], Capabilities] = lambda: Capabilities(False)
    is_prompt: bool = False


@dataclass(frozen=True)
class Context:
    """The objects that a magic uses.

    state: of the present session. lifetime: its remaining time. environ: the user's environment.
    directory: the user's working directory, for relative local paths. settings: of this run.
    """

    sessions: Sessions
    state: SessionState
    runner: Runner
    screen: Screen
    lifetime: Lifetime
    preferences: Preferences
    environ: Mapping[str, str]
    directory: Path
    settings: Settings
