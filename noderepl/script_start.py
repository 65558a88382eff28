"""Starts a run without a prompt: Node.js of the embedded pool starts before script.py is loaded."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from importlib import import_module

from noderepl.javascript.program import Action
from noderepl.sessions.backend import Backend
from noderepl.sessions.records import names_session
from noderepl.sessions.run import with_backend
from noderepl.sessions.store import sessions_directory
from noderepl.settings import Settings


def run_script(settings: Settings, actions: Sequence[Action], *, stdin: bytes | None = None) -> int:
    """Runs actions in one session. stdin: the standard input of their programs, None if there is
    none. Returns the exit code. Raises NodeReplError.
    """
    state = sessions_directory()
    if not (settings.keep or settings.resume or names_session(settings, state)):
        state = None
    return with_backend(settings, partial(_run, settings, actions, stdin), state=state)


async def _run(
    settings: Settings, actions: Sequence[Action], stdin: bytes | None, backend: Backend
) -> int:
    backend.start()
    # In a thread, so that the event loop can start Node.js meanwhile.
    await asyncio.to_thread(import_module, "noderepl.script")
    from noderepl.script import run

    return await run(settings, actions, stdin, backend)
