"""How a list of sessions is shown: by `%session list` and by `noderepl sessions`. An identifier is
shown shortened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from noderepl.outcome import Listing, Outcome, Section, Table, Words
from noderepl.sessions.lifetime import span
from noderepl.sessions.overview import Overview, SessionRow

NARROW = 60
"""Columns; on a narrower terminal each session is an item of a list."""
NOT_LISTED = (
    "This pool's API does not list its sessions (2025-02-02-preview and later do): these are the"
    " sessions of this machine."
)
OTHER = "no record on this machine"
_LONGEST, _SHORTEST = 60, 20
"""Characters of a snippet that are shown."""
_MARGIN = 12


def session_outcomes(found: Overview, columns: int | None) -> Sequence[Outcome]:
    """Returns the outcomes that show sessions. columns: of the terminal, None if there is none."""
    notes = [] if found.is_listed else [Words(NOT_LISTED)]
    if not found.rows:
        return [*notes, Words("No sessions.")]
    return [_table(found, columns), *notes]


def _table(found: Overview, columns: int | None) -> Outcome:
    names = [_name(row) for row in found.rows]
    times = [_times(row, found) for row in found.rows]
    age = "age" if found.is_listed else "last used"
    if columns is not None and columns < NARROW:
        lines = tuple(
            (name.strip(), _sentence(age, *time, _last(row, columns - _MARGIN)))
            for name, time, row in zip(names, times, found.rows, strict=True)
        )
        return Listing((Section("Sessions", lines),))
    taken = max(map(len, names)) + sum(max(len(time[at]) for time in times) for at in (0, 1))
    room = _LONGEST if columns is None else min(_LONGEST, columns - taken - _MARGIN)
    rows = tuple(
        (name, *time, _last(row, max(room, _SHORTEST)))
        for name, time, row in zip(names, times, found.rows, strict=True)
    )
    return Table(("session", age, "expires", "last snippet"), rows)


def session_json(found: Overview) -> Sequence[Mapping[str, object]]:
    """Returns the objects that `noderepl sessions --json` prints, without identifiers."""
    return [
        {
            "name": row.name or None,
            "session": row.short,
            "ours": row.is_ours,
            "kept": row.is_kept,
            "inUse": row.is_used,
            "ended": row.is_ended,
            "created": _iso(row.created),
            "lastUsed": _iso(row.last_used),
            "expires": _iso(row.expires),
            "snippets": row.ran,
            "lastSnippet": row.last or None,
        }
        for row in found.rows
    ]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None


def _name(row: SessionRow) -> str:
    marks = [
        *(["kept"] if row.is_kept and not row.name else []),
        *(["in use"] if row.is_used else []),
    ]
    marked = f" ({', '.join(marks)})" if marks else ""
    return f"{'*' if row.is_present else ' '} {row.name or row.short}{marked}"


def _times(row: SessionRow, found: Overview) -> tuple[str, str]:
    since = row.created if found.is_listed else row.last_used
    age = "" if since is None else span(max(0.0, (found.now - since).total_seconds()))
    if age and not found.is_listed:
        age = f"{age} ago"
    if row.is_ended:
        return age, "ended"
    if row.expires is None:
        return age, "unknown"
    left = (row.expires - found.now).total_seconds()
    return age, f"in {span(left)}" if left > 0 else "now"


def _last(row: SessionRow, most: int) -> str:
    text = " ".join(row.last.split()) if row.is_ours else OTHER
    return text if len(text) <= most else text[: most - 1] + "…"


def _sentence(label: str, age: str, expires: str, last: str) -> str:
    aged = f"{label} {age}" if age else ""
    until = expires if expires == "ended" else f"expires {expires}"
    until = "" if expires == "unknown" else until
    return "; ".join(part for part in (aged, until, last) if part)
