"""Reading what the service says about files, sessions and the pool, whichever dialect it is in. Pure: no HTTP."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from noderepl.client.answers import NotTheApi
from noderepl.client.literals import whole_text
from noderepl.outcome import RemoteFile


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """When a session began, was last used and ends if it stays idle; None where the service does not say.

    etag stands for the container behind it (SWAGGER-2502): another etag is another, empty session.
    """

    created: datetime | None = None
    last_used: datetime | None = None
    expires: datetime | None = None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """Something installed: a runtime, an npm package or the kernel. version may be empty."""

    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class PoolMetadata:
    """What every session of the pool starts with."""

    runtimes: tuple[Package, ...] = ()
    packages: tuple[Package, ...] = ()
    kernel: Package | None = None
    created: datetime | None = None
    updated: datetime | None = None


def read_files(answer: object) -> tuple[tuple[RemoteFile, ...], str | None]:
    """Read one page of a listing: its files, and the link to the next page or None.

    answer: {"value": […]}, {"$values": […]} or a bare list. Raises NotTheApi for anything else.
    """
    entries = answer
    link: object = None
    if isinstance(answer, Mapping):
        entries, link = answer.get("value", answer.get("$values")), answer.get("nextLink")
    if not isinstance(entries, list):
        raise NotTheApi("JSON without a list of files")
    files = tuple(file for file in map(_file, entries) if file is not None)
    return files, link if isinstance(link, str) and link else None


def read_file(answer: object) -> RemoteFile:
    """Read what is said of one file, alone or as a list of one. Raises NotTheApi if it names none."""
    alone = _file(answer)
    if alone is None and isinstance(answer, (Mapping, list)):
        alone = next(iter(read_files(answer)[0]), None)
    if alone is None:
        raise NotTheApi("JSON that names no file")
    return alone


def read_info(answer: object) -> SessionInfo:
    """Read what is said of the session (SWAGGER-2502; DOC-CI-2604 spells expiresAt). Raises NotTheApi."""
    fields = _fields(answer, "createdAt", "lastAccessedAt", "expireAt", "expiresAt", "etag")
    expires = _time(fields.get("expireAt")) or _time(fields.get("expiresAt"))
    return SessionInfo(
        _time(fields.get("createdAt")), _time(fields.get("lastAccessedAt")), expires, _word(fields.get("etag"))
    )


def read_metadata(answer: object) -> PoolMetadata:
    """Read what is said of the pool (SWAGGER-2502). Raises NotTheApi."""
    fields = _fields(answer, "runtimes", "preInstalledPackages", "jupyterKernel")
    return PoolMetadata(
        tuple(_packages(fields.get("runtimes"))),
        tuple(_packages(fields.get("preInstalledPackages"))),
        next(_packages([fields.get("jupyterKernel")]), None),
        _time(fields.get("createdAt")),
        _time(fields.get("lastUpdatedAt")),
    )


def _fields(answer: object, *known: str) -> Mapping[str, object]:
    inner = answer.get("properties", answer) if isinstance(answer, Mapping) else None
    if not isinstance(inner, Mapping) or not any(key in inner for key in known):
        raise NotTheApi(f"JSON with none of {', '.join(known)}")
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
    size = fields.get("sizeInBytes", fields.get("size"))
    modified = (_time(fields.get(key)) for key in ("lastModifiedAt", "lastModifiedTime", "last_modified_time"))
    return RemoteFile(
        f"{directory}/{name}" if directory not in {"", "."} else name,
        int(size) if isinstance(size, (int, float)) and not isinstance(size, bool) and math.isfinite(size) else None,
        next(filter(None, modified), None),
        _word(fields.get("type")).lower() == "directory",
    )


def _packages(entries: object) -> Iterator[Package]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, Mapping) and _word(entry.get("name")):
            yield Package(_word(entry.get("name")), _word(entry.get("version")))


def _time(value: object) -> datetime | None:
    """Read a time; one without a zone is UTC (ADE's recording of /metadata has none)."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except ValueError:
        return None


def _word(value: object) -> str:
    return whole_text(value) if isinstance(value, str) else ""
