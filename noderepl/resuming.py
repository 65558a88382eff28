"""Asks which session --resume resumes, if there are several."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from noderepl.client.endpoint import base_url
from noderepl.client.identifier import shortened
from noderepl.display import open_console
from noderepl.errors import LocalFileError
from noderepl.sessions.lifetime import span
from noderepl.sessions.records import (
    LONGEST_COOLDOWN,
    KnownSession,
    damage,
    is_used,
    known_sessions,
    take,
)
from noderepl.sessions.store import Record, damaged_files, sessions_directory
from noderepl.settings import Settings
from noderepl.terminal.console import Console
from noderepl.terminal.tables import one_line

QUESTION = "Which session?"


def chosen_record(settings: Settings) -> Record | None:
    """Returns the record of the session that the user chooses, locked; None if there are not
    several to choose from.

    Must be called on a terminal. Raises LocalFileError if all records are damaged,
    KeyboardInterrupt if the user chooses none.
    """
    if not settings.endpoint or settings.session:
        return None
    directory = sessions_directory()
    known = known_sessions(directory, base_url(settings.endpoint))
    free = [one for one in known if not is_used(one)]
    if len(free) < 2:
        return None
    console = open_console(settings)
    try:
        if directory and (damaged := damaged_files(directory)):
            console.words(damage(damaged), warning=True)
        return asyncio.run(_asked(console, free))
    finally:
        console.close(0)


async def _asked(console: Console, free: list[KnownSession]) -> Record:
    from noderepl.terminal.asking import Choice, Stopped, ask

    while True:
        texts = [f"{at} {_label(one)}" for at, one in enumerate(free, 1)]
        choices = [Choice(text, _about(one)) for text, one in zip(texts, free, strict=True)]
        check = partial(_check, free, texts)
        try:
            answer = await ask(console, QUESTION, default=texts[0], choices=choices, check=check)
        except Stopped:
            raise KeyboardInterrupt from None
        if (chosen := _found(answer, free, texts)) is None:
            continue
        try:
            if record := take(chosen):
                return record
        except LocalFileError:
            free.remove(chosen)
            if not free:
                raise
            console.words(damage([chosen.path]), warning=True)
        else:
            console.words("Another noderepl uses that session now.", warning=True)


def _check(free: Sequence[KnownSession], texts: Sequence[str], answer: str) -> str:
    return "" if _found(answer, free, texts) else f"a number from 1 to {len(free)}, or a name"


def _found(answer: str, free: Sequence[KnownSession], texts: Sequence[str]) -> KnownSession | None:
    for at, (one, text) in enumerate(zip(free, texts, strict=True), 1):
        if answer in (text, str(at)) or (one.name and answer == one.name):
            return one
    return None


def _label(known: KnownSession) -> str:
    return known.name or shortened(known.about.identifier)


def _about(known: KnownSession) -> str:
    """Returns what tells a session from others: its last use and its last snippet."""
    ended = ", has ended" if known.idle >= LONGEST_COOLDOWN else ""
    last = one_line(" ".join(known.last.split()), 40)
    return f"{span(known.idle)} ago{ended}" + (f": {last}" if last else "")
