"""What the records of an endpoint's sessions say, without taking a session: names, use, the last
snippet.

A name is the user's own word for a session; its identifier, a secret, is only in the record.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from noderepl.client.endpoint import base_url
from noderepl.errors import UsageError
from noderepl.lazy_dataclasses import dataclass
from noderepl.lazy_patterns import lazy_pattern
from noderepl.sessions.journal import Journal
from noderepl.sessions.store import (
    KEEP,
    MOST_BYTES,
    MOST_EVENTS,
    About,
    Record,
    last_record,
    modified,
    read_about,
    read_record,
)
from noderepl.settings import Settings

NOT_HERE = "the embedded pool and its sessions end with noderepl"
LONGEST_COOLDOWN = 3600.0
"""Seconds; no pool keeps an idle session for longer (DOC-POOL)."""
MOST_VALUES = 10_000
"""In one event: those that are read here have few."""
# The bytes of an event that is not decoded here: that takes a second for some MB.
_LONG_LINE = 1 << 20
_LONG_SNIPPET = {"event": "snippet", "code": "…"}
_LAST_CHARACTERS = 1000
_NAME = lazy_pattern(r"[A-Za-z][A-Za-z0-9_.-]{0,31}")
# Identifiers of other tools usually have a digit, and those of noderepl are longer.
_NEW_NAME = lazy_pattern(r"[A-Za-z][A-Za-z_-]{0,23}")


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session with a record.

    name: the user's, "" for none. is_kept: whether it stays when noderepl exits. idle: seconds
    since its last use. ran: the number of its snippets. last: the beginning of the latest one, ""
    for none.
    """

    path: Path
    about: About
    name: str = ""
    is_kept: bool = False
    idle: float = 0.0
    ran: int = 0
    last: str = ""


def last_name(events: Iterable[Mapping[str, Any]]) -> str:
    """Returns the name that events give a session at last, "" for none or an invalid one."""
    names = [event.get("name") for event in events if event.get("event") == "name"]
    last = names[-1] if names else ""
    return last if isinstance(last, str) and _NAME.fullmatch(last) else ""


def name_event(name: str) -> dict[str, Any]:
    """Returns the event that gives a session a name. name: "" removes it."""
    return {"event": "name", "name": name}


def is_mark(event: object) -> bool:
    """Returns whether an event is about the session itself, not a step in it."""
    return isinstance(event, dict) and (event == KEEP or event.get("event") == "name")


def check_name(name: str) -> str:
    """Returns the name unchanged. Raises UsageError if it is not valid."""
    if _NAME.fullmatch(name):
        return name
    raise UsageError(
        "a session's name has 1 to 32 characters and begins with a letter; after it, letters,"
        " digits, and _ . - are allowed"
    )


def may_be_new_name(word: str) -> bool:
    """Returns whether --session makes a session of this name if there is none; any other word that
    is not a name is an identifier.
    """
    return _NEW_NAME.fullmatch(word) is not None


def known_sessions(directory: Path | None, endpoint: str) -> list[KnownSession]:
    """Returns the sessions of an endpoint with a record, those used last first.

    directory: of the records, None for none. endpoint: its base URL. Files that cannot be read are
    left out.
    """
    found: dict[str, KnownSession] = {}
    paths = [] if directory is None else sorted(directory.glob("*.jsonl"), key=modified)
    for path in reversed(paths):
        # A pipe has no end.
        if not path.is_file():
            continue
        with contextlib.suppress(OSError, ValueError, UsageError), path.open("rb") as file:
            about = read_about(file)
            if about.endpoint == endpoint and about.identifier not in found:
                found[about.identifier] = _known(path, file, about)
    return list(found.values())


def session_named(
    word: str, directory: Path | None, endpoint: str, *, or_identifier: bool = False
) -> KnownSession | None:
    """Returns the session of this name, None if there is none. or_identifier: whether the word may
    also be the identifier of a session with a record.
    """
    known = known_sessions(directory, endpoint)
    named = (one for one in known if one.name == word)
    same = (one for one in known if or_identifier and one.about.identifier == word)
    return next(named, None) or next(same, None)


def names_session(settings: Settings, directory: Path | None) -> bool:
    """Returns whether --session gives a name, present or new, not an identifier."""
    word, endpoint = settings.session, settings.endpoint
    if not word or not endpoint or directory is None:
        return False
    known = session_named(word, directory, base_url(endpoint), or_identifier=True)
    return known.name == word if known else may_be_new_name(word)


def take(known: KnownSession) -> Record | None:
    """Locks the record of a session and returns it; None if another noderepl uses it. Raises
    LocalFileError if it is damaged.
    """
    record = read_record(known.path)
    if record is not None:
        check_steps(record)
    return record


def check_steps(record: Record) -> None:
    """Raises LocalFileError if the steps of a record make no sense, and closes the record."""
    restore(Journal(), record)


def restore(journal: Journal, record: Record) -> None:
    """Adds the steps of a record to a journal. Raises LocalFileError if they make no sense, and
    closes the record.
    """
    try:
        journal.restore(event for event in record.events if not is_mark(event))
    except ValueError as error:
        raise record.damaged() from error


def damage(paths: Sequence[Path]) -> str:
    """Returns the sentence about damaged records that are left out."""
    first, *others = paths
    if not others:
        return f"{first} is damaged, so its session is left out; remove the file."
    more = f"{len(others)} other file{'s' if len(others) > 1 else ''} in {first.parent}"
    return f"{first} and {more} are damaged, so their sessions are left out; remove the files."


def is_used(known: KnownSession) -> bool:
    """Returns whether a noderepl uses a session now. Locks its record for a moment."""
    try:
        with known.path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def record_to_resume(settings: Settings, directory: Path | None) -> Record:
    """Returns the record of the session to resume. Raises UsageError if there is none,
    LocalFileError if its file is damaged.
    """
    with settings.blame("resume"):
        if not settings.endpoint:
            raise UsageError(
                f"there is no session to resume: {NOT_HERE}; --endpoint names another pool"
            )
        if settings.session:
            raise UsageError("--resume and --session exclude each other")
        endpoint = base_url(settings.endpoint)
        record = last_record(directory, endpoint, check_steps) if directory else None
        if record is None:
            raise UsageError(
                "this endpoint has no kept session that is free; start without --resume"
            )
    return record


def _known(path: Path, file: BinaryIO, about: About) -> KnownSession:
    name, last, is_kept, ran = "", "", False, 0
    for event in _events(file):
        match event:
            case {"event": "snippet", "code": str(code)}:
                last, ran = code[:_LAST_CHARACTERS], ran + 1
            case {"event": "name", "name": str(word)}:
                name = last_name([name_event(word)])
            case {"event": "keep"}:
                is_kept = True
    idle = max(0.0, time.time() - modified(path))
    return KnownSession(path, about, name, is_kept or bool(name), idle, ran, last)


def _events(file: BinaryIO) -> Iterator[object]:
    """Yields the events that _known() needs. The file is behind its first line. Raises ValueError
    if there are more events than a record may have.
    """
    from noderepl.schema import decode

    left = MOST_BYTES
    file.seek(0)
    file.readline(left)
    for _ in range(MOST_EVENTS):
        if left <= 0 or not (line := file.readline(left)):
            return
        left -= len(line)
        if len(line) > _LONG_LINE and line.startswith(b'{"event": "snippet"'):
            yield _LONG_SNIPPET
        elif line.startswith((b'{"event": "snippet"', b'{"event": "name"', b'{"event": "keep"')):
            with contextlib.suppress(ValueError):
                yield decode(line, MOST_VALUES)
    raise ValueError("too many events")
