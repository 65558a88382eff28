"""Asks which session --resume resumes, if there are several."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from noderepl.client.endpoint import base_url
from noderepl.display import open_console
from noderepl.errors import ExitCode
from noderepl.magics.session_list import session_table
from noderepl.sessions.overview import recorded
from noderepl.sessions.records import KnownSession, is_used, known_sessions, take
from noderepl.sessions.store import Record, sessions_directory
from noderepl.settings import Settings
from noderepl.terminal.console import Console


def chosen_record(settings: Settings) -> Record | None:
    """Returns the record of the session that the user chooses, locked; None if there are not
    several to choose from.

    Must be called on a terminal. Raises LocalFileError if the record is damaged, SystemExit at the
    end of the input.
    """
    if not settings.endpoint or settings.session:
        return None
    known = known_sessions(sessions_directory(), base_url(settings.endpoint))
    free = [one for one in known if not is_used(one)]
    if len(free) < 2:
        return None
    console = open_console(settings)
    try:
        console.show(
            session_table(
                recorded(free, settings.known_cooldown), console.size()[0], is_numbered=True
            )
        )
        asyncio.run(console.drained())
        return _answer(console, free)
    finally:
        console.close(0)


def _answer(console: Console, free: Sequence[KnownSession]) -> Record:
    while True:
        text = _typed(f"Which session, 1 to {len(free)}, or its name? [1] ")
        chosen = next((one for one in free if text and one.name == text), None)
        if not text or (text.isdecimal() and len(text) < 6 and 1 <= int(text) <= len(free)):
            chosen = free[int(text or 1) - 1]
        if chosen is None:
            console.words(f"There is no session {text!r} in this list.", warning=True)
        elif record := take(chosen):
            return record
        else:
            console.words("Another noderepl uses that session now.", warning=True)


def _typed(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        sys.stderr.write("\n")
        raise SystemExit(ExitCode.OK)
    return line.strip()
