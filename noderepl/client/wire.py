"""The dialects of the API: which request each operation is, at each api-version. Pure: no HTTP, no I/O.

Two shapes: wrapped (/code/execute, a "properties" envelope; SEED, REC-NODE-2405) and flat (/executions; REC-NODE-2411,
SWAGGER-2410 and later). Answers are read by answers.py and listings.py, whichever shape they have.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlencode

from noderepl.errors import UnsupportedVersion, UsageError

if TYPE_CHECKING:
    from noderepl.settings import InputType

Subject = Literal["execution", "upload", "files", "file", "session", "metadata"]

OUTPUT_LENGTH = 16 * 1024 * 1024
_INPUT_TYPES: Mapping[str, str] = {"inline": "inline", "inlinetext": "inlinetext", "base64": "InlineBase64"}
_PUNCTUATION = "-_ @$&=;,#%^()"


@dataclass(frozen=True, slots=True)
class Call:
    """One request, relative to the base URL.

    path: percent-encoded, begins with "/". query: not encoded yet. body: sent as JSON. subject: what it is about, for
    errors. file: the file's name in the session. own_route: whether the route exists in this shape of the API only.
    link: a whole URL that the service gave, instead of path and query.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: Mapping[str, object] | None = field(default=None, repr=False)
    subject: Subject = "execution"
    file: str = ""
    own_route: bool = False
    link: str = field(default="", repr=False)

    @property
    def target(self) -> str:
        """Path and query, every reserved character percent-encoded."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote, safe='')}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Dialect:
    """The API at one version.

    version: the api-version parameter, "none" for no parameter. flat: the shape. sessions: whether /session and
    /metadata exist. jupyter: whether results can be had as the kernel writes them, and long output.
    """

    version: str
    flat: bool = True
    sessions: bool = False
    jupyter: bool = False

    def execute(self, identifier: str, code: str, input_type: InputType, timeout: int) -> Call:
        """Run a snippet (section 1 of service-api.md). timeout: seconds."""
        sent = base64.b64encode(code.encode("utf-8", "replace")).decode() if input_type == "base64" else code
        body: dict[str, object] = {
            "codeInputType": _INPUT_TYPES[input_type],
            "executionType": "synchronous",
            "code": sent,
            "timeoutInSeconds": timeout,
        }
        if self.jupyter:
            body |= {"outputStreamsMaxLength": OUTPUT_LENGTH, "returnJupyterFormatExecutionResult": True}
        if not self.flat:
            body = {"properties": {"identifier": identifier, **body}}
        path = "/executions" if self.flat else "/code/execute"
        return Call("POST", path, self._query(identifier), body, own_route=True)

    def files(self, identifier: str) -> Call:
        """List the session's files (section 2)."""
        return Call("GET", "/files", self._query(identifier), subject="files")

    def file(self, identifier: str, name: str) -> Call:
        """Ask for one file's size and age (section 2)."""
        return self._about_file("GET", identifier, name, "/files/{}")

    def remove(self, identifier: str, name: str) -> Call:
        """Delete one file (section 2)."""
        return self._about_file("DELETE", identifier, name, "/files/{}")

    def content(self, identifier: str, name: str) -> Call:
        """Download one file (section 2)."""
        route = "/files/{}/content" if self.flat else "/files/content/{}"
        return self._about_file("GET", identifier, name, route, own_route=True)

    def upload(self, identifier: str, name: str) -> Call:
        """Upload one file as the multipart field "file" (section 2); its base name is the part's file name."""
        directory, _ = split_name(name)
        route = "/files" if self.flat else "/files/upload"
        query = self._query(identifier, path=directory)
        return Call("POST", route, query, subject="upload", file=name, own_route=True)

    def info(self, identifier: str) -> Call:
        """Ask when the session began and ends (SWAGGER-2502). Raises UnsupportedVersion before that version."""
        return self._newer("GET", "/session", "session", identifier)

    def delete(self, identifier: str) -> Call:
        """End the session (SWAGGER-2502). Raises UnsupportedVersion before that version."""
        return self._newer("DELETE", "/session", "session", identifier)

    def metadata(self) -> Call:
        """Ask for the pool's runtimes and packages (SWAGGER-2502). Raises UnsupportedVersion before that version."""
        return self._newer("GET", "/metadata", "metadata", None)

    def _query(self, identifier: str | None, **more: str) -> tuple[tuple[str, str], ...]:
        version = {} if self.version == "none" else {"api-version": self.version}
        named = {} if identifier is None else {"identifier": identifier}
        return tuple((named | version | {key: value for key, value in more.items() if value}).items())

    def _about_file(self, method: str, identifier: str, name: str, route: str, own_route: bool = False) -> Call:
        directory, base = split_name(name)
        path = route.format(quote(base, safe=""))
        query = self._query(identifier, path=directory)
        return Call(method, path, query, subject="file", file=name, own_route=own_route)

    def _newer(self, method: str, path: str, subject: Subject, identifier: str | None) -> Call:
        if not self.sessions:
            knowing = ", ".join(version for version, dialect in DIALECTS.items() if dialect.sessions)
            ours = "the API without api-version" if self.version == "none" else f"api-version {self.version}"
            what = "session information and deletion" if subject == "session" else "metadata"
            raise UnsupportedVersion(f"{ours} has no {what}; these have: {knowing}")
        return Call(method, path, self._query(identifier), subject=subject)


