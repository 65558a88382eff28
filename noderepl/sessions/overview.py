"""The sessions of a pool, with what the records on this machine say of those that are ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from noderepl.client.identifier import shortened
from noderepl.errors import UnsupportedVersion
from noderepl.lazy_dataclasses import dataclass
from noderepl.sessions.records import LONGEST_COOLDOWN, KnownSession, is_used

if TYPE_CHECKING:
    from noderepl.client.decode_listings import ListedSession
    from noderepl.client.session import Session


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session. name: the user's, "" for none. short: its shortened identifier.

    is_ours: whether a noderepl of this machine has used it. is_present: whether it is the present
    one. is_kept: whether it stays when noderepl exits. is_used: whether another noderepl uses it
    now. is_ended: whether the pool does not have it any more. created, last_used, expires: None if
    unknown. ran: the number of its snippets. last: the latest one, "" for none.
    """

    name: str
    short: str
    is_ours: bool = False
    is_present: bool = False
    is_kept: bool = False
    is_used: bool = False
    is_ended: bool = False
    created: datetime | None = None
    last_used: datetime | None = None
    expires: datetime | None = None
    ran: int = 0
    last: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """rows: the present session, ours, then the others. is_listed: whether the pool has listed its
    sessions; otherwise the rows are ours alone. now: the time of the list.
    """

    rows: Sequence[SessionRow]
    is_listed: bool
    now: datetime


async def overview(
    session: Session, known: Sequence[KnownSession], *, present: str, cooldown: float | None
) -> Overview:
    """Returns the sessions of a pool.

    session: any session of it. known: those with a record. present: the identifier of the present
    one, "" for none. cooldown: of the pool in seconds, None if unknown. Raises NodeReplError.
    """
    now = datetime.now(UTC)
    try:
        listed = {one.identifier: one for one in await session.sessions()}
    except UnsupportedVersion:
        rows = [_recorded(one, present, cooldown, now) for one in known]
        return Overview(_sorted(rows), is_listed=False, now=now)
    rows = [_joined(one, listed.pop(one.about.identifier, None), present, now) for one in known]
    rows += [_listed(one, present) for one in listed.values()]
    return Overview(_sorted(rows), is_listed=True, now=now)


def _recorded(
    known: KnownSession, present: str, cooldown: float | None, now: datetime
) -> SessionRow:
    """Returns a session of which only the record is known."""
    longest = LONGEST_COOLDOWN if cooldown is None else cooldown
    is_ended = known.idle >= longest
    used = now - timedelta(seconds=known.idle)
    expires = None if cooldown is None or is_ended else used + timedelta(seconds=cooldown)
    return _row(known, present, is_ended=is_ended, last_used=used, expires=expires)


def _joined(
    known: KnownSession, listed: ListedSession | None, present: str, now: datetime
) -> SessionRow:
    used = now - timedelta(seconds=known.idle)
    if listed is None:
        return _row(known, present, is_ended=True, last_used=used)
    info = listed.info
    return _row(
        known,
        present,
        created=info.created,
        last_used=info.last_used or used,
        expires=info.expires,
    )


def _row(
    known: KnownSession,
    present: str,
    *,
    is_ended: bool = False,
    created: datetime | None = None,
    last_used: datetime | None = None,
    expires: datetime | None = None,
) -> SessionRow:
    is_present = known.about.identifier == present
    return SessionRow(
        known.name,
        shortened(known.about.identifier),
        is_ours=True,
        is_present=is_present,
        is_kept=known.is_kept,
        is_used=not is_present and is_used(known),
        is_ended=is_ended,
        created=created,
        last_used=last_used,
        expires=expires,
        ran=known.ran,
        last=known.last,
    )


def _listed(listed: ListedSession, present: str) -> SessionRow:
    is_present = listed.identifier == present
    info = listed.info
    return SessionRow(
        "",
        shortened(listed.identifier),
        is_ours=is_present,
        is_present=is_present,
        created=info.created,
        last_used=info.last_used,
        expires=info.expires,
    )


def _sorted(rows: Sequence[SessionRow]) -> Sequence[SessionRow]:
    oldest = datetime.min.replace(tzinfo=UTC)

    def rank(row: SessionRow) -> tuple[bool, bool, bool, timedelta]:
        return not row.is_present, not row.is_ours, row.is_ended, oldest - (row.last_used or oldest)

    return sorted(rows, key=rank)
