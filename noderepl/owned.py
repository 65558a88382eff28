"""The sessions of one run: which is the present one, which end with the run, and what is written down of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noderepl.client.endpoint import base_url
from noderepl.client.identifier import check_identifier, new_identifier
from noderepl.errors import NodeReplError, NotFound, UnsupportedVersion, UsageError
from noderepl.kept import KEEP, About, Record, last_record, new_record
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.client.session import Session

# How long leaving may take where the service does not answer.
LEAVING_SECONDS = 2.0
NOT_HERE = "the embedded pool ends with noderepl, and its sessions with it"


class Owned:
    """The sessions of one run.

    settings: which one is the first. state: the directory where those are written down that can be resumed; None: they
    are not. `.identifier` is the present session's, a secret. `.made` holds the identifiers that were made up here,
    which nobody else knows and which end on leaving, as opposed to those that the user gave or keeps. `.resumed` is
    what is written down of the session that goes on. Raises UsageError, LocalFileError.
    """

    def __init__(self, settings: Settings, state: Path | None) -> None:
        self._settings = settings
        self._state = state if settings.endpoint else None
        self._records: dict[str, Record] = {}
        self._trouble: str | None = None
        self.made: set[str] = set()
        self.resumed = _resumed(settings, state) if settings.resume else None
        if self.resumed:
            self.identifier = self.resumed.about.identifier
            self._records[self.identifier] = self.resumed
            was_kept = KEEP in self.resumed.events
            self.made |= {self.identifier} if self.resumed.about.made and not was_kept else set()
        elif settings.session:
            with settings.blame("session"):
                self.identifier = check_identifier(settings.session)
        else:
            self.identifier = new_identifier()
            self.made.add(self.identifier)

    @property
    def notice(self) -> str | None:
        """What the user should know of what was asked for and cannot be."""
        return (
            f"--keep keeps nothing here: {NOT_HERE}." if self._settings.keep and not self._settings.endpoint else None
        )

    def write_down(self, event: Mapping[str, Any] | None = None) -> None:
        """Keeps on this machine that the session is used, and what happened in it, so that it can be resumed."""
        if self._state is None or not self._settings.endpoint:
            return
        try:
            record = self._records.get(self.identifier)
            if record is None:
                about = About(base_url(self._settings.endpoint), self.identifier, self.identifier in self.made)
                record = self._records[self.identifier] = new_record(self._state, about)
            if event is None:
                record.touch()
            else:
                record.add(event)
        except OSError as error:
            self._trouble = f"{self._state}: {error.strerror or error}" if self._trouble is None else self._trouble

    def trouble(self) -> str | None:
        """Why the session cannot be resumed, the first time it is asked after that has come up."""
        told = self._trouble or None
        self._trouble = "" if told else self._trouble
        return told

    def keep(self) -> None:
        """The present session stays when noderepl is left. Raises UsageError where it cannot."""
        if not self._settings.endpoint:
            raise UsageError(f"this session cannot be kept: {NOT_HERE}")
        self.made.discard(self.identifier)
        self.write_down(KEEP)

    async def end(self, session: Session) -> None:
        """Deletes a session, and what is written down of it. Raises as Session.delete() does."""
        try:
            await session.delete()
        except NotFound:
            self._forget(session.identifier)
            raise
        self._forget(session.identifier)

    async def leave(self, session: Session | None, *, is_cut_off: bool = False) -> None:
        """Ends what nobody could come back to, as a pool has few places; takes a short time at most.

        session: any open one of the pool, None where none was opened. One that cannot be reached stays written down.
        is_cut_off: whether the user's terminal went away: then what is written down stays, for --resume.
        """
        if is_cut_off:
            self.made -= self._records.keys()
        if self._settings.keep and self.identifier in self.made & self._records.keys():
            self.keep()
        elif session is not None and self._settings.endpoint and not self._settings.keep:
            is_there = session.is_asked or self.identifier in self._records
            made = [one for one in self.made if one != self.identifier or is_there]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVING_SECONDS):
                    await asyncio.gather(*(self._end_quietly(session.renewed(one)) for one in made))
        for record in self._records.values():
            record.close()

    async def _end_quietly(self, session: Session) -> None:
        try:
            await self.end(session)
        except UnsupportedVersion:
            # It ends by itself, and was not to be kept.
            self._forget(session.identifier)
        except NodeReplError:
            pass

    def _forget(self, identifier: str) -> None:
        self.made.discard(identifier)
        if record := self._records.pop(identifier, None):
            record.drop()


def _resumed(settings: Settings, state: Path | None) -> Record:
    """The session to go on with. Raises UsageError where there is none, LocalFileError where its file is damaged."""
    with settings.blame("resume"):
        if not settings.endpoint:
            raise UsageError(f"there is no session to resume: {NOT_HERE}; --endpoint names another pool")
        if settings.session:
            raise UsageError("--resume and --session name two sessions; give one of them")
        record = last_record(state, base_url(settings.endpoint)) if state else None
        if record is None:
            raise UsageError("no session of this endpoint is kept that no other noderepl has; start without --resume")
    return record