DIALECTS: Mapping[str, Dialect] = {
    dialect.version: dialect
    for dialect in (
        Dialect("2025-10-02-preview", sessions=True, jupyter=True),
        Dialect("2025-02-02-preview", sessions=True),
        Dialect("2024-10-02-preview"),
        Dialect("2024-08-02-preview", flat=False),
        Dialect("2024-02-02-preview", flat=False),
        Dialect("none", flat=False),
    )
}
VERSIONS = tuple(DIALECTS)


def first_dialect(api_version: str) -> Dialect:
    """Return the dialect to begin with. api_version: "auto" or one of VERSIONS; else UsageError."""
    if api_version == "auto":
        return DIALECTS[VERSIONS[0]]
    if api_version not in DIALECTS:
        raise UsageError(f"unknown api-version {api_version!r}; known are auto, {', '.join(VERSIONS)}")
    return DIALECTS[api_version]


def older(dialect: Dialect, supported: Iterable[str] = (), other_shape: bool = False) -> Dialect | None:
    """Return the dialect to try when this one is refused, or None if there is none left.

    supported: the versions the service says it takes (api-supported-versions); the newest of them that is known here
    and older wins. other_shape: the route does not exist, so the next version of the same shape would not help.
    """
    left = [DIALECTS[version] for version in VERSIONS[VERSIONS.index(dialect.version) + 1 :]]
    if other_shape:
        return next((candidate for candidate in left if candidate.flat != dialect.flat), None)
    named = [candidate for candidate in left if candidate.version in set(supported)]
    return next(iter(named or left), None)


def split_name(name: str) -> tuple[str, str]:
    """Return directory ("" for none) and base name of a file in the session.

    name: relative to /mnt/data, or absolute below it. Raises UsageError naming the first character that the service
    forbids (DOC-CI-2601: letters, digits and - _ space . @ $ & = ; , # % ^ ( ); no "." in directories).
    """
    *directories, base = name.removeprefix("/mnt/data/").split("/")
    for directory in directories:
        _check(name, directory, _PUNCTUATION, "directory")
    _check(name, base, _PUNCTUATION + ".", "file")
    if not base.strip("."):
        raise UsageError(f"{name!r} names no file: a name does not consist of dots alone")
    return "/".join(directories), base


def _check(name: str, part: str, punctuation: str, kind: str) -> None:
    if not part:
        raise UsageError(f"{name!r} has an empty {kind} name; files are named relative to /mnt/data, such as dir/a.txt")
    bad = re.search(f"[^{re.escape(punctuation)}]", "".join(c for c in part if not c.isalnum()))
    if bad:
        character = bad.group()
        shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
        raise UsageError(
            f"the service takes no {shown} in the {kind} name {part!r}; "
            f"allowed are letters, digits, space and {punctuation.replace(' ', '')}; "
            "in the session, require('fs') reaches files of any name"
        )
