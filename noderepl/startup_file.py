"""The start-up file: code of the user that runs once in each new session, before its snippets.

It is no snippet: it has no number and no result, and no step of the journal. A new session after a
loss runs it again by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from noderepl.errors import ExitCode, NodeReplError
from noderepl.execution.executor import Executor
from noderepl.outcome import Execution, Failure, Outcome, Status
from noderepl.sessions.state import SessionState
from noderepl.settings import Settings
from noderepl.terminal.escapes import plain
from noderepl.text_files import MOST_CODE, read_bytes

NAME, OFF = "startup.js", "off"
# Where an option is for scripts, too.
_FOR_SCRIPTS = ("--startup", "NODEREPL_STARTUP")
# A session that is lost while the file runs is followed by another one, once.
_TRIES = 2


def startup_path(settings: Settings, *, at_prompt: bool) -> tuple[Path | None, bool]:
    """Returns the path of the start-up file, None for none, and whether it must exist.

    at_prompt: whether it is for a prompt. A script has one only if the command line or the
    environment names it.
    """
    named, place = settings.startup, settings.places.get("startup")
    if named == OFF or not (at_prompt or place in _FOR_SCRIPTS):
        return None, False
    if named is None:
        return settings.directory / NAME, False
    base = Path() if place in _FOR_SCRIPTS else settings.directory
    return base / Path(named).expanduser(), True


class StartupFile:
    """Runs the start-up file in the present session of an executor.

    path, is_required: as startup_path() returns them. is_resumed: whether the first session is a
    resumed one, in which the file has run. show: called with what it shows.
    """

    def __init__(
        self,
        path: tuple[Path | None, bool],
        executor: Executor,
        state: SessionState,
        *,
        is_resumed: bool,
        show: Callable[[Outcome], None],
    ) -> None:
        self._path, self._is_required = path
        self._executor = executor
        self._state = state
        self._show = show
        self._ran_in = state.generation if is_resumed else -1
        self._lock = asyncio.Lock()

    @property
    def is_due(self) -> bool:
        """Whether run() may run the file."""
        is_done = self._ran_in == self._state.generation or not self._state.journal.is_whole
        return self._path is not None and not is_done

    async def run(self) -> None:
        """Runs the file unless the session has run it, or is not a new one. Shows what fails."""
        if self._path is None:
            return
        async with self._lock:
            for _ in range(_TRIES):
                if not self.is_due:
                    return
                self._ran_in = self._state.generation
                if (code := self._read(self._path)) is None:
                    return
                try:
                    name = plain(self._path.name)
                    self._report(await self._executor.run(code, file=name, aside=True))
                except NodeReplError as error:
                    self._show(Failure(f"{self._path.name}: {error}", error.exit_code))

    def _read(self, path: Path) -> str | None:
        try:
            return read_bytes(path, MOST_CODE).decode("utf-8-sig")
        except FileNotFoundError:
            why = "there is no such file"
            if not self._is_required:
                return None
        except UnicodeDecodeError:
            why = "it is not UTF-8 text"
        except OSError as error:
            why = error.strerror or str(error)
        self._show(Failure(f"the start-up file {path} cannot be read: {why}", ExitCode.USAGE))
        return None

    def _report(self, execution: Execution) -> None:
        """Shows an error, and output that has not been shown; there is no value."""
        shown = replace(execution, value=None)
        has_output = bool(shown.stdout or shown.stderr) and not shown.streamed
        is_failed = shown.status is not Status.OK
        if is_failed or has_output or shown.media or shown.notes or shown.late:
            self._show(shown)
