"""The sessions of one run: which is the present one, which end with the run, and their records on
this machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noderepl.client.endpoint import base_url
from noderepl.client.identifier import check_identifier, is_identifier, new_identifier
from noderepl.deadlines import within
from noderepl.errors import (
    LocalFileError,
    NodeReplError,
    NotFound,
    ServiceError,
    UnsupportedVersion,
    UsageError,
)
from noderepl.sessions.records import (
    LONGEST_COOLDOWN,
    NOT_HERE,
    KnownSession,
    check_name,
    damage,
    is_mark,
    is_used,
    known_sessions,
    last_name,
    may_be_new_name,
    name_event,
    record_to_resume,
    session_named,
    take,
)
from noderepl.sessions.store import KEEP, About, Record, new_record, sessions_directory
from noderepl.settings import Settings

if TYPE_CHECKING:
    from noderepl.client.session import Session

# The seconds within which the service must answer when noderepl exits.
LEAVING_SECONDS = 2.0


class Registry:
    """The sessions of one run.

    settings: select the first session. state: the directory of the records for --resume and of
    names; None: no records are written. resumed: the record of the session to begin with, instead
    of the one that the settings select. `.identifier`: of the present session, a secret. `.made`:
    the identifiers that noderepl has generated; these sessions end when noderepl exits, in contrast
    to named and kept ones. `.resumed`: the record of the resumed session. `.is_whole`: whether the
    first session is a new one. `.doubtful`: the word of --session that may be a new name or the
    identifier of a session in the pool, "" for none. Raises UsageError, LocalFileError.
    """

    def __init__(
        self, settings: Settings, state: Path | None, resumed: Record | None = None
    ) -> None:
        self._settings = settings
        self._state = state if settings.endpoint else None
        self._records: dict[str, Record] = {}
        self._trouble: str | None = None
        self._is_trouble_reported = False
        self.made: set[str] = set()
        self._kept: set[str] = set()
        self._used: set[str] = set()
        self._names: dict[str, str] = {}
        # Those whose record another noderepl writes.
        self._shared: set[str] = set()
        self.doubtful = ""
        self.is_whole = False
        self.resumed = resumed
        if settings.resume and resumed is None:
            self.resumed = record_to_resume(settings, state)
        if settings.session and not self.resumed:
            with settings.blame("session"):
                self._begin(settings.session)
        elif not self.resumed:
            self.use(new_identifier(), is_new=True)
            self.is_whole = True
        if self.resumed:
            self._adopt(self.resumed)
            if settings.keep and not self.is_kept:
                self.write_down(KEEP)
        self._first = self.identifier if settings.session else ""

    def _begin(self, word: str) -> None:
        """Begins with the session that --session names: of this name, or with this identifier."""
        known = self.find(word)
        if known is not None:
            self.identifier = known[0]
            if known[1]:
                self.resumed = known[1]
        elif self._is_new_name(word):
            self.identifier = new_identifier()
            self._names[self.identifier] = word
            self.doubtful = word if is_identifier(word) else ""
            self.is_whole = True
            # At once, so that another noderepl that begins now finds the name.
            self.write_down()
        else:
            self.identifier = check_identifier(word)

    def known(self) -> list[KnownSession]:
        """Returns the sessions of this endpoint that have a record on this machine."""
        endpoint = self._settings.endpoint
        directory = self._state or sessions_directory()
        return known_sessions(directory, base_url(endpoint)) if endpoint else []

    def _is_new_name(self, word: str) -> bool:
        if self._state is None or not may_be_new_name(word):
            return False
        endpoint = base_url(self._settings.endpoint or "")
        return session_named(word, self._state, endpoint, or_identifier=True) is None

    def find(self, name: str) -> tuple[str, Record | None] | None:
        """Returns the identifier of the session of this name, and its record if no other noderepl
        uses it; None if there is none. Raises LocalFileError if the record is damaged.
        """
        if self._state is None:
            return None
        known = session_named(name, self._state, base_url(self._settings.endpoint or ""))
        if known is None:
            return None
        identifier = known.about.identifier
        self._names[identifier] = name
        if ours := self._records.get(identifier):
            return identifier, ours.reread()
        record = take(known)
        if record is None:
            self._shared.add(identifier)
        return identifier, record

    def _adopt(self, record: Record) -> None:
        """Makes the session of a record the present one."""
        self.identifier = identifier = record.about.identifier
        self._records[identifier] = record
        self._used.add(identifier)
        self._names[identifier] = last_name(record.events)
        if self.name or KEEP in record.events:
            self._kept.add(identifier)
        elif record.about.made and not self._settings.session:
            self.made.add(identifier)

    @property
    def name(self) -> str:
        """The user's name of the present session, "" for none."""
        return self._names.get(self.identifier, "")

    @property
    def notice(self) -> str | None:
        """A sentence about an option that has no effect, or about damaged records that --resume
        has left out; None if there is none.
        """
        if self._settings.endpoint:
            skipped = self.resumed.skipped if self.resumed else ()
            return damage(skipped) if skipped else None
        if self._settings.keep:
            return f"--keep has no effect: {NOT_HERE}."
        is_name = self._settings.session and may_be_new_name(self._settings.session)
        return f"--session has no effect: {NOT_HERE}." if is_name else None

    @property
    def is_kept(self) -> bool:
        """Whether the present session exists, was kept by --keep or %session keep or has a name,
        and can be resumed.
        """
        return self._trouble is None and self.identifier in self._kept & self._used

    @property
    def way_back(self) -> str:
        """The option that resumes the present session; "" if it is not kept, or if the user began
        with it by that option.
        """
        if not self.is_kept or self.identifier == self._first:
            return ""
        return f"--session {self.name}" if self.name else "--resume"

    def write_down(self, event: Mapping[str, Any] | None = None) -> None:
        """Writes the use of the session and an event to its record, so that the session can be
        resumed.
        """
        if is_mark(event):
            self._kept.add(self.identifier)
        elif event is not None:
            self._used.add(self.identifier)
        is_written = self._settings.endpoint and self.identifier not in self._shared
        if self._state is None or not is_written:
            return
        try:
            record = self._records.get(self.identifier)
            if record is None:
                about = About(
                    base_url(self._settings.endpoint or ""),
                    self.identifier,
                    self.identifier in self.made,
                )
                record = self._records[self.identifier] = new_record(self._state, about)
                # At once, because this process may be killed.
                marks = [KEEP] if self._settings.keep else []
                marks += [name_event(self.name)] if self.name else []
                for mark in marks:
                    record.add(mark)
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
        self._check_written()

    def _check_written(self) -> None:
        if self._trouble is not None:
            self._is_trouble_reported = True
            raise LocalFileError(self._trouble)

    def name_session(self, name: str) -> None:
        """Gives the present session a name, and keeps it when noderepl exits.

        Raises UsageError if the name is invalid or that of another session that may still live, and
        as keep() does.
        """
        check_name(name)
        if not self._settings.endpoint:
            raise UsageError(f"this session cannot have a name: {NOT_HERE}")
        if self.identifier in self._shared:
            raise UsageError(f"another noderepl uses this session by its name {self.name}")
        self._state = self._state or sessions_directory()
        known = session_named(name, self._state, base_url(self._settings.endpoint))
        if known is not None and known.about.identifier != self.identifier:
            ours = self._records.get(known.about.identifier)
            if ours is not None or is_used(known) or known.idle < LONGEST_COOLDOWN:
                raise UsageError(
                    f"the name {name} is that of another session: %session use {name} switches to"
                    " it; choose another name for this one"
                )
            if record := take(known):
                record.add(name_event(""))
                record.close()
        self._names[self.identifier] = name
        self.made.discard(self.identifier)
        self.write_down(name_event(name))
        self._check_written()

    def use(self, identifier: str, *, is_new: bool, record: Record | None = None) -> None:
        """Makes another session the present one. is_new: whether noderepl made the identifier, so
        that the session ends when noderepl exits; otherwise the user has named it. record: of the
        session, as find() returns it.
        """
        if record is not None:
            self._adopt(record)
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
        self._names.pop(identifier, None)
        if record := self._records.pop(identifier, None):
            record.drop()
