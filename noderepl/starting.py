"""Starts a run with or without a prompt: Node.js of the embedded pool starts before asyncio,
repl.py or script.py is imported.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from noderepl.javascript.program import Action
from noderepl.light_imports import import_asyncio
from noderepl.settings import Settings
from noderepl.signals import before_end
from noderepl.terminal.early_prompt import EarlyPrompt

if TYPE_CHECKING:
    from noderepl.service.launcher import Launcher
    from noderepl.sessions.backend import Backend
    from noderepl.sessions.store import Record

# A thread that imports leaves Python to the others after this time, so that they start Node.js
# meanwhile; Python's default is 5 ms.
SWITCH_SECONDS = 0.0002
# A start in progress may wait for the import that the handler of a signal has interrupted.
HANDLER_SECONDS = 0.2


@contextmanager
def _begun(settings: Settings) -> Iterator[Launcher | None]:
    """Yields the launcher of the embedded pool, which starts Node.js while Python imports the rest;
    None if the pool is remote. Raises as embedded_launcher() does.
    """
    if settings.endpoint:
        yield None
        return
    from noderepl.sessions.embedded_launcher import embedded_launcher

    launcher = embedded_launcher(settings)
    before_end(partial(launcher.close, HANDLER_SECONDS))
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        launcher.begin()
        yield launcher
    finally:
        launcher.close()


def run_script(settings: Settings, actions: Sequence[Action], *, stdin: bytes | None = None) -> int:
    """Runs actions in one session. stdin: the standard input of their programs, None if there is
    none. Returns the exit code. Raises NodeReplError.
    """
    with _begun(settings) as launcher:
        import_asyncio()
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

        return with_backend(settings, main, launcher=launcher, state=state)


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
    with _begun(settings) as launcher:
        import_asyncio()
        import asyncio

        from noderepl.sessions.run import with_backend

        def state() -> Path | None:
            from noderepl.sessions.store import sessions_directory

            return sessions_directory()

        async def main(backend: Backend) -> int:
            for name in ("noderepl.repl", *(["noderepl.script"] if actions else [])):
                await asyncio.to_thread(import_module, name)
            from noderepl.repl import run

            if not actions:
                return await run(settings, None, early, backend)
            from noderepl.script import run_actions

            return await run(settings, partial(run_actions, settings, actions), early, backend)

        return with_backend(
            settings, main, launcher=launcher, spares=1, state=state, resumed=resumed
        )
