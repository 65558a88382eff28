"""The sessions of one run: which is the present one, which end with the run, and their records on
this machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noderepl.client.endpoint import base_url
from noderepl.client.identifier import check_identifier, new_identifier
from noderepl.deadlines import within
from noderepl.errors import (
    LocalFileError,
    NodeReplError,
    NotFound,
    ServiceError,
    UnsupportedVersion,
    UsageError,
)
from noderepl.sessions.store import KEEP, About, Record, last_record, new_record, sessions_directory
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.client.session import Session

# The seconds within which the service must answer when noderepl exits.
LEAVING_SECONDS = 2.0
NOT_HERE = "the embedded pool and its sessions end with noderepl"


class Registry:
    """The sessions of one run.

    settings: select the first session. state: the directory of the records for --resume; None: no
    records are written. `.identifier`: of the present session, a secret. `.made`: the identifiers
    that noderepl has generated; these sessions end when noderepl exits, in contrast to named and
    kept ones. `.resumed`: the record of the resumed session. Raises UsageError, LocalFileError.
    """

    def __init__(self, settings: Settings, state: Path | None) -> None:
        self._settings = settings
        self._state = state if settings.endpoint else None
        self._records: dict[str, Record] = {}
        self._trouble: str | None = None
        self._is_trouble_reported = False
        self.made: set[str] = set()
        self._kept: set[str] = set()
        self._used: set[str] = set()
        self.resumed = _resumed(settings, state) if settings.resume else None
        if self.resumed:
            self.identifier = self.resumed.about.identifier
            self._records[self.identifier] = self.resumed
            is_kept = KEEP in self.resumed.events
            self._used.add(self.identifier)
            if is_kept:
                self._kept.add(self.identifier)
            self.made |= {self.identifier} if self.resumed.about.made and not is_kept else set()
            if settings.keep and not is_kept:
                self.write_down(KEEP)
        elif settings.session:
            with settings.blame("session"):
                self.identifier = check_identifier(settings.session)
        else:
            self.use(new_identifier(), is_new=True)

    @property
    def notice(self) -> str | None:
        """A sentence about an option that has no effect, None if there is none."""
        return (
            f"--keep has no effect: {NOT_HERE}."
            if self._settings.keep and not self._settings.endpoint
            else None
        )

    @property
    def is_kept(self) -> bool:
        """Whether the present session exists, was kept by --keep or %session keep, and can be
        resumed.
        """
        return self._trouble is None and self.identifier in self._kept & self._used

    def write_down(self, event: Mapping[str, Any] | None = None) -> None:
        """Writes the use of the session and an event to its record, so that the session can be
        resumed.
        """
        if event == KEEP:
            self._kept.add(self.identifier)
        elif event is not None:
            self._used.add(self.identifier)
        if self._state is None or not self._settings.endpoint:
            return
        try:
            record = self._records.get(self.identifier)
            if record is None:
                about = About(
                    base_url(self._settings.endpoint), self.identifier, self.identifier in self.made
                )
                record = self._records[self.identifier] = new_record(self._state, about)
                if self._settings.keep:
                    # At once, because this process may be killed.
                    record.add(KEEP)
                    self._kept.add(self.identifier)
            if event is None:
                record.touch()
            else:
                record.add(event)
        except OSError as error:
            if self._trouble is None:
                why = error.strerror or error
                self._trouble = (
                    f"The session cannot be resumed, as {self._state} cannot be written: {why}."
                )

    def trouble(self) -> str | None:
        """Returns the reason why the session cannot be resumed, only on the first call after it has
        occurred.
        """
        if self._is_trouble_reported:
            return None
        self._is_trouble_reported = self._trouble is not None
        return self._trouble

    def keep(self) -> None:
        """Keeps the present session when noderepl exits.

        Raises UsageError if the pool does not allow that, LocalFileError if the session stays but
        cannot be resumed.
        """
        if not self._settings.endpoint:
            raise UsageError(f"this session cannot be kept: {NOT_HERE}")
        self.made.discard(self.identifier)
        # A script whose sessions end with it has had no record until now.
        self._state = self._state or sessions_directory()
        self.write_down(KEEP)
        if self._trouble is not None:
            self._is_trouble_reported = True
            raise LocalFileError(self._trouble)

    def use(self, identifier: str, *, is_new: bool) -> None:
        """Makes another session the present one. is_new: whether noderepl made the identifier, so
        that the session ends when noderepl exits; otherwise the user has named it.
        """
        self.identifier = identifier
        if is_new:
            self.made.add(identifier)
        else:
            self.made.discard(identifier)

    async def end(self, session: Session) -> None:
        """Deletes a session and its record. Raises as Session.delete() does."""
        try:
            await session.delete()
        except NotFound:
            self._forget(session.identifier)
            raise
        self._forget(session.identifier)

    async def leave(self, session: Session | None, *, is_cut_off: bool = False) -> None:
        """Ends the sessions that cannot be used again, because a pool has few places. Takes a
        bounded time.

        session: any open session of the pool, None if none was opened. The record of an unreachable
        session stays. is_cut_off: whether the user's terminal is gone; then all records stay, for
        --resume.
        """
        for identifier in self._records.keys() - self._used:  # no call has succeeded
            self._records.pop(identifier).drop()
        if is_cut_off:
            self.made -= self._records.keys()
        if self._settings.keep and self.identifier in self.made & self._records.keys():
            self.made.discard(self.identifier)
        elif session is not None and self._settings.endpoint and not self._settings.keep:
            is_there = session.is_asked or self.identifier in self._records
            made = [one for one in self.made if one != self.identifier or is_there]
            await within(LEAVING_SECONDS, self._end_all(session, made))
        for record in self._records.values():
            record.close()

    async def _end_all(self, session: Session, made: Sequence[str]) -> None:
        await asyncio.gather(*(self._end_quietly(session.renewed(one)) for one in made))

    async def _end_quietly(self, session: Session) -> None:
        try:
            await self.end(session)
        except UnsupportedVersion:
            # The session ends by itself, and is not kept.
            self._forget(session.identifier)
        except NodeReplError:
            pass

    async def discard(self, session: Session) -> bool:
        """Deletes a session that cannot be used again. Returns whether it is deleted; a kept one is
        not.
        """
        if session.identifier not in self.made - self._kept:
            return False
        try:
            await self.end(session)
        except NotFound:
            return True
        except ServiceError:
            return False
        return True

    def _forget(self, identifier: str) -> None:
        self.made.discard(identifier)
        if record := self._records.pop(identifier, None):
            record.drop()


def _resumed(settings: Settings, state: Path | None) -> Record:
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
        record = last_record(state, base_url(settings.endpoint)) if state else None
        if record is None:
            raise UsageError(
                "this endpoint has no kept session that is free; start without --resume"
            )
    return record
