"""Decodes answers about files, sessions and the pool, in every dialect. This module does no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime

from noderepl.client.inspect_literals import whole_text
from noderepl.lazy_dataclasses import dataclass
from noderepl.outcome import RemoteFile
from noderepl.schema import Amount, Check, Unfit, Word, moment

_SIZE: Check[float] = Check(Amount)
_WORD: Check[str] = Check(Word)
_LINK: Check[str | None] = Check(str | None)


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """When a session was created, was last used and expires if it stays idle; None if the service
    does not report it.
    """

    created: datetime | None = None
    last_used: datetime | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A session of a pool. identifier: a secret."""

    identifier: str = field(repr=False)
    info: SessionInfo = SessionInfo()


@dataclass(frozen=True, slots=True)
class Package:
    """A runtime of the sessions. version may be empty."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class PoolMetadata:
    """The software of every session of the pool."""

    runtimes: tuple[Package, ...] = ()


def read_files(answer: object) -> tuple[tuple[RemoteFile, ...], str | None]:
    """Returns one page of a listing: its files, and the link to the next page or None.

    answer: {"value": […]}, {"$values": […]} or a bare list. Raises Unfit for anything else.
    """
    entries = answer
    link: object = None
    if isinstance(answer, Mapping):
        entries, link = answer.get("value", answer.get("$values")), answer.get("nextLink")
    if not isinstance(entries, list):
        raise Unfit("JSON without a list of files")
    files = tuple(file for file in map(_file, entries) if file is not None)
    return files, _LINK.read(link) or None


def read_file(answer: object) -> RemoteFile:
    """Returns one file, which the answer describes alone or as a list of one. Raises Unfit if the
    name is missing.
    """
    alone = _file(answer)
    if alone is None and isinstance(answer, (Mapping, list)):
        alone = next(iter(read_files(answer)[0]), None)
    if alone is None:
        raise Unfit("JSON without a file name")
    return alone


def read_info(answer: object) -> SessionInfo:
    """Returns the session's data (SWAGGER-2502; DOC-CI-2604 spells expiresAt). Raises Unfit."""
    fields = _fields(
        answer, "createdAt", "lastAccessedAt", "expireAt", "expiresAt", "etag", "identifier"
    )
    expires = moment(fields.get("expireAt")) or moment(fields.get("expiresAt"))
    return SessionInfo(
        moment(fields.get("createdAt")),
        moment(fields.get("lastAccessedAt")),
        expires,
    )


def read_sessions(answer: object) -> tuple[tuple[ListedSession, ...], str | None]:
    """Returns one page of the pool's sessions, and the link to the next page or None.

    answer: {"sessions": […]} (SWAGGER-2502), {"value": […]} (DOC-CI-2604) or a bare list. Raises
    Unfit for anything else; entries without an identifier are left out.
    """
    entries = answer
    link: object = None
    if isinstance(answer, Mapping):
        entries, link = answer.get("sessions", answer.get("value")), answer.get("nextLink")
    if not isinstance(entries, list):
        raise Unfit("JSON without a list of sessions")
    found = tuple(
        ListedSession(identifier, read_info(entry))
        for entry in entries
        if (identifier := _identifier(entry))
    )
    return found, _LINK.read(link) or None


def _identifier(entry: object) -> str:
    inner = entry.get("properties", entry) if isinstance(entry, Mapping) else None
    return _word(inner.get("identifier")) if isinstance(inner, Mapping) else ""


def read_metadata(answer: object) -> PoolMetadata:
    """Returns the pool's data (SWAGGER-2502). Raises Unfit."""
    fields = _fields(answer, "runtimes", "preInstalledPackages", "jupyterKernel")
    return PoolMetadata(tuple(_packages(fields.get("runtimes"))))


def _fields(answer: object, *known: str) -> Mapping[str, object]:
    inner = answer.get("properties", answer) if isinstance(answer, Mapping) else None
    if not isinstance(inner, Mapping) or not any(key in inner for key in known):
        raise Unfit(f"JSON with none of {', '.join(known)}")
    return inner


def _file(entry: object) -> RemoteFile | None:
    if not isinstance(entry, Mapping):
        return None
    inner = entry.get("properties")
    fields = inner if isinstance(inner, Mapping) else entry
    name = _word(fields.get("name")) or _word(fields.get("filename"))
    if not name:
        return None
    directory = _word(fields.get("directory")).strip("/")
    size = _SIZE.read_or(fields.get("sizeInBytes", fields.get("size")), None)
    modified = (
        moment(fields.get(key))
        for key in ("lastModifiedAt", "lastModifiedTime", "last_modified_time")
    )
    return RemoteFile(
        f"{directory}/{name}" if directory not in {"", "."} else name,
        None if size is None else int(size),
        next(filter(None, modified), None),
        _word(fields.get("type")).lower() == "directory",
    )


def _packages(entries: object) -> Iterator[Package]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping) and _word(entry.get("name")):
            yield Package(_word(entry.get("name")), _word(entry.get("version")))


def _word(value: object) -> str:
    return whole_text(_WORD.read_or(value, ""))
