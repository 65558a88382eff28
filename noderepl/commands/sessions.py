"""`noderepl sessions`: lists the sessions of a pool, and what is known here of those of this
machine.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import replace

from noderepl.commands.command import Command
from noderepl.errors import ExitCode, UsageError
from noderepl.settings import Settings

# What selects a pool, and how it is asked.
OPTIONS = (
    *("endpoint", "pool", "tenant", "arm-endpoint", "arm-scope"),
    *("api-version", "auth", "scope", "theme", "color", "json"),
)


def _add(_: ArgumentParser) -> None:
    pass


def _run(settings: Settings, _: Namespace) -> int:
    from noderepl.commands.lookup import with_endpoint

    settings = with_endpoint(settings)
    if not settings.endpoint:
        raise UsageError(
            "sessions of the embedded pool end with noderepl; name another pool with --endpoint,"
            " --pool or --profile"
        )
    from noderepl.display import open_console
    from noderepl.magics.session_list import session_json, session_outcomes
    from noderepl.sessions.backend import Backend
    from noderepl.sessions.overview import overview
    from noderepl.sessions.run import with_backend
    from noderepl.terminal.console import Console

    console: Console = open_console(settings)

    async def main(backend: Backend) -> int:
        backend.on_retry(
            lambda waiting: console.status(waiting.words) if waiting else console.end_status()
        )
        session, known = await backend.session(), backend.registry.known()
        found = await overview(session, known, present="", cooldown=backend.cooldown)
        if settings.json:
            console.data(json.dumps(session_json(found), indent=2, ensure_ascii=False) + "\n")
        else:
            for outcome in session_outcomes(found, console.size()[0] or None):
                console.show(outcome)
        await console.drained()
        return ExitCode.OK

    try:
        return with_backend(replace(settings, session=None, resume=False, keep=False), main)
    finally:
        console.close(REST_SECONDS)


REST_SECONDS = 2.0
"""The seconds within which a reader must accept the rest."""

SESSIONS = Command(
    name="sessions",
    summary="List the sessions of a pool; those of this machine with their names.",
    options=OPTIONS,
    add=_add,
    run=_run,
)
