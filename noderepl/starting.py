"""Starts a run with or without a prompt: the trial of the sandbox starts before asyncio is
imported, and Node.js of the embedded pool before repl.py or script.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.javascript.program import Action
from noderepl.settings import Settings
from noderepl.terminal.early_prompt import EarlyPrompt

if TYPE_CHECKING:
    from noderepl.sessions.backend import Backend
    from noderepl.sessions.store import Record


def _begin_trial(settings: Settings) -> None:
    """Starts the trial of the embedded pool's sandbox, which runs while Python imports the rest."""
    if not settings.endpoint and settings.sandbox != "off":
        from noderepl.service.bubblewrap import begin_trial

        begin_trial(egress=settings.egress == "enabled")


def run_script(settings: Settings, actions: Sequence[Action], *, stdin: bytes | None = None) -> int:
    """Runs actions in one session. stdin: the standard input of their programs, None if there is
    none. Returns the exit code. Raises NodeReplError.
    """

    _begin_trial(settings)
    import asyncio

    from noderepl.sessions.run import with_backend

    def state() -> Path | None:
        from noderepl.sessions.records import names_session
        from noderepl.sessions.store import sessions_directory

        directory = sessions_directory()
        is_used = settings.keep or settings.resume or names_session(settings, directory)
        return directory if is_used else None

    async def main(backend: Backend) -> int:
        await asyncio.to_thread(import_module, "noderepl.script")
        from noderepl.script import run

        return await run(settings, actions, stdin, backend)

    return with_backend(settings, main, spares=0, state=state)


def run_repl(
    settings: Settings,
    actions: Sequence[Action],
    early: EarlyPrompt,
    resumed: Record | None = None,
) -> int:
    """Runs the prompt until the user leaves it.

    actions: run before the first prompt, in the same session. early: the early prompt, which is on
    the screen. resumed: as for Registry. Returns the exit code. Raises NodeReplError if the prompt
    cannot open.
    """

    _begin_trial(settings)
    import asyncio

    from noderepl.sessions.run import with_backend

    def state() -> Path | None:
        from noderepl.sessions.store import sessions_directory

        return sessions_directory()

    async def main(backend: Backend) -> int:
        for name in ("noderepl.repl", "noderepl.terminal.prompt", "noderepl.script"):
            await asyncio.to_thread(import_module, name)
        from noderepl.repl import run
        from noderepl.script import run_actions

        return await run(settings, partial(run_actions, settings, actions), early, backend)

    return with_backend(settings, main, spares=1, state=state, resumed=resumed)
